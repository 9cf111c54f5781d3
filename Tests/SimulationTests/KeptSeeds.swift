/// Seeds of the simulation that once failed. They go stale when the simulation changes, as a seed then
/// tells another story; what they found has tests of its own too.
enum KeptSeeds {
    /// What they found was mended: a copy begun before its original, reads that fail while it is
    /// decided what a file is, names that pass to another file in the middle of a look, archives of
    /// which less or more was read than they hold, inode numbers that were used again, files that
    /// could not be kept open, and files whose end was cut off in the moment in which they were also
    /// rotated or copied.
    static let mended: [UInt64] = [
        3, 4, 5, 13, 20, 26, 64, 66, 74, 79, 113, 142, 217, 248, 305, 311, 322, 468, 589, 915, 924,
        947,
        1088, 2999, 3912, 4803, 5601, 2760, 5697, 6796, 7158, 7565, 8772,
    ]
}
