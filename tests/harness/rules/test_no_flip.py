"""What the baseline has right stays right."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.rule import Evidence
from harness.rules import no_flip
from harness.types import Rule

Make = Callable[..., Evidence]


def rule(bound: float = 0) -> Rule:
    return Rule(kind="no_flip", metric="task.accuracy", bound=bound)


def test_it_needs_a_baseline_and_takes_named_items() -> None:
    assert no_flip.NEEDS_BASELINE is True
    assert no_flip.OPTIONS == ("items",)
    assert no_flip.RANGE[0] == 0.0


def test_one_item_that_got_worse_fails(evidence: Make) -> None:
    found = no_flip.check(rule(), evidence([1.0, 0.0, 1.0], [1.0, 1.0, 0.0]))
    assert found.outcome == "fail"
    assert found.reason == (
        "task.accuracy got worse on 1 of 3 items: '1'; none may; 1 of them are wrong in the baseline and cannot be lost"
    )
    assert (found.n, found.interval, found.method) == (3, None, "exact count")
    assert (found.candidate, found.baseline, found.delta) == (pytest.approx(2 / 3), pytest.approx(2 / 3), 0.0)


def test_nothing_lost_passes(evidence: Make) -> None:
    found = no_flip.check(rule(), evidence([1.0, 1.0], [1.0, 1.0]))
    assert (found.outcome, found.reason) == ("pass", "task.accuracy got worse on 0 of 2 items; none may")


def test_a_number_of_items_may_be_allowed(evidence: Make) -> None:
    mine, theirs = [0.0] * 7 + [1.0], [1.0] * 8
    assert no_flip.check(rule(7), evidence(mine, theirs)).outcome == "pass"
    found = no_flip.check(rule(6), evidence(mine, theirs))
    assert found.outcome == "fail"
    assert "on 7 of 8 items: '0', '1', '2', '3', '4' …; at most 6 may" in found.reason
    five = no_flip.check(rule(6), evidence([0.0] * 5 + [1.0], [1.0] * 6))
    assert "'4'; at most 6 may" in five.reason


def test_a_share_that_falls_is_lost(evidence: Make) -> None:
    assert no_flip.check(rule(), evidence([0.5], [0.6])).outcome == "fail"
    assert no_flip.check(rule(), evidence([0.6], [0.5])).outcome == "pass"


def test_where_lower_is_better_a_rise_is_a_loss(evidence: Make) -> None:
    assert no_flip.check(rule(), evidence([1.0, 0.0], [0.0, 0.0], better="lower")).outcome == "fail"
    assert no_flip.check(rule(), evidence([0.0, 0.0], [0.0, 1.0], better="lower")).outcome == "pass"


@pytest.mark.parametrize(("better", "worst"), [("higher", 0.0), ("lower", 1.0)])
def test_items_that_the_baseline_has_all_wrong_show_nothing(evidence: Make, better: str, worst: float) -> None:
    found = no_flip.check(rule(), evidence([worst, 1 - worst], [worst, worst], better=better))
    assert found.outcome == "inconclusive"
    assert "the baseline has none of the 2 items right, so none can be lost" in found.reason


def test_scores_of_no_known_range_can_always_get_worse(evidence: Make) -> None:
    assert no_flip.check(rule(), evidence([-3.0, 2.0], [-4.0, 2.0])).outcome == "pass"
    assert no_flip.check(rule(), evidence([-3.0, 1.0], [-4.0, 2.0])).outcome == "fail"
