"""A metric does not drop by more than a margin."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.rule import Evidence
from harness.rules import max_drop
from harness.stats.intervals import mean_interval, z_quantile
from harness.stats.paired import tango
from harness.types import Rule

Make = Callable[..., Evidence]
Z = z_quantile(0.95)


def rule(bound: float, alpha: float = 0.05) -> Rule:
    return Rule(kind="max_drop", metric="task.accuracy", bound=bound, alpha=alpha)


def test_it_needs_a_baseline() -> None:
    assert max_drop.NEEDS_BASELINE is True


def test_it_passes_only_above_the_margin_and_fails_only_below_it(paired: Make) -> None:
    low, high = tango(20, 60, 400, Z)
    found = paired(200, 20, 60, 120)
    assert max_drop.check(rule(-low), found).outcome == "inconclusive"
    assert max_drop.check(rule(math.nextafter(-low, 1)), found).outcome == "pass"
    assert max_drop.check(rule(-high), found).outcome == "inconclusive"
    assert max_drop.check(rule(math.nextafter(-high, 0)), found).outcome == "fail"


@pytest.mark.parametrize("n", [1, 5, 87])
def test_few_ties_do_not_show_that_nothing_is_lost(paired: Make, n: int) -> None:
    assert max_drop.check(rule(0.03), paired(n, 0, 0, 0)).outcome == "inconclusive"


def test_many_ties_do(paired: Make) -> None:
    assert max_drop.check(rule(0.03), paired(88, 0, 0, 0)).outcome == "pass"
    assert max_drop.check(rule(0.03), paired(88, 0, 0, 5)).outcome == "pass"


def test_a_baseline_that_cannot_lose_the_margin_decides_nothing(paired: Make) -> None:
    found = max_drop.check(rule(0.03), paired(2, 0, 0, 98))
    assert found.outcome == "inconclusive"
    assert found.reason == (
        "task.accuracy of the baseline is 2.0 % and cannot get worse by 3.0 points: these items decide nothing"
    )
    assert max_drop.check(rule(0.0), paired(0, 0, 0, 500)).outcome == "inconclusive"
    assert max_drop.check(rule(0.0), paired(0, 50, 0, 50)).outcome == "inconclusive"
    assert max_drop.check(rule(0.03), paired(98, 0, 0, 2, better="lower")).outcome == "inconclusive"
    assert max_drop.check(rule(0.03), paired(3, 50, 0, 47)).outcome == "pass"


def test_a_baseline_that_guesses_decides_nothing(paired: Make) -> None:
    found = paired(60, 20, 0, 120)
    low = mean_interval([1.0] * 60 + [0.0] * 140, 0.9).interval[0]
    guessed = max_drop.check(rule(0.03), replace(found, chance=low))
    assert guessed.outcome == "inconclusive"
    assert "30.0 %, not shown to be better than guessing (24.7 %): these items decide nothing" in guessed.reason
    assert max_drop.check(rule(0.03), replace(found, chance=math.nextafter(low, 0))).outcome == "pass"


def test_no_margin_at_all_is_kept_only_by_a_gain(paired: Make) -> None:
    assert max_drop.check(rule(0.0), paired(5000, 0, 0, 0)).outcome == "inconclusive"
    assert max_drop.check(rule(0.0), paired(50, 30, 5, 15)).outcome == "pass"


def test_where_lower_is_better_a_drop_is_a_rise(paired: Make) -> None:
    worse = paired(10, 60, 2, 128, better="lower")
    found = max_drop.check(rule(0.03), worse)
    assert found.outcome == "fail"
    assert found.delta == pytest.approx(0.29)
    assert found.interval == pytest.approx(tango(60, 2, 200, Z), abs=1e-9)
    assert found.method == "Tango score interval"
    assert max_drop.check(rule(0.03), paired(10, 2, 60, 128, better="lower")).outcome == "pass"
    assert "rose by 29.0 points (from 6.0 % to 35.0 %)" in found.reason


def test_a_smaller_alpha_asks_for_more(paired: Make) -> None:
    assert max_drop.check(rule(0.05, 0.05), paired(300, 10, 12, 78)).outcome == "pass"
    assert max_drop.check(rule(0.05, 0.0001), paired(300, 10, 12, 78)).outcome == "inconclusive"


def test_copies_of_an_item_count_once(evidence: Make) -> None:
    mine, other = [1.0] * 60, [1.0] * 60
    copied = evidence(mine, other, clusters=[str(index // 4) for index in range(60)])
    assert max_drop.check(rule(0.1), evidence(mine, other)).outcome == "pass"
    assert max_drop.check(rule(0.1), copied).outcome == "inconclusive"


def test_a_negative_margin_is_refused(paired: Make) -> None:
    with pytest.raises(ValueError, match=r"the margin is -0\.01; expected 0 or more"):
        max_drop.check(rule(-0.01), paired(90, 0, 0, 10))


def test_a_failed_check_says_how_much_was_lost(paired: Make) -> None:
    found = max_drop.check(rule(0.03), paired(4, 0, 432, 4))
    assert found.outcome == "fail"
    assert found.reason == (
        "task.accuracy fell by 98.2 points (from 99.1 % to 0.9 %); the margin is 3.0 points and it is at least 96.8 points "
        "worse (with 95 % confidence, n = 440)"
    )
    assert (found.candidate, found.baseline) == (pytest.approx(4 / 440), pytest.approx(436 / 440))
    assert found.delta == pytest.approx(-432 / 440)
    assert found.interval == pytest.approx(tango(0, 432, 440, Z))
    assert (found.n, found.metric, found.rule) == (440, "task.accuracy", rule(0.03))
    assert found.detectable == pytest.approx(2.4865 * math.sqrt(432 / 440 / 440), rel=1e-4)


def test_a_passed_check_says_what_may_still_be_lost(paired: Make) -> None:
    assert max_drop.check(rule(0.05), paired(380, 2, 4, 54)).reason == (
        "task.accuracy fell by 0.5 points (from 87.3 % to 86.8 %); the margin is 5.0 points and it is at most 1.6 points "
        "worse (with 95 % confidence, n = 440)"
    )
    assert "the margin is 5.0 points and it is not worse" in max_drop.check(rule(0.05), paired(50, 30, 5, 15)).reason
    assert "task.accuracy did not move (from 80.0 % to" in max_drop.check(rule(0.05), paired(400, 0, 0, 100)).reason


def test_an_unsettled_check_says_how_many_items_are_wanted(paired: Make) -> None:
    assert max_drop.check(rule(0.03), paired(80, 6, 6, 8)).reason == (
        "task.accuracy did not move (from 86.0 % to 86.0 %); the margin is 3.0 points and these items cannot tell "
        "(with 95 % confidence, n = 100); an equal candidate would need about 825 items"
    )


@pytest.mark.parametrize("table", [(1700, 95, 145, 60), (600, 40, 59, 126)])
def test_an_unsettled_check_with_items_enough_says_that_the_drop_is_close(
    paired: Make, table: tuple[int, int, int, int]
) -> None:
    found = max_drop.check(rule(0.03), paired(*table))
    assert found.outcome == "inconclusive"
    assert found.reason.endswith("; the drop is close to the margin")


def test_where_no_number_of_items_helps_none_is_named(paired: Make, evidence: Make) -> None:
    assert max_drop.check(rule(0.0), paired(80, 6, 6, 8)).reason.endswith("n = 100)")
    graded = evidence([0.5, 0.7, 0.1] * 4, [0.6, 0.2, 0.4] * 4)
    assert max_drop.check(rule(0.01), graded).reason.endswith("n = 12)")


def test_a_single_loss_is_worth_naming_items_by(paired: Make) -> None:
    assert max_drop.check(rule(0.03), paired(20, 0, 0, 0)).reason.endswith("would need about 344 items")


def test_numbers_are_said_as_numbers(evidence: Make) -> None:
    found = max_drop.check(rule(0.5), evidence([3.0, 4.0, 5.0, 4.5], [3.1, 4.0, 5.2, 4.4], better="lower"))
    assert found.reason.startswith(
        "task.accuracy fell by 0.05 (from 4.175 to 4.125); the margin is 0.5 and it is at most "
    )
    assert (found.outcome, found.method) == ("pass", "paired t interval")


def test_numbers_that_did_not_change_are_not_worse(evidence: Make) -> None:
    same = [5.0] * 20
    found = max_drop.check(rule(0.5), evidence(same, same))
    assert found.interval == (0.0, 0.0)
    assert "and it is not worse" in found.reason


def test_a_candidate_is_given_up_when_a_part_of_the_margin_is_lost(evidence: Make) -> None:
    assert (0.0, math.inf) == max_drop.RANGE
    found = max_drop.doubt(rule(0.1), evidence([1.0, 0.5, 0.0], [0.0, 0.75, 0.0]))
    assert found == ([1.0, -0.25, 0.0], pytest.approx(-0.04))
    turned = max_drop.doubt(rule(0.1), evidence([1.0, 0.5, 0.0], [0.0, 0.75, 0.0], better="lower"))
    assert turned == ([-1.0, 0.25, 0.0], pytest.approx(-0.04))
