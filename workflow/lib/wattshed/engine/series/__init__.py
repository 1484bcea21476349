"""Series in memory, in files or on a device."""
