"""A text with the groups of an axis swapped, word for word, for a comparison of what a scorer says of both."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

PAIRS = Path(__file__).parent / "swaps.json"


class Swap:
    """Replaces every word of a list by its counterpart, keeping capitals."""

    def __init__(self, pairs: Mapping[str, str]) -> None:
        """Takes pairs that hold in both directions, except that a direct one wins over a reverse one."""
        self._to = {other: one for one, other in pairs.items()} | dict(pairs)
        words = "|".join(sorted(map(re.escape, self._to), key=len, reverse=True))
        self._pattern = re.compile(rf"\b(?:{words})\b", re.IGNORECASE)

    def __call__(self, text: str) -> str | None:
        """Returns the text with its terms swapped; None where it has none."""
        swapped, count = self._pattern.subn(lambda match: _like(match[0], self._to[match[0].lower()]), text)
        return swapped if count else None


def read_swaps() -> dict[str, Swap]:
    """Reads the pairs of every axis."""
    found = json.loads(PAIRS.read_bytes())["axes"]
    return {axis: Swap(pairs) for axis, pairs in found.items()}


def _like(found: str, word: str) -> str:
    if len(found) > 1 and found.isupper():
        return word.upper()
    return word.capitalize() if found[0].isupper() else word
