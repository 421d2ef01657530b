"""Several metrics share one margin."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.rule import Evidence
from harness.rules import budget
from harness.stats.paired import paired_difference
from harness.types import Rule

Make = Callable[..., Evidence]


def rule(bound: float, alpha: float = 0.05) -> Rule:
    return Rule(kind="budget", metric="task.accuracy", bound=bound, alpha=alpha, also=("task.accuracy",))


def test_it_needs_a_baseline_and_takes_further_metrics() -> None:
    assert budget.NEEDS_BASELINE is True
    assert budget.OPTIONS == ("also",)
    assert budget.RANGE[0] == 0.0


def test_the_worst_losses_add_up_each_at_its_part_of_alpha(paired: Make) -> None:
    one, two = paired(180, 0, 4, 16), paired(170, 10, 2, 18)
    ends = [paired_difference(each.pairs, 0.025).interval for each in (one, two)]
    most = -ends[0][0] - min(0.0, ends[1][0])
    found = budget.check(rule(most + 1e-9), one, two)
    assert (found.outcome, found.n) == ("pass", 200)
    least = -min(0.0, ends[0][1]) - min(0.0, ends[1][1])
    assert found.interval == pytest.approx((-most, -least))
    assert budget.check(rule(most - 1e-9), one, two).outcome == "inconclusive"
    assert found.method == "sum of 2 bounds, each at 2.5 %"


def test_a_gain_does_not_pay_for_a_loss(paired: Make) -> None:
    lost, gained = paired(150, 0, 40, 10), paired(100, 90, 0, 10)
    found = budget.check(rule(0.05), lost, gained)
    assert (found.outcome, found.delta) == ("fail", pytest.approx(-0.2))
    assert "task.accuracy lost 20.0 points, task.accuracy gained 45.0 points; together at least" in found.reason
    assert found.reason.endswith("(95 % confidence); the budget is 5.0 points")


def test_two_small_losses_can_be_too_much_together(paired: Make) -> None:
    small = paired(950, 0, 30, 20)
    assert budget.check(rule(0.05), small).outcome == "pass"
    assert budget.check(rule(0.05), small, small).outcome != "pass"
    assert budget.check(rule(0.03), small, small, small).outcome == "fail"


def test_the_smallest_loss_that_is_seen_is_that_of_all_together(paired: Make) -> None:
    small = paired(950, 10, 30, 10)
    one = paired_difference(small.pairs, 0.025).detectable
    assert budget.check(rule(0.05), small, small).detectable == pytest.approx(2 * one)


def test_a_budget_that_is_just_kept_passes_and_one_that_is_just_lost_does_not_fail(paired: Make) -> None:
    lost = paired(150, 0, 40, 10)
    low, high = paired_difference(lost.pairs, 0.05).interval
    assert budget.check(rule(-low), lost).outcome == "pass"
    assert budget.check(rule(-high), lost).outcome == "inconclusive"


def test_no_change_is_no_loss_and_the_fewest_items_count(paired: Make) -> None:
    found = budget.check(rule(0.5), paired(20, 0, 0, 10), paired(50, 0, 0, 50))
    assert found.reason.startswith("task.accuracy gained 0.0 points, task.accuracy gained 0.0 points; together")
    assert (found.delta, found.n) == (0.0, 30)


def test_the_budget_is_said_in_the_unit_of_the_rules_own_metric(paired: Make, evidence: Make) -> None:
    shares, numbers = paired(150, 0, 40, 10), evidence([3.5] * 40, [4.0] * 40)
    assert numbers.candidate.unit == "number"
    said = budget.check(rule(0.05), shares, numbers).reason
    assert said.startswith("task.accuracy lost 20.0 points, task.accuracy lost 0.5; together at least 6")
    assert said.endswith("the budget is 5.0 points")
    assert budget.check(rule(0.05), numbers, shares).reason.endswith("the budget is 0.05")
