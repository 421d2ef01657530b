"""Metrics: each file has a ``VERSION`` and ``score(output, target) -> float``; sub-folders are what they share."""
