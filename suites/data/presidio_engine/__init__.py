"""Presidio without a model and without a network: its patterns, its checksums and its context words."""
