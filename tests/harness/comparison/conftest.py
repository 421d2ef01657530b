"""Arms of a comparison with honest evidence: metrics are computed from their samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from harness.comparison.arms import Arm
from harness.store import digest_of
from harness.types import Measurement, Rule


@pytest.fixture
def arm(measured: Callable[..., Measurement]) -> Callable[..., Arm]:
    """An arm of one suite, by its scores; further suites as (suite, score name, better, scores)."""

    def build(name: str, scores: Sequence[float] = (), *others: Any, step: int | None = None, **more: Any) -> Arm:
        subject = digest_of(name)
        found = [measured(scores, subject)] if scores else []
        found += [
            measured(values, subject, suite=suite, name=score, better=better) for suite, score, better, values in others
        ]
        return Arm(name=name, source=f"runs/{name}", subject=subject, measurements=tuple(found), step=step, **more)

    return build


@pytest.fixture
def rule() -> Callable[..., Rule]:
    def build(kind: str = "max_drop", bound: float = 0.1, metric: str = "task.accuracy", alpha: float = 0.05) -> Rule:
        return Rule(kind=kind, metric=metric, bound=bound, alpha=alpha)

    return build


@pytest.fixture
def rates() -> Callable[[float, int], list[float]]:
    """That share of ones, the ones first: two such lists differ on as few items as they can."""
    return lambda share, count=200: [1.0] * round(share * count) + [0.0] * (count - round(share * count))
