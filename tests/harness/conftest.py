"""Builders of small, honest evidence: the metrics are always computed from the samples, as the harness does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from harness.suite import metrics_of
from harness.types import Better, Check, Decision, Measurement, Metric, Problem, Rule, Sample, settle

CANDIDATE, BASELINE, DATA, ITEMS = ("sha256:" + letter * 64 for letter in "cbd1")

Scores = Sequence[float]


@pytest.fixture
def digests() -> Mapping[str, str]:
    return {"candidate": CANDIDATE, "baseline": BASELINE, "data": DATA, "items": ITEMS}


@pytest.fixture
def measured() -> Callable[..., Measurement]:
    def build(
        scores: Scores,
        subject: str = CANDIDATE,
        *,
        suite: str = "task",
        name: str = "accuracy",
        better: Better = "higher",
        clusters: Sequence[str | None] = (),
        tags: Sequence[Mapping[str, str]] = (),
    ) -> Measurement:
        samples = tuple(
            Sample(
                id=f"q{index}",
                prompt="?",
                output="!",
                scores={name: value},
                cluster=clusters[index] if clusters else None,
                tags=dict(tags[index]) if tags else {},
            )
            for index, value in enumerate(scores)
        )
        return Measurement(
            suite=suite,
            version="1",
            subject=subject,
            items=ITEMS,
            conditions={"template": "t", "judge": "j"},
            expected=len(samples),
            metrics=metrics_of(suite, samples, {name: better}),
            samples=samples,
        )

    return build


@pytest.fixture
def counted() -> Callable[..., Measurement]:
    def build(value: float, n: int = 100, *, suite: str = "pii", name: str = "rows", better: Better = "lower") -> Measurement:
        metric = Metric(name=f"{suite}.{name}", value=value, n=n, better=better)
        return Measurement(suite=suite, version="1", subject=DATA, items=ITEMS, metrics=(metric,))

    return build


@pytest.fixture
def decision() -> Callable[..., Decision]:
    def build(outcome: str | None = "pass", problem: str | None = None, stage: str = "model") -> Decision:
        rule = Rule(kind="at_least", metric="task.accuracy", bound=0.5)
        checks = (Check(rule=rule, metric=rule.metric, outcome=outcome, reason="r"),) if outcome else ()
        problems = (Problem(stage="gate", kind=problem, message="m"),) if problem else ()
        return Decision(
            stage=stage,
            candidate=CANDIDATE,
            baseline=BASELINE,
            policy=ITEMS,
            verdict=settle(checks, problems),
            checks=checks,
            problems=problems,
        )

    return build
