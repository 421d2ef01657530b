"""Whether an answer contains the target as whole words: "5" is not in "15", "5.3" or "-5".

*How it can be fooled.* By listing many candidates, or by naming the target only to deny it ("not Paris").
"""

from __future__ import annotations

import re

from pydantic import JsonValue

from suites.metrics.words import accepted, level

VERSION = "1"


def score(output: str, target: JsonValue) -> float:
    """Scores 1.0 where one of the accepted answers occurs in the output, else 0.0."""
    text = f" {level(output)} "
    return float(any(_occurs(level(each), text) for each in accepted(target)))


def _occurs(wanted: str, text: str) -> bool:
    if not wanted:
        return False
    return bool(re.search(rf"(?<!\w)(?<!\d[.,])(?<!\s-)(?<!\s\.){re.escape(wanted)}(?!\w)(?![.,]\d)", text))
