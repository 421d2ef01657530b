"""How many words an answer and the target share: token F1 as SQuAD computes it, the best over all accepted answers.

*How it can be fooled.* By word order and negation, which it does not see.
"""

from __future__ import annotations

import re
import string
from collections import Counter

from pydantic import JsonValue

from suites.metrics.words import accepted

VERSION = "1"
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def score(output: str, target: JsonValue) -> float:
    """Scores the harmonic mean of precision and recall over words."""
    return max(_f1(_tokens(output), _tokens(each)) for each in accepted(target))


def _tokens(text: str) -> list[str]:
    return _ARTICLE.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split()


def _f1(found: list[str], wanted: list[str]) -> float:
    if not found or not wanted:
        return float(found == wanted)
    shared = (Counter(found) & Counter(wanted)).total()
    return 2.0 * shared / (len(found) + len(wanted))
