"""Which metrics got worse: a list beside the verdict, corrected for how many were looked at. Pure.

Nothing here decides. A rule fails by its own margin and alpha; a metric stands in this list when it is shown to have got worse
at all, whether any rule asks about it or not, and although so many were looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.gate import Arms, gathered
from harness.rule import Evidence
from harness.scores import Scores
from harness.stats.several import holm, worse
from harness.types import Check, Measurement, Metric, Rule

LEVEL = 0.05


@dataclass(frozen=True)
class Compared:
    """One metric in both arms.

    Attributes:
        candidate: The candidate's.
        baseline: The baseline's.
        p: One-sided, of a change for the worse.
        adjusted: The same after Holm, over all metrics that were compared.
        method: The test.
    """

    candidate: Metric
    baseline: Metric
    p: float
    adjusted: float
    method: str

    @property
    def name(self) -> str:
        """The metric's full name."""
        return self.candidate.name

    @property
    def found(self) -> bool:
        """Whether it is shown to have got worse."""
        return self.adjusted <= LEVEL


@dataclass(frozen=True)
class Regressions:
    """Every metric that was compared, the surest regression first, and those that could not be, with why."""

    compared: tuple[Compared, ...]
    apart: tuple[tuple[str, str], ...]

    @property
    def found(self) -> tuple[Compared, ...]:
        """Those that are shown to have got worse."""
        return tuple(each for each in self.compared if each.found)


def regressions(checks: Sequence[Check], candidate: Sequence[Measurement], baseline: Sequence[Measurement]) -> Regressions:
    """Compares every metric that a rule compared, and every metric over all items that both arms have.

    Args:
        checks: The decision's.
        candidate: Measurements of the candidate.
        baseline: Measurements of the baseline.
    """
    arms = Arms(*({each.suite: Scores(each) for each in arm} for arm in (candidate, baseline)))
    read = {name: _evidence(name, arms) for name in _names(checks, candidate, baseline)}
    sure = {name: (each, worse(each.oriented(), each.clusters)) for name, each in read.items() if isinstance(each, Evidence)}
    adjusted = holm([found.p for _, found in sure.values()])
    compared = [
        Compared(each.candidate, each.baseline or each.candidate, found.p, after, found.method)
        for (each, found), after in zip(sure.values(), adjusted, strict=True)
    ]
    apart = tuple((name, each) for name, each in read.items() if isinstance(each, str))
    return Regressions(tuple(sorted(compared, key=lambda each: (each.p, each.name))), apart)


def _names(checks: Sequence[Check], candidate: Sequence[Measurement], baseline: Sequence[Measurement]) -> tuple[str, ...]:
    # A check that compared has a change; one that was about named items is no sample of anything.
    asked = [check for check in checks if check.delta is not None and not check.rule.items]
    ruled = [name for check in asked for name in (check.metric, *check.rule.also)]
    known = {metric.name for each in baseline for metric in each.metrics}
    whole = [metric.name for each in candidate for metric in each.metrics if "@" not in metric.name and metric.name in known]
    return tuple(dict.fromkeys((*ruled, *whole)))


def _evidence(name: str, arms: Arms) -> Evidence | str:
    try:
        return gathered(Rule(kind="max_drop", metric=name, bound=0), arms, needs_baseline=True)
    except (ValueError, ArithmeticError) as error:
        return f"'{name}' cannot be compared: {error}"
