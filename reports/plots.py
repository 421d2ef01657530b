"""Where things lie in a comparison's drawings: metrics over training steps, and arms on two axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeGuard

from harness.channels.wording.numbers import Unit, level
from harness.channels.wording.verdicts import ACCENTS
from harness.comparison.front import WORST, Axis, Front, Place
from harness.comparison.matrix import Column
from harness.comparison.trajectories import Point, Trajectory
from harness.types import Outcome
from reports.charts import Mark, nice, scale
from reports.charts import Place as Scale

WIDTH, HEIGHT = 420.0, 190.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, WIDTH - 14.0, 10.0, HEIGHT - 26.0
SIDE = 460.0
NEAR = 16.0
FARTHEST = -5.0


@dataclass(frozen=True)
class Dot:
    """One candidate: its place, its interval as two heights, its outcome and what it is in words."""

    x: float
    y: float
    span: tuple[float, float] | None
    outcome: Outcome | None
    words: str


@dataclass(frozen=True)
class Curve:
    """One metric over the candidates; heights of the baseline and of the limits that rules draw."""

    dots: tuple[Dot, ...]
    path: str
    baseline: float | None
    limits: tuple[float, ...]
    rows: tuple[Mark, ...]
    columns: tuple[Mark, ...]
    words: str


@dataclass(frozen=True)
class Spot:
    """One arm on two axes; ``label`` is its number in the table beside it."""

    x: float
    y: float
    label: str
    label_x: float
    label_y: float
    outcome: Outcome | None
    on_front: bool
    words: str


@dataclass(frozen=True)
class Scatter:
    """Arms on two axes, and the line along the front."""

    across: Axis
    up: Axis
    spots: tuple[Spot, ...]
    front: str
    limit: float | None
    rows: tuple[Mark, ...]
    columns: tuple[Mark, ...]


def curve(found: Trajectory, by_step: bool) -> Curve | None:
    """Lays out one metric; None where no candidate has it.

    Args:
        found: The metric over all candidates.
        by_step: Whether the candidates lie at their training steps, or evenly in the order given.
    """
    places = [float(point.step or 0) if by_step else float(at) for at, point in enumerate(found.points, start=1)]
    known = [(place, point) for place, point in zip(places, found.points, strict=True) if _finite(point.value)]
    if not known:
        return None
    unit: Unit = "rate" if found.unit == "rate" else "number"
    heights = [end for _, point in known for end in (point.value, *(point.interval or ())) if _finite(end)]
    heights += [each for each in (found.baseline, *found.limits) if _finite(each)]
    ticks = _ticks(min(heights), max(heights), unit)
    up = scale(ticks[0], ticks[-1], BOTTOM, TOP)
    first, last = (0.0, places[-1]) if by_step else (places[0], places[-1])
    across = scale(first, last if last > first else first + 1, LEFT + 8, RIGHT)
    dots = tuple(_dot(across(place), point, up, unit, found.metric) for place, point in known)
    return Curve(
        dots=dots,
        path="M" + " L".join(f"{dot.x} {dot.y}" for dot in dots),
        baseline=up(found.baseline) if _finite(found.baseline) else None,
        limits=tuple(up(limit) for limit in found.limits),
        rows=tuple(Mark(up(tick), _text(tick, unit)) for tick in ticks),
        columns=_columns(places, across, by_step),
        words=f"{found.metric} over {len(dots)} candidates",
    )


def _finite(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _ticks(low: float, high: float, unit: Unit) -> list[float]:
    found = nice(low, high, 4)
    if unit != "rate":
        return found
    kept = [tick for tick in found if -1e-9 <= tick <= 1 + 1e-9]
    return kept if len(kept) > 1 else [0.0, 0.5, 1.0]


def _text(value: float, unit: Unit) -> str:
    shown = level(value, unit)
    return f"{100 * value:g}" if unit == "rate" else shown.text if shown else ""


def _dot(x: float, point: Point, up: Scale, unit: Unit, metric: str) -> Dot:
    value = point.value or 0.0
    shown = level(value, unit)
    ends = point.interval if point.interval and all(map(_finite, point.interval)) else None
    return Dot(
        x=x,
        y=up(value),
        span=(up(ends[0]), up(ends[1])) if ends else None,
        outcome=point.outcome,
        words=f"{point.name}: {metric} {shown.text if shown else ''}",
    )


def _columns(places: Sequence[float], across: Scale, by_step: bool) -> tuple[Mark, ...]:
    """Labels under the candidates, as many as fit side by side."""
    kept: list[Mark] = []
    # From the right, so that the last one always has its label.
    for at in reversed(range(len(places))):
        x = across(places[at])
        if not kept or kept[-1].x - x > 30:
            kept.append(Mark(x, f"{places[at]:g}" if by_step else str(at + 1)))
    return tuple(reversed(kept))


def scatters(found: Front, columns: Sequence[Column]) -> tuple[Scatter, ...]:
    """Draws the first axis against each of the others; none where there is only one axis."""
    return tuple(_scatter(found, columns, other) for other in range(1, len(found.axes))) if found.places else ()


def _scatter(found: Front, columns: Sequence[Column], other: int) -> Scatter:
    across_axis, up_axis = found.axes[other], found.axes[0]
    sides = [[place.values[at] for place in found.places] for at in (other, 0)]
    x_ticks = _axis_ticks(across_axis, sides[0])
    y_ticks = _axis_ticks(up_axis, sides[1])
    across, up = scale(x_ticks[0], x_ticks[-1], LEFT, SIDE - 14), scale(y_ticks[0], y_ticks[-1], SIDE * 0.6, TOP)
    spots: list[Spot] = []
    for place in found.places:
        spots.append(_spot(place, columns, across(place.values[other]), up(place.values[0]), spots))
    line = sorted({(spot.x, spot.y) for spot in spots if spot.on_front})
    return Scatter(
        across=across_axis,
        up=up_axis,
        spots=tuple(spots),
        # Where more than two things are weighed, the front is no line in a drawing of two of them.
        front="M" + " L".join(f"{x} {y}" for x, y in line) if len(line) > 1 and len(found.axes) == 2 else "",
        limit=across(across_axis.limit) if across_axis.limit is not None else None,
        rows=tuple(Mark(up(tick), _text(tick, up_axis.unit)) for tick in y_ticks),
        columns=tuple(Mark(across(tick), _text(tick, across_axis.unit)) for tick in x_ticks),
    )


def _axis_ticks(axis: Axis, values: Sequence[float]) -> list[float]:
    if axis.name != WORST:
        return _ticks(min(values), max(values), axis.unit)
    # What is many margins away lies on the edge: how far it is matters less than who is near the line.
    return _ticks(max(FARTHEST, min(*values, -2.0)), max(*values, 0.0), axis.unit)


def _spot(place: Place, columns: Sequence[Column], x: float, y: float, before: Sequence[Spot]) -> Spot:
    at = next((at for at, column in enumerate(columns, start=1) if column.name == place.name), None)
    outcome = ACCENTS[columns[at - 1].decision.verdict] if at else None
    # Spots that lie on each other would hide each other's number: each further one is written beside the one before.
    taken = sum(abs(each.x - x) < NEAR and abs(each.y - y) < NEAR for each in before)
    left = x > SIDE - 60
    label_x = x - 9 - 18 * taken if left else x + 9 + 18 * taken
    return Spot(
        x=x,
        y=y,
        label=str(at) if at else "baseline",
        label_x=label_x,
        label_y=y + 4 if at else y - 10,
        outcome=outcome,
        on_front=place.on_front,
        words=f"{place.name}{' (on the front)' if place.on_front else ''}",
    )
