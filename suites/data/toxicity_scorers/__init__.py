"""How toxic a text is, 0 to 1: by our own lexicon, or by a classifier on disk.

::

    hostile_words.json   the lexicon (content warning: it holds slurs and obscenities, which is what it is for)
    lexical.py           words and whom they are aimed at
    classifier.py        any sequence classifier of transformers in a folder
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Judged:
    """How toxic a text seems, of which kind, and the place that says so; ``kind`` is empty where nothing does."""

    score: float
    kind: str = ""
    start: int = 0
    end: int = 0


class Scorer(Protocol):
    """Anything that says how toxic texts are."""

    name: str

    def judge(self, texts: Sequence[str]) -> list[Judged]:
        """Judges every text."""
