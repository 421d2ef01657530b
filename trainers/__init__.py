"""Trainers: one file a method, over a shared loop."""
