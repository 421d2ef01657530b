"""Counts as horizontal bars, each as long as its share of the largest; the template draws them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.channels.wording.numbers import count, level

MOST_BARS = 20


@dataclass(frozen=True)
class Bar:
    """One count.

    Attributes:
        label: What was counted.
        text: The count in words.
        length: Of the bar, in percent of the longest one's.
    """

    label: str
    text: str
    length: float


@dataclass(frozen=True)
class Bars:
    """Counts of one kind, on one axis from 0 to the largest."""

    title: str
    bars: tuple[Bar, ...]


def bars(title: str, counts: Mapping[str, int], whole: int = 0) -> Bars:
    """Lays out counts in the order given.

    Args:
        title: What is counted.
        counts: By their names.
        whole: Of how many, to say the share as well; 0 for none.
    """
    most = max(counts.values(), default=0) or 1
    made = (Bar(label, _text(number, whole), round(100 * number / most, 1)) for label, number in counts.items())
    return Bars(title, tuple(made))


def _text(number: int, whole: int) -> str:
    part = level(number / whole, "rate", 0.0) if whole else None
    return f"{count(number)} ({part.text})" if part else count(number)
