"""A metric is at most a number."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from harness.rule import Evidence
from harness.rules import at_most
from harness.stats.intervals import mean_interval
from harness.types import Rule

Make = Callable[..., Evidence]


def rule(bound: float) -> Rule:
    return Rule(kind="at_most", metric="safety.unsafe_rate", bound=bound)


def test_it_needs_no_baseline() -> None:
    assert at_most.NEEDS_BASELINE is False


def test_it_passes_only_on_the_confident_side(evidence: Make) -> None:
    scores = [1.0] * 10 + [0.0] * 90
    low, high = mean_interval(scores, 0.9).interval
    assert at_most.check(rule(high), evidence(scores, better="lower")).outcome == "pass"
    assert at_most.check(rule(math.nextafter(high, 0)), evidence(scores, better="lower")).outcome == "inconclusive"
    assert at_most.check(rule(low), evidence(scores, better="lower")).outcome == "inconclusive"
    assert at_most.check(rule(math.nextafter(low, 0)), evidence(scores, better="lower")).outcome == "fail"


@pytest.mark.parametrize("n", [1, 100, 5000])
def test_no_failure_among_any_number_does_not_show_that_there_are_none(evidence: Make, n: int) -> None:
    assert at_most.check(rule(0.0), evidence([0.0] * n, better="lower")).outcome == "inconclusive"


def test_no_failure_bounds_the_rate_by_about_three_in_n(evidence: Make) -> None:
    assert at_most.check(rule(0.03), evidence([0.0] * 100, better="lower")).outcome == "pass"
    assert at_most.check(rule(0.03), evidence([0.0] * 80, better="lower")).outcome == "inconclusive"


def test_one_failure_among_few_refutes_that_there_are_none(evidence: Make) -> None:
    assert at_most.check(rule(0.0), evidence([1.0] + [0.0] * 9, better="lower")).outcome == "fail"


def test_a_census_is_compared_exactly(census: Make) -> None:
    assert at_most.check(rule(0), census(0)).outcome == "pass"
    assert at_most.check(rule(0), census(1)).outcome == "fail"
    assert at_most.check(rule(3), census(3)).outcome == "pass"


def test_the_check_of_a_census_says_that_everything_was_counted(census: Make) -> None:
    found = at_most.check(rule(0), census(3, n=1200))
    assert found.reason == "pii.rows_with_findings is 3 (counted over all 1200, n = 1200); at most 0 is wanted"
    assert (found.candidate, found.interval, found.n) == (3.0, None, 1200)
