"""A metric is at least a number."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from harness.rule import Evidence
from harness.rules import at_least
from harness.stats.intervals import mean_interval
from harness.types import Rule

Make = Callable[..., Evidence]


def rule(bound: float, alpha: float = 0.05) -> Rule:
    return Rule(kind="at_least", metric="task.accuracy", bound=bound, alpha=alpha)


def test_it_needs_no_baseline() -> None:
    assert at_least.NEEDS_BASELINE is False


def test_it_passes_only_on_the_confident_side(evidence: Make) -> None:
    scores = [1.0] * 90 + [0.0] * 10
    low, high = mean_interval(scores, 0.9).interval
    assert at_least.check(rule(low), evidence(scores)).outcome == "pass"
    assert at_least.check(rule(math.nextafter(low, 1)), evidence(scores)).outcome == "inconclusive"
    assert at_least.check(rule(high), evidence(scores)).outcome == "inconclusive"
    assert at_least.check(rule(math.nextafter(high, 1)), evidence(scores)).outcome == "fail"


def test_a_smaller_alpha_asks_for_more(evidence: Make) -> None:
    scores = [1.0] * 90 + [0.0] * 10
    assert at_least.check(rule(0.83, 0.05), evidence(scores)).outcome == "pass"
    assert at_least.check(rule(0.83, 0.001), evidence(scores)).outcome == "inconclusive"


def test_even_a_perfect_sample_does_not_show_perfection(evidence: Make) -> None:
    assert at_least.check(rule(1.0), evidence([1.0] * 500)).outcome == "inconclusive"


@pytest.mark.parametrize("score", [0.0, 1.0, 0.9, 7.0])
def test_one_item_never_passes(evidence: Make, score: float) -> None:
    assert at_least.check(rule(0.5), evidence([score])).outcome != "pass"


def test_equal_graded_scores_are_not_taken_for_certainty(evidence: Make) -> None:
    assert at_least.check(rule(0.8), evidence([0.81] * 3)).outcome == "inconclusive"
    assert at_least.check(rule(0.8), evidence([0.9] * 60)).outcome == "pass"


def test_a_census_is_compared_exactly(census: Make) -> None:
    assert at_least.check(rule(12), census(12)).outcome == "pass"
    assert at_least.check(rule(12), census(11)).outcome == "fail"
    found = at_least.check(rule(12), census(13))
    assert (found.outcome, found.interval, found.detectable, found.method) == ("pass", None, None, "exact count")


def test_copies_of_an_item_count_once(evidence: Make) -> None:
    scores = [1.0] * 95 + [0.0] * 5
    alone = at_least.check(rule(0.92), evidence(scores))
    copied = evidence(scores * 4, clusters=[str(index % 100) for index in range(400)])
    assert alone.outcome == at_least.check(rule(0.92), copied).outcome == "inconclusive"
    assert at_least.check(rule(0.92), evidence(scores * 4)).outcome == "pass"
    found = at_least.check(rule(0.92), copied)
    assert found.interval == pytest.approx(mean_interval(scores, 0.9).interval)
    assert found.method == "Gaffke's bound, 100 clusters"


def test_the_check_says_what_it_read(evidence: Make) -> None:
    found = at_least.check(rule(0.8), evidence([1.0] * 83 + [0.0] * 17))
    assert found.reason == (
        "task.accuracy is 83.0 % (between 75.6 % and 88.9 % with 90 % confidence, n = 100); at least 80.0 % is wanted "
        "and these items cannot tell"
    )
    assert (found.candidate, found.baseline, found.delta, found.n) == (0.83, None, None, 100)
    assert (found.metric, found.rule, found.method) == ("task.accuracy", rule(0.8), "Clopper-Pearson interval")
    assert found.interval == mean_interval([1.0] * 83 + [0.0] * 17, 0.9).interval
    assert found.detectable == pytest.approx(2.4865 * math.sqrt(0.83 * 0.17 / 100), rel=1e-4)


def test_a_number_is_said_as_a_number(evidence: Make) -> None:
    scores = [3.0, 4.0, 5.0, 4.0]
    found = at_least.check(rule(2), evidence(scores))
    assert found.reason.startswith("task.accuracy is 4 (between 3.039 and 4.961")
    assert (found.outcome, found.method, found.detectable) == ("pass", "t interval", None)
    assert found.interval == mean_interval(scores, 0.9).interval


def test_one_item_could_not_show_any_change_and_many_right_ones_still_not_the_smallest(evidence: Make) -> None:
    assert at_least.check(rule(0.5), evidence([1.0])).detectable == 1.0
    found = at_least.check(rule(0.5), evidence([1.0] * 100))
    assert found.detectable == pytest.approx(2.4865 * math.sqrt(0.01 / 100), rel=1e-4)


def test_evidence_that_was_read_is_the_same_evidence(evidence: Make) -> None:
    read, fresh = evidence([1.0, 0.0]), evidence([1.0, 0.0])
    at_least.check(rule(0.5), read)
    assert read.known != fresh.known
    assert read == fresh
    assert repr(read) == repr(fresh)
