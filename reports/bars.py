"""Counts as horizontal bars: where they lie in the drawing; the template draws them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.channels.wording.numbers import count

WIDTH, ROW, LABEL, NUMBER = 560.0, 22.0, 190.0, 90.0


@dataclass(frozen=True)
class Bar:
    """One count.

    Attributes:
        label: What was counted.
        text: The count in words.
        y: The upper edge of its row.
        width: Of the bar.
    """

    label: str
    text: str
    y: float
    width: float


@dataclass(frozen=True)
class Bars:
    """Counts of one kind, on one axis from 0 to the largest."""

    title: str
    bars: tuple[Bar, ...]
    height: float
    words: str


def bars(title: str, counts: Mapping[str, int], whole: int = 0) -> Bars:
    """Lays out counts in the order given.

    Args:
        title: What is counted.
        counts: By their names.
        whole: Of how many, to say the share as well; 0 for none.
    """
    room = WIDTH - LABEL - NUMBER
    most = max(counts.values(), default=0) or 1
    made = tuple(
        Bar(label, _text(number, whole), at * ROW, round(room * number / most, 1))
        for at, (label, number) in enumerate(counts.items())
    )
    words = f"{title}: " + ", ".join(f"{each.label} {each.text}" for each in made)
    return Bars(title, made, len(made) * ROW, words)


def _text(number: int, whole: int) -> str:
    return f"{count(number)} ({100 * number / whole:.1f} %)" if whole else count(number)
