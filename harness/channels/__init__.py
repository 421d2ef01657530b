"""Channels: the one decision, said in each tongue."""
