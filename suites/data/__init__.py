"""Suites whose subject is a dataset."""
