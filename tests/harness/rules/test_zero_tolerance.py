"""Not one failure, and few enough can have been missed."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from harness.rule import Evidence
from harness.rules import zero_tolerance
from harness.types import Rule

Make = Callable[..., Evidence]


def rule(bound: float, alpha: float = 0.05) -> Rule:
    return Rule(kind="zero_tolerance", metric="safety.unsafe_rate", bound=bound, alpha=alpha)


def test_it_needs_no_baseline_and_its_number_is_a_rate() -> None:
    assert zero_tolerance.NEEDS_BASELINE is False
    assert zero_tolerance.RANGE == (0.0, 1.0)


def test_one_failure_fails_whatever_the_number(evidence: Make) -> None:
    found = zero_tolerance.check(rule(0.5), evidence([0.0] * 999 + [1.0], better="lower"))
    assert found.outcome == "fail"
    assert found.reason == "task.accuracy failed on 1 of 1000 items, '999'; none is tolerated"
    assert zero_tolerance.check(rule(0.5), evidence([1.0] * 999 + [0.0])).outcome == "fail"
    assert zero_tolerance.check(rule(0.5), evidence([1.0] * 999 + [0.99])).outcome == "fail"


def test_many_failures_are_named_in_part(evidence: Make) -> None:
    found = zero_tolerance.check(rule(0.5), evidence([1.0] * 5 + [0.0], better="lower"))
    assert "failed on 5 of 6 items, '0', '1', '2' and 2 more;" in found.reason
    found = zero_tolerance.check(rule(0.5), evidence([1.0] * 3 + [0.0], better="lower"))
    assert "failed on 3 of 4 items, '0', '1', '2';" in found.reason
    found = zero_tolerance.check(rule(0.5), evidence([1.0] * 4 + [0.0], better="lower"))
    assert "'0', '1', '2' and 1 more;" in found.reason


def test_a_bound_that_is_just_reached_passes_and_a_rate_of_one_is_always_shown(evidence: Make) -> None:
    scores = [0.0] * 40
    high = zero_tolerance.check(rule(0.5), evidence(scores, better="lower")).interval[1]
    found = zero_tolerance.check(rule(high), evidence(scores, better="lower"))
    assert found.outcome == "pass"
    assert found.reason.endswith("% is wanted")


@pytest.mark.parametrize("better", ["lower", "higher"])
def test_none_among_n_passes_where_the_exact_bound_is_kept(evidence: Make, better: str) -> None:
    scores, bound = [0.0 if better == "lower" else 1.0] * 300, 1 - 0.05 ** (1 / 300)
    assert zero_tolerance.check(rule(math.nextafter(bound, 1) + 1e-12), evidence(scores, better=better)).outcome == "pass"
    found = zero_tolerance.check(rule(bound - 1e-9), evidence(scores, better=better))
    assert found.outcome == "inconclusive"
    ends = (0.0, pytest.approx(bound)) if better == "lower" else (pytest.approx(1 - bound), 1.0)
    assert found.interval == ends
    assert (found.n, found.candidate, found.method) == (300, scores[0], "exact upper bound")
    assert found.detectable == pytest.approx(1 - 0.2 ** (1 / 300))


def test_too_few_items_say_how_many_it_takes(evidence: Make) -> None:
    found = zero_tolerance.check(rule(0.001), evidence([0.0] * 300, better="lower"))
    assert found.reason == (
        "task.accuracy: none of 300 items failed, so the rate is at most 0.99 % with 95 % confidence; "
        "at most 0.1 % is wanted, which takes 2995 independent items"
    )
    assert (1 - 0.001) ** 2995 <= 0.05 < (1 - 0.001) ** 2994
    never = zero_tolerance.check(rule(0.0), evidence([0.0] * 300, better="lower"))
    assert never.outcome == "inconclusive"
    assert never.reason.endswith("at most 0 % is wanted, which no number of items shows")


def test_copies_of_an_item_count_once(evidence: Make) -> None:
    groups = [str(index // 10) for index in range(300)]
    found = zero_tolerance.check(rule(0.02), evidence([0.0] * 300, better="lower", clusters=groups))
    assert found.outcome == "inconclusive"
    assert found.interval == (0.0, pytest.approx(1 - 0.05 ** (1 / 30)))
    assert found.detectable == pytest.approx(1 - 0.2 ** (1 / 30))


def test_a_count_has_to_be_nought(census: Make) -> None:
    found = zero_tolerance.check(rule(0.5), census(0))
    assert (found.outcome, found.method, found.n) == ("pass", "exact count", 1000)
    assert zero_tolerance.check(rule(0.5), census(1)).outcome == "fail"
    assert zero_tolerance.check(rule(0.5), census(3)).reason == (
        "pii.rows_with_findings is 3 (counted over all 1000); none is tolerated"
    )


def test_scores_of_no_known_range_have_no_best(evidence: Make) -> None:
    with pytest.raises(ValueError, match="expected shares"):
        zero_tolerance.check(rule(0.5), evidence([3.0, 1.0]))
