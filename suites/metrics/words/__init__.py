"""How text is levelled before two texts are compared, and how accepted answers are listed."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from harness.errors import MeasurementError

_ARTICLE = re.compile(r"\b(?:a|an|the)\b")
_ENDS = " \t\n.,;:!?\"'`*_()[]{}<>"
_LEADING = re.compile(rf"^(?:(?!\.\d)[{re.escape(_ENDS)}])+")
_QUOTES = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2212": "-", "\u2013": "-", "\u2014": "-"}
)


def level(text: str) -> str:
    """Case, typeset quotes and dashes, articles, runs of white space and punctuation at the ends, all levelled."""
    folded = unicodedata.normalize("NFKC", text).translate(_QUOTES).casefold()
    return _stripped(_ARTICLE.sub(" ", folded)) or _stripped(folded)


def _stripped(text: str) -> str:
    """Strips punctuation at the ends, though not the point of ".5"."""
    return _LEADING.sub("", " ".join(text.split())).rstrip(_ENDS)


def accepted(target: Any) -> list[str]:
    """Lists the answers that a target accepts.

    Raises:
        MeasurementError: The target is neither text, a number, nor a list of those, or accepts nothing.
    """
    listed = target if isinstance(target, list | tuple) else [target]
    if not listed or not all(isinstance(each, str | int | float) and str(each).strip() for each in listed):
        raise MeasurementError(
            f"an item has the target {target!r:.80}",
            "a text, a number or a list of them, none empty",
            "mend the item's 'target'",
        )
    return [str(each) for each in listed]
