"""Suites whose subject is a model."""
