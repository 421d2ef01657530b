"""Whether rows that name a group are labelled or preferred otherwise, and whether a scorer minds which group is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from suites.data.bias_terms import Group
from suites.data.word_association.skew import Skew, preferred, rates, swapped

FOUR_FIFTHS, LONGEST_LABEL, MOST_LABELS = 0.8, 40, 50


class Tested(NamedTuple):
    """One comparison: of which kind, of what, its numbers as the report shows them, its p-value, and if it is large."""

    kind: str
    name: str
    numbers: dict[str, Any]
    p: float
    large: bool


class Tallies:
    """Counts by group; those of parts add up to those of the whole."""

    def __init__(self) -> None:
        """Starts at zero."""
        self.rows = 0
        self.rows_of: Counter[Group] = Counter()
        self.labels: Counter[str] = Counter()
        self.labels_of: Counter[tuple[Group, str]] = Counter()
        self.chosen: Counter[Group] = Counter()
        self.rejected: Counter[Group] = Counter()
        self.changes: Counter[tuple[str, float]] = Counter()

    def label(self, label: str, named: Iterable[Group]) -> None:
        """Counts a row with a label."""
        self.rows += 1
        self.labels[label] += 1
        for group in named:
            self.rows_of[group] += 1
            self.labels_of[group, label] += 1

    def pair(self, chosen: set[Group], rejected: set[Group]) -> None:
        """Counts a pair of answers: groups that both or neither name say nothing."""
        self.chosen.update(chosen - rejected)
        self.rejected.update(rejected - chosen)

    def merge(self, other: Tallies) -> None:
        """Adds what another counted."""
        self.rows += other.rows
        for name in ("rows_of", "labels", "labels_of", "chosen", "rejected", "changes"):
            getattr(self, name).update(getattr(other, name))

    def tests(self, enough: int) -> Iterator[Tested]:
        """Yields every comparison of which each side has enough rows, pairs or texts."""
        yield from self._of_labels(enough)
        for group in sorted(self.chosen.keys() | self.rejected.keys()):
            if (n := self.chosen[group] + self.rejected[group]) >= enough:
                skew = preferred(self.chosen[group], self.rejected[group])
                yield _tested("preference", ".".join(group), skew, n, skew.ratio < FOUR_FIFTHS)
        for axis in sorted({axis for axis, _ in self.changes}):
            found = [change for (of, change), count in sorted(self.changes.items()) if of == axis for _ in range(count)]
            if len(found) >= enough:
                mean, interval, p = swapped(found)
                numbers = {"n": len(found), "mean_change": round(mean, 4), "interval": _rounded(interval), "p": p}
                yield Tested("swap", axis, numbers, p, True)

    def _of_labels(self, enough: int) -> Iterator[Tested]:
        if not 2 <= len(self.labels) <= MOST_LABELS:
            return
        for group, n in sorted(self.rows_of.items()):
            rest = self.rows - n
            # Of two labels each is the other's rest, so that one comparison says it all.
            for label in sorted(self.labels)[: 1 if len(self.labels) == 2 else None]:
                if min(n, rest) >= enough:
                    hits = self.labels_of[group, label]
                    skew = rates(hits, n, self.labels[label] - hits, rest)
                    name = f"{'.'.join(group)}, label '{label}'"
                    yield _tested("label", name, skew, n, skew.ratio < FOUR_FIFTHS)


def _tested(kind: str, name: str, skew: Skew, n: int, large: bool) -> Tested:
    numbers = {
        "n": n,
        "difference": round(skew.difference, 4),
        "interval": _rounded(skew.interval),
        "ratio": round(skew.ratio, 4),
        "p": skew.p,
    }
    return Tested(kind, name, numbers, skew.p, large)


def _rounded(interval: tuple[float, float]) -> list[float]:
    return [round(interval[0], 4), round(interval[1], 4)]
