"""Names of people, places and organisations: an embedded tagger, and engines whose model is on disk already.

A finder has the kinds that it looks for and finds names in many texts at once. None of them ever downloads anything: a
model that is not on disk is refused when the run file is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

KINDS = ("LOCATION", "NRP", "ORGANIZATION", "PERSON")
THRESHOLD = 0.5


@dataclass(frozen=True)
class Name:
    """A name in a text.

    Attributes:
        kind: Such as ``PERSON``.
        start: First character.
        end: One past the last.
        score: How sure the finder is, 0 to 1.
    """

    kind: str
    start: int
    end: int
    score: float


class Finder(Protocol):
    """Something that finds names."""

    kinds: tuple[str, ...]

    def find(self, texts: Sequence[str]) -> list[list[Name]]:
        """Returns the names in each text.

        Raises:
            MeasurementError: A text could not be looked at; no names is never a failure in disguise.
        """
