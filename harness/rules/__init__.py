"""The kinds of rule: one file each, found by its name."""
