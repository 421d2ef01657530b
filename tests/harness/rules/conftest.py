"""Evidence as the gate would hand it to a rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from harness.rule import Evidence
from harness.suite import metric_of
from harness.types import Better, Metric

Make = Callable[..., Evidence]


def _evidence(
    mine: Sequence[float], other: Sequence[float] = (), better: Better = "higher", clusters: Sequence[str] = ()
) -> Evidence:
    groups = tuple(clusters) or tuple(str(index) for index in range(len(mine)))
    return Evidence(
        candidate=metric_of("task.accuracy", list(zip(mine, groups, strict=True)), better),
        scores=tuple(mine),
        baseline=metric_of("task.accuracy", list(zip(other, groups, strict=True)), better) if other else None,
        pairs=tuple(zip(mine, other, strict=True)) if other else (),
        clusters=groups,
        ids=tuple(str(index) for index in range(len(mine))),
    )


@pytest.fixture
def evidence() -> Make:
    """Makes evidence from scores."""
    return _evidence


@pytest.fixture
def paired() -> Make:
    """Makes evidence from the four cells of a paired table."""

    def make(both: int, gained: int, lost: int, neither: int, better: Better = "higher") -> Evidence:
        mine = [1.0] * (both + gained) + [0.0] * (lost + neither)
        other = [1.0] * both + [0.0] * gained + [1.0] * lost + [0.0] * neither
        return _evidence(mine, other, better)

    return make


@pytest.fixture
def census() -> Make:
    """Makes the evidence of a count over a whole data set."""

    def make(value: float, n: int = 1000, better: Better = "lower") -> Evidence:
        return Evidence(candidate=Metric(name="pii.rows_with_findings", value=value, n=n, better=better))

    return make
