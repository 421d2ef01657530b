"""What a data suite counted, for a person: its totals and whatever is not nought; the rest by name only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.channels.wording.numbers import count, level
from harness.types import Measurement, Metric


@dataclass(frozen=True)
class Counted:
    """One metric: its name without the suite's, its value, and of how many where that is a share of something."""

    name: str
    value: str
    of: str
    exact: str


@dataclass(frozen=True)
class Counts:
    """The metrics of one suite: those that are shown, and the names of the kinds of which there is none."""

    shown: tuple[Counted, ...]
    absent: tuple[str, ...]


def counts(measurement: Measurement) -> Counts:
    """Sorts the metrics of a scan: totals in their order, then the kinds that were found, the most frequent first.

    A share is not shown beside the count that it is the share of.
    """
    counted = [metric for metric in measurement.metrics if not _is_share(metric) or not _has_count(metric, measurement)]
    totals = [metric for metric in counted if not _kind(metric)]
    kinds = sorted((metric for metric in counted if _kind(metric)), key=lambda metric: -metric.value)
    shown = [*totals, *(metric for metric in kinds if metric.value)]
    return Counts(tuple(map(_counted, shown)), tuple(_kind(metric) for metric in kinds if not metric.value))


def _is_share(metric: Metric) -> bool:
    return "share" in metric.name.split(".")[1].split("_")


def _has_count(share: Metric, measurement: Measurement) -> bool:
    """Whether some other metric over as many is the count behind a share."""
    others = (each for each in measurement.metrics if each.n == share.n and not _is_share(each))
    return any(abs(each.value - share.value * share.n) < 1e-6 * max(1.0, each.value) for each in others)


def _kind(metric: Metric) -> str:
    return ".".join(metric.name.split(".")[2:])


def _counted(metric: Metric) -> Counted:
    name = metric.name.partition(".")[2]
    if _is_share(metric):
        shown = level(metric.value, "rate")
        return Counted(name, shown.text if shown else "", f"of {count(metric.n)}", repr(metric.value))
    whole = {"rows", "items", "answers"} & set(name.split(".")[0].split("_"))
    shown = level(metric.value, metric.unit)
    of = f"of {count(metric.n)}" + _part(metric) if whole else ""
    return Counted(name, shown.text if shown else "", of, repr(metric.value))


def _part(metric: Metric) -> str:
    if not metric.value or not metric.n:
        return ""
    part = level(metric.value / metric.n, "rate", 0.0)
    return f" ({part.text})" if part else ""


def doubts(measurement: Measurement) -> tuple[str, ...]:
    """What a suite says was measured of its own errors, one sentence a data set."""
    found = measurement.details.get("measured_error")
    if not isinstance(found, Mapping):
        return ()
    return tuple(f"{name}: {_figures(figures)}" for name, figures in found.items() if isinstance(figures, Mapping))


def _figures(figures: Mapping[str, object]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {_number(value)}" for name, value in figures.items())


def _number(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else count(value) if isinstance(value, int) else str(value)
