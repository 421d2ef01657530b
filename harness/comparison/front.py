"""The Pareto front: the candidates that no other one beats on everything at once, and by whom the rest are beaten.

Places are estimates; a small difference between two of them may be chance. Whether a candidate may ship is said by its rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from harness.comparison.arms import Arm
from harness.comparison.expense import Expenses
from harness.comparison.matrix import Column
from harness.types import Better, Noun, Rule

WORST = "worst change in margins"
TOKENS = "tokens per answer"


class Axis(Noun):
    """One thing that is weighed; ``limit`` is where a rule would refuse, where there is one such place."""

    name: str
    better: Better = "higher"
    unit: Literal["rate", "number"] = "number"
    limit: float | None = None


class Place(Noun):
    """Where one arm stands, in the order of the axes, and which arms beat it; on the front nobody does."""

    name: str
    values: tuple[float, ...]
    beaten_by: tuple[str, ...] = ()

    @property
    def on_front(self) -> bool:
        """Whether no other arm is at least as good on every axis and better on one."""
        return not self.beaten_by


class Front(Noun):
    """All arms on the axes; ``absent`` says which have no place, and why."""

    axes: tuple[Axis, ...]
    places: tuple[Place, ...]
    absent: dict[str, str] = {}


def default_axes(rules: Sequence[Rule], prefer: str | None, arms: Sequence[Arm]) -> tuple[Axis, ...]:
    """The preferred metric against the worst change that a rule bounds; else the metrics of the rules."""
    bounded = any(rule.kind == "max_drop" and rule.bound > 0 for rule in rules)
    named = [prefer] if prefer else []
    if not bounded:
        named = [*named, *(rule.metric for rule in rules)]
    measured = [axis for name in dict.fromkeys(named) if (axis := metric_axis(name, arms))]
    # Prompts of one's own are paid for with every answer.
    prompted = [Axis(name=TOKENS, better="lower")] if any(arm.declared for arm in arms) else []
    return (*measured, *((Axis(name=WORST, limit=-1.0),) if bounded else ()), *prompted)


def metric_axis(name: str, arms: Sequence[Arm]) -> Axis | None:
    """The axis of one metric, or of the tokens per answer; None where no arm has it."""
    if name == TOKENS:
        return Axis(name=TOKENS, better="lower")
    found = next((metric for arm in arms if (metric := arm.metric(name))), None)
    return Axis(name=name, better=found.better, unit=found.unit) if found else None


def front(axes: Sequence[Axis], arms: Sequence[Arm], columns: Sequence[Column], costs: Expenses | None = None) -> Front:
    """Places all arms.

    Args:
        axes: What is weighed.
        arms: The candidates in the order of ``columns``, then arms without a column, such as the baseline.
        columns: What the gate said about the candidates.
        costs: What their answers cost.
    """
    decided = {column.name: column for column in columns}
    placed: dict[str, tuple[float, ...]] = {}
    absent: dict[str, str] = {}
    for arm in arms:
        values = [_value(axis, arm, decided.get(arm.name), costs) for axis in axes]
        lacking = [axis.name for axis, value in zip(axes, values, strict=True) if value is None]
        if lacking:
            absent[arm.name] = f"{', '.join(lacking)} not measured"
        else:
            placed[arm.name] = tuple(value for value in values if value is not None)
    places = tuple(
        Place(name=name, values=values, beaten_by=_beaten(name, axes, placed)) for name, values in placed.items()
    )
    return Front(axes=tuple(axes), places=places, absent=absent)


def _value(axis: Axis, arm: Arm, column: Column | None, costs: Expenses | None) -> float | None:
    if axis.name == WORST:
        return 0.0 if column is None else _headroom(arm, column)
    if axis.name == TOKENS:
        spent = costs.of(arm.name) if costs else None
        return spent.together if spent else None
    found = arm.metric(axis.name)
    return found.value if found and found.n else None


def _headroom(arm: Arm, column: Column) -> float | None:
    """The worst change of a bounded metric, in units of its margin; below -1 the estimate is beyond the margin."""
    found = []
    for check in column.decision.checks:
        if check.rule.kind == "max_drop" and check.rule.bound > 0:
            metric = arm.metric(check.metric)
            if check.delta is None or metric is None:
                return None
            found.append((1 if metric.better == "higher" else -1) * check.delta / check.rule.bound)
    return min(found, default=None)


def _beaten(name: str, axes: Sequence[Axis], placed: Mapping[str, tuple[float, ...]]) -> tuple[str, ...]:
    own = _oriented(axes, placed[name])
    others = {other: _oriented(axes, values) for other, values in placed.items() if other != name}
    return tuple(other for other, values in others.items() if values != own and _covers(values, own))


def _oriented(axes: Sequence[Axis], values: Sequence[float]) -> tuple[float, ...]:
    return tuple(value if axis.better == "higher" else -value for axis, value in zip(axes, values, strict=True))


def _covers(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(left >= right for left, right in zip(one, other, strict=True))
