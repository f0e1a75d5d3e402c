// Replaced as the target is filled.
