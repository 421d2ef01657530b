"""Judges: each file has a ``VERSION`` and ``judge(prompt, answer) -> Verdict``; sub-folders are what they share."""
