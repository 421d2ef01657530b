"""Registries: where promoted versions are found."""
