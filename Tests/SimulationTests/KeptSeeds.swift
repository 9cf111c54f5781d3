/// Seeds of the simulation that once failed. They go stale when the simulation changes, as a seed then
/// tells another story; what they found has tests of its own too.
enum KeptSeeds {
    /// What they found was mended: a copy begun before its original, reads that fail while it is
    /// decided what a file is, names that pass to another file in the middle of a look, archives of
    /// which less or more was read than they hold, inode numbers that were used again, files that
    /// could not be kept open, files whose end was cut off in the moment in which they were also
    /// rotated or copied, files that hold nothing but a heading, or end in the middle of a line, and
    /// archives that hold more than is left of their file.
    static let mended: [UInt64] = [
        3, 4, 5, 13, 20, 26, 64, 66, 74, 79, 113, 142, 217, 248, 305, 311, 322, 468, 589, 915, 924,
        947,
        1088, 2999, 3912, 4803, 5601, 2760, 5697, 6796, 7158, 7565, 8772,
        366, 2282, 2290, 3065, 3388, 6200, 6352, 9221, 9371, 9859, 11153, 11792, 12852, 13063,
        15884,
        17640, 19329, 19346, 20349, 28795, 30590, 31567, 32319, 32772, 38326, 43502, 50898, 57080,
        59016,
        35368, 45513, 73693, 88612, 90533, 101_828, 111_860,
    ]
}
