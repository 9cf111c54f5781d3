// A power cut, as a file system sees it.
#ifndef LEADSCORED_POWER_CUT_H
#define LEADSCORED_POWER_CUT_H

/// Shuts a mounted file system down without writing anything that was not synced. Nothing can be read or
/// written before it is mounted again. Returns 0, or an errno.
int power_cut(const char *mounted);

/// Has everything written that was not. Returns 0, or an errno.
int power_sync(const char *mounted);

#endif
