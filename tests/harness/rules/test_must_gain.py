"""A metric gains more than a number."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from harness.rule import Evidence
from harness.rules import must_gain
from harness.stats.intervals import z_quantile
from harness.stats.paired import tango
from harness.types import Rule

Make = Callable[..., Evidence]


def rule(bound: float) -> Rule:
    return Rule(kind="must_gain", metric="task.accuracy", bound=bound)


def test_it_needs_a_baseline() -> None:
    assert must_gain.NEEDS_BASELINE is True


def test_it_passes_only_above_the_gain_and_fails_only_below_it(paired: Make) -> None:
    low, high = tango(60, 20, 400, z_quantile(0.95))
    found = paired(200, 60, 20, 120)
    assert must_gain.check(rule(low), found).outcome == "inconclusive"
    assert must_gain.check(rule(math.nextafter(low, 0)), found).outcome == "pass"
    assert must_gain.check(rule(high), found).outcome == "inconclusive"
    assert must_gain.check(rule(math.nextafter(high, 1)), found).outcome == "fail"


@pytest.mark.parametrize("table", [(1, 0, 0, 0), (0, 1, 0, 0), (100, 0, 0, 0), (0, 2, 0, 2)])
def test_little_evidence_shows_no_gain(paired: Make, table: tuple[int, int, int, int]) -> None:
    assert must_gain.check(rule(0.0), paired(*table)).outcome == "inconclusive"


def test_a_baseline_that_cannot_gain_as_much_decides_nothing(paired: Make) -> None:
    found = must_gain.check(rule(0.05), paired(96, 0, 0, 4))
    assert found.outcome == "inconclusive"
    assert found.reason == (
        "task.accuracy of the baseline is 96.0 % and cannot get better by 5.0 points: these items decide nothing"
    )
    assert must_gain.check(rule(0.05), paired(4, 0, 0, 96, better="lower")).outcome == "inconclusive"
    assert must_gain.check(rule(0.05), paired(80, 15, 0, 5)).outcome == "pass"


def test_where_lower_is_better_a_gain_is_a_fall(paired: Make) -> None:
    found = must_gain.check(rule(0.05), paired(10, 2, 60, 128, better="lower"))
    assert (found.outcome, found.delta) == ("pass", pytest.approx(-0.29))
    assert must_gain.check(rule(0.05), paired(10, 60, 2, 128, better="lower")).outcome == "fail"


def test_a_negative_gain_is_refused(paired: Make) -> None:
    with pytest.raises(ValueError, match=r"the gain is -0\.01; expected 0 or more"):
        must_gain.check(rule(-0.01), paired(90, 0, 0, 10))


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ((200, 60, 20, 120), "more than 5.0 points better is wanted and it is shown"),
        ((200, 20, 60, 120), "more than 5.0 points better is wanted and it is shown not to be"),
        ((200, 50, 30, 120), "more than 5.0 points better is wanted and these items cannot tell"),
    ],
)
def test_the_check_says_what_was_wanted_and_shown(paired: Make, table: tuple[int, int, int, int], words: str) -> None:
    reason = must_gain.check(rule(0.05), paired(*table)).reason
    assert reason.endswith(f"; {words} (with 95 % confidence, n = 400)")


def test_a_candidate_is_given_up_when_the_gain_is_out_of_reach(evidence: Make) -> None:
    assert (0.0, math.inf) == must_gain.RANGE
    assert must_gain.doubt(rule(0.1), evidence([1.0, 0.5], [0.0, 0.75])) == ([1.0, -0.25], 0.1)
    assert must_gain.doubt(rule(0.1), evidence([1.0, 0.5], [0.0, 0.75], better="lower")) == ([-1.0, 0.25], 0.1)
