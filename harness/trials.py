"""Comparisons whose truth is known, made from real answers: who errs there errs by a known rate. Pure.

One model that answered the same items twice, with other random numbers, is two arms without a true difference. A trial draws
whole clusters of items with replacement and lets the two sets of answers change places in each by a fair coin: the change is
then 0 in truth, while the scores, their discordance, and how the items of a cluster hang together are those of real answers.

A change of a known size is planted by spoiling a known share of the candidate's items, each for itself or whole clusters at
once, or by mending it where the change is a gain. What is spoiled takes the worst score that there can be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from harness.stats.intervals import is_graded
from harness.types import Better

Together = Literal["items", "clusters"]


@dataclass(frozen=True)
class Twice:
    """One metric over the same items, measured twice.

    Attributes:
        first: One score an item.
        second: The other one.
        clusters: The cluster of every item.
        better: Which way is better.
        chances: What guessing reaches, an item; empty where the items do not say.
    """

    first: tuple[float, ...]
    second: tuple[float, ...]
    clusters: tuple[str, ...]
    better: Better
    chances: tuple[str, ...] = ()

    @property
    def mean(self) -> float:
        """What both arms of a trial have on average."""
        return (sum(self.first) + sum(self.second)) / (2 * len(self.first))

    @property
    def discordance(self) -> float:
        """The share of items on which the two differ."""
        return sum(1 for one, two in zip(self.first, self.second, strict=True) if one != two) / len(self.first)

    @property
    def sign(self) -> int:
        """1 where a higher score is better, -1 where a lower one is."""
        return 1 if self.better == "higher" else -1

    @property
    def graded(self) -> bool:
        """Whether every score lies between 0 and 1."""
        return is_graded((*self.first, *self.second))

    def end(self, change: float) -> float:
        """The best score where a change is for the better, else the worst; only where they are graded."""
        return 1.0 if (change > 0) == (self.sign == 1) else 0.0

    @cached_property
    def members(self) -> tuple[Any, ...]:
        """The places of the items of every cluster, an array each."""
        import numpy

        found: dict[str, list[int]] = {}
        for at, cluster in enumerate(self.clusters):
            found.setdefault(cluster, []).append(at)
        return tuple(numpy.array(each) for each in found.values())

    @cached_property
    def scores(self) -> tuple[Any, Any]:
        """Both sets of scores as arrays."""
        import numpy

        return numpy.array(self.first, float), numpy.array(self.second, float)


@dataclass(frozen=True)
class Trial:
    """One drawn comparison: arrays of the same length, and where the items came from.

    Attributes:
        mine: The candidate's scores.
        other: The baseline's.
        groups: The number of every item's cluster.
        places: Which item of :class:`Twice` each one is.
    """

    mine: Any
    other: Any
    groups: Any
    places: Any


def redrawn(twice: Twice, random: Any) -> Trial:
    """Draws a comparison of a model with itself.

    Args:
        twice: The model's two sets of answers.
        random: A numpy random generator.
    """
    import numpy

    picked = random.integers(len(twice.members), size=len(twice.members))
    parts = [twice.members[each] for each in picked]
    places, groups = numpy.concatenate(parts), numpy.repeat(numpy.arange(len(parts)), [len(part) for part in parts])
    swapped = (random.random(len(parts)) < 0.5)[groups]
    first, second = (scores[places] for scores in twice.scores)
    return Trial(numpy.where(swapped, second, first), numpy.where(swapped, first, second), groups, places)


def share_to_hit(twice: Twice, change: float) -> float | None:
    """The share of items to spoil or mend for a change of that size; None where there is not so much to lose or to gain.

    Args:
        twice: What is to change.
        change: Above 0 for the better.
    """
    if not twice.graded:
        # Half of them move by twice as much.
        return 0.5 if change else 0.0
    room = abs(twice.mean - twice.end(change))
    if change == 0:
        return 0.0
    return abs(change) / room if room and abs(change) <= room else None


def planted(trial: Trial, twice: Twice, change: float, share: float, by: Together, random: Any) -> Trial:
    """The same comparison with a true change of the candidate.

    Args:
        trial: A comparison without a true change.
        twice: What it was drawn from.
        change: Above 0 for the better.
        share: What :func:`share_to_hit` says.
        by: Whether every item is hit for itself or whole clusters at once.
        random: A numpy random generator.
    """
    import numpy

    size = int(trial.groups[-1]) + 1
    hit = random.random(len(trial.mine)) < share if by == "items" else (random.random(size) < share)[trial.groups]
    hurt = twice.end(change) if twice.graded else trial.mine + 2 * twice.sign * change
    return Trial(numpy.where(hit, hurt, trial.mine), trial.other, trial.groups, trial.places)


def perfect(trial: Trial, twice: Twice) -> Trial:
    """The same comparison with a candidate that has the best score everywhere."""
    import numpy

    return Trial(numpy.full(len(trial.mine), twice.end(1.0)), trial.other, trial.groups, trial.places)


def names(groups: Sequence[int]) -> tuple[str, ...]:
    """The clusters of a trial by name."""
    return tuple(f"c{each}" for each in groups)
