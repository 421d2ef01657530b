"""Choosing a kept checkpoint by the gate, at an error rate that looking at all of them does not raise. Pure.

Whoever tries k checkpoints on the same items and keeps one that passes has k chances of a false pass. Every rule is therefore
held at alpha / k (Bonferroni): the chance that any checkpoint which violates a rule is chosen is at most alpha again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from harness.comparison.arms import Arm
from harness.comparison.choice import choose, preferred
from harness.comparison.matrix import Column, column
from harness.types import Digest, Noun, Rule, Verdict


class Look(Noun):
    """One checkpoint that was looked at: its digest, its verdict at the stricter alpha, and what it did not pass."""

    path: str
    step: int | None
    subject: Digest | None
    verdict: Verdict
    not_passed: tuple[str, ...]
    value: float | None = None


class Selection(Noun):
    """Which checkpoint was taken, and what was looked at for it.

    Attributes:
        metric: What decided among the allowed ones: the best value, the earlier of equals; None takes the last.
        looked: Every checkpoint, in the order of training.
        chosen: The path of the one that was taken; the last one where none is allowed.
        allowed: Whether the gate allows any of them.
        alpha_divisor: By what the alpha of every rule was divided: how many were looked at.
    """

    schema_number: Literal[1] = 1
    metric: str | None
    looked: tuple[Look, ...]
    chosen: str
    allowed: bool
    alpha_divisor: int


def held(rules: Sequence[Rule], selection: Selection | None) -> tuple[Rule, ...]:
    """The rules as they hold for what was selected: unchanged where nothing was."""
    return stricter(rules, selection.alpha_divisor) if selection else tuple(rules)


def stricter(rules: Sequence[Rule], looks: int) -> tuple[Rule, ...]:
    """The rules with the alpha of each divided by the number of looks."""
    return tuple(rule.model_copy(update={"alpha": rule.alpha / looks}) for rule in rules)


def select(rules: Sequence[Rule], data_suites: frozenset[str], checkpoints: Sequence[Arm], baseline: Arm) -> Selection:
    """Chooses the best checkpoint that every rule allows.

    Args:
        rules: The policy, with the alpha of the run file.
        data_suites: The suites that measure training data.
        checkpoints: In the order of training, at least one; each is named by its path.
        baseline: What they are compared with.
    """
    strict, metric = stricter(rules, len(checkpoints)), preferred(rules, data_suites)
    columns = [column(strict, data_suites, each, baseline) for each in checkpoints]
    choice = choose(strict, metric, checkpoints, columns, baseline)
    # None allowed: the last one stands for the training, and is denied for what it did not pass.
    fallback = choice.allowed[-1] if choice.allowed else checkpoints[-1].name
    return Selection(
        metric=metric,
        looked=tuple(_look(arm, each, metric) for arm, each in zip(checkpoints, columns, strict=True)),
        chosen=choice.best or fallback,
        allowed=bool(choice.allowed),
        alpha_divisor=len(checkpoints),
    )


def _look(arm: Arm, found: Column, metric: str | None) -> Look:
    measured = arm.metric(metric) if metric else None
    return Look(
        path=arm.name,
        step=arm.step,
        subject=arm.subject,
        verdict=found.decision.verdict,
        not_passed=tuple(check.metric for check in found.decision.checks if check.outcome != "pass"),
        value=measured.value if measured else None,
    )
