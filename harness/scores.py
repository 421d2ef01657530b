"""The samples of one measurement in columns, sorted out once, so that fifty rules do not read them fifty times. Pure.

Thousands of samples share a few sets of tags: whether a slice holds is asked once a set, not once a sample.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.errors import MeasurementError
from harness.judge_error import allowed_for, unfit
from harness.slices import slice_of
from harness.stats.judged import Errors
from harness.suite import cluster_of, score_of, sliced_tags
from harness.types import Measurement, Sample


@dataclass(frozen=True)
class Part:
    """What a rule reads of one arm: one entry an item, in the order of the items.

    Attributes:
        ids: The items.
        values: Their scores.
        clusters: Their clusters; an item without one is a cluster of its own.
        places: Where they stand among all samples.
    """

    ids: tuple[str, ...] = ()
    values: tuple[float, ...] = ()
    clusters: tuple[str, ...] = ()
    places: tuple[int, ...] = ()


class Scores:
    """The scores of one measurement, by item, cluster and tag."""

    def __init__(self, measurement: Measurement) -> None:
        """Reads nothing yet.

        Args:
            measurement: With its samples, or a count without any.
        """
        self.measurement, self.samples = measurement, measurement.samples
        self._columns: dict[str, list[float | None]] = {}
        self._parts: dict[tuple[str, tuple[str, ...]], Part] = {}

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The id of every sample."""
        return tuple(each.id for each in self.samples)

    @cached_property
    def clusters(self) -> tuple[str, ...]:
        """The cluster of every sample."""
        return tuple(map(cluster_of, self.samples))

    @cached_property
    def _kinds(self) -> tuple[list[int], list[dict[str, str]]]:
        """The number of every sample's set of tags, and the sets."""
        known: dict[tuple[tuple[str, str], ...], int] = {}
        numbers = [known.setdefault(tuple(each.tags.items()), len(known)) for each in self.samples]
        return numbers, [dict(tags) for tags in known]

    def column(self, name: str) -> list[float | None]:
        """The score of that name of every sample; None where a sample has no such score."""
        if name not in self._columns:
            self._columns[name] = [each.scores.get(name) for each in self.samples]
        return self._columns[name]

    def part(self, metric: str, items: tuple[str, ...] = ()) -> Part:
        """What a metric is about: all items that have its score, those of a slice, or the named ones of them."""
        if (metric, items) not in self._parts:
            self._parts[metric, items] = self._part(metric, frozenset(items))
        return self._parts[metric, items]

    def _part(self, metric: str, named: frozenset[str]) -> Part:
        wanted = slice_of(metric)
        (numbers, kinds), column, ids, clusters = self._kinds, self.column(wanted.name), self.ids, self.clusters
        holds = [wanted.holds(tags) for tags in kinds]
        places = [at for at, number in enumerate(numbers) if holds[number] and column[at] is not None]
        if named:
            places = [at for at in places if ids[at] in named]
        return Part(
            ids=tuple([ids[at] for at in places]),
            values=tuple([value for at in places if (value := column[at]) is not None]),
            clusters=tuple([clusters[at] for at in places]),
            places=tuple(places),
        )

    def tagged(self, name: str) -> list[Sample]:
        """One sample for every set of tags among those that have a score."""
        (numbers, _), column = self._kinds, self.column(name)
        place = {number: at for at, number in enumerate(numbers) if column[at] is not None}
        return [self.samples[at] for at in place.values()]

    def chance(self, part: Part) -> float | None:
        """What guessing reaches, where every item says it in its tag ``chance``.

        Raises:
            ValueError: One says what is no number.
        """
        numbers, kinds = self._kinds
        said = [kinds[numbers[at]].get("chance") for at in part.places]
        told = [float(each) for each in said if each is not None]
        return math.fsum(told) / len(told) if told and len(told) == len(said) else None

    def judge(self, metric: str) -> Errors | None:
        """How the judge that a metric rests on did on labelled answers; None where its intervals do not allow for that."""
        return allowed_for(self.measurement.judges, slice_of(metric).name)

    def unfit(self, metric: str) -> str:
        """Why the judge that a metric rests on is not good enough for the run file; empty where it is, or there is none."""
        name = slice_of(metric).name
        return next((said for each in self.measurement.judges if (said := unfit(each, name))), "")

    def require_finite(self, names: Iterable[str]) -> None:
        """Checks that every score of these names is a number that can be reckoned with.

        Raises:
            MeasurementError: One is not finite.
        """
        for name in names:
            for at, value in enumerate(self.column(name)):
                if value is not None and not math.isfinite(value):
                    found = f"suite '{self.measurement.suite}' scored item '{self.ids[at]}' as {value} for '{name}'"
                    raise MeasurementError(found, "a finite number", "look at the scorer and the answer")

    def behind(self, metric: str) -> Sequence[float]:
        """The scores that a suite takes the mean of for a metric, by the metric's name alone; none for no such metric.

        The same as :func:`harness.suite.scored_by_metric` gives, where the scores of many samples were sorted by name.
        """
        name = score_of(metric)
        stem = f"{self.measurement.suite}.{name}"
        if not metric.startswith(stem):
            return ()
        column, part = self.column(name), metric.removeprefix(stem)
        if not part:
            return [value for value in column if value is not None]
        times, (numbers, _) = self._times(part), self._kinds
        chosen = [(value, times[number]) for value, number in zip(column, numbers, strict=True) if times[number]]
        return [value for value, count in chosen for _ in range(count) if value is not None]

    def _times(self, part: str) -> list[int]:
        """How many tags of each set are written like this: ``a: b=c`` and ``a=b: c`` are both ``@a=b=c``."""
        known = self._sliced
        return [sum(f"@{tag}={of}" == part for tag, of in tags.items() if tag in known) for tags in self._kinds[1]]

    @cached_property
    def _sliced(self) -> set[str]:
        return sliced_tags(self._kinds[1])
