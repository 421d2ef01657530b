"""Builds the tagger's model out of name lists and templates; needs packages that only the build needs."""
