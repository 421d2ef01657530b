"""Whether an answer is the target: case, articles, white space and punctuation at the ends do not count.

*How it can be fooled.* By nothing that is not the answer; it is the other way round: a right answer in a sentence
scores 0.
"""

from __future__ import annotations

from pydantic import JsonValue

from suites.metrics.words import accepted, level

VERSION = "1"


def score(output: str, target: JsonValue) -> float:
    """Scores 1.0 where the answer is one of the accepted ones, else 0.0."""
    return float(level(output) in {level(each) for each in accepted(target)})
