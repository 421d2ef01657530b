"""A metric keeps a ratio to the baseline's."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from harness.rule import Evidence
from harness.rules import max_ratio, min_ratio
from harness.stats.paired import paired_difference
from harness.types import Rule

Make = Callable[..., Evidence]


def rule(kind: str, bound: float) -> Rule:
    return Rule(kind=kind, metric="retention.bits_per_byte", bound=bound)


def noisy(factor: float, spread: float = 0.05, n: int = 200) -> tuple[list[float], list[float]]:
    """Numbers around 4 for the baseline, and the candidate's at that factor of them."""
    draw = random.Random(3)
    theirs = [4 + draw.gauss(0, 1) for _ in range(n)]
    return [factor * value + draw.gauss(0, spread) for value in theirs], theirs


def test_both_need_a_baseline_and_a_positive_number() -> None:
    assert min_ratio.NEEDS_BASELINE is max_ratio.NEEDS_BASELINE is True
    assert min_ratio.RANGE[0] == max_ratio.RANGE[0] == 0.0


@pytest.mark.parametrize(
    ("factor", "least", "most"),
    [(1.0, "pass", "pass"), (0.9, "fail", "pass"), (1.1, "pass", "fail"), (0.95, "inconclusive", "pass")],
)
def test_a_ratio_is_kept_lost_or_too_close_to_say(evidence: Make, factor: float, least: str, most: str) -> None:
    found = evidence(*noisy(factor))
    assert min_ratio.check(rule("min_ratio", 0.95), found).outcome == least
    assert max_ratio.check(rule("max_ratio", 1.05), found).outcome == most


def test_it_is_the_paired_test_of_the_difference_to_the_multiple(evidence: Make) -> None:
    mine, theirs = noisy(0.97, spread=0.5)
    low, high = paired_difference([(c, 0.95 * b) for c, b in zip(mine, theirs, strict=True)], 0.05).interval
    assert low > 0
    assert min_ratio.check(rule("min_ratio", 0.95), evidence(mine, theirs)).outcome == "pass"
    low, high = paired_difference([(c, 0.969 * b) for c, b in zip(mine, theirs, strict=True)], 0.05).interval
    assert low < 0 < high
    assert min_ratio.check(rule("min_ratio", 0.969), evidence(mine, theirs)).outcome == "inconclusive"


def test_shares_stay_shares_whatever_the_ratio(evidence: Make) -> None:
    mine, theirs = [1.0] * 60 + [0.0] * 40, [1.0] * 50 + [0.0] * 50
    most = max_ratio.check(rule("max_ratio", 1.5), evidence(mine, theirs))
    expected = paired_difference([(b, c / 1.5) for c, b in zip(mine, theirs, strict=True)], 0.05).interval
    assert (most.outcome == "pass") == (expected[0] >= 0)
    assert most.outcome == "pass"
    assert max_ratio.check(rule("max_ratio", 1.21), evidence(mine, theirs)).outcome == "inconclusive"


def test_the_check_says_the_ratio_and_the_change(evidence: Make) -> None:
    found = max_ratio.check(rule("max_ratio", 1.5), evidence([1.0] * 60 + [0.0] * 40, [1.0] * 50 + [0.0] * 50))
    assert found.reason == (
        "task.accuracy is 1.2 times the baseline (60.0 % after 50.0 %); at most 1.5 times is wanted and it is shown "
        "(with 95 % confidence, n = 100)"
    )
    assert (found.candidate, found.baseline, found.delta, found.n) == (0.6, 0.5, pytest.approx(0.1), 100)


@pytest.mark.parametrize("theirs", [[0.0] * 5, [-1.0] * 5])
def test_there_is_no_ratio_to_nothing(evidence: Make, theirs: list[float]) -> None:
    with pytest.raises(ValueError, match="expected a baseline above 0"):
        min_ratio.check(rule("min_ratio", 0.9), evidence([1.0] * 5, theirs))


def test_without_a_baseline_there_is_no_ratio(evidence: Make) -> None:
    with pytest.raises(ValueError, match=r"^the baseline is 0, and a ratio to it says nothing; expected a baseline above 0$"):
        min_ratio.check(rule("min_ratio", 0.9), evidence([1.0] * 5))


def test_a_share_of_the_baseline_is_tested_at_the_full_size_of_the_scores(evidence: Make) -> None:
    same = [1.0] * 38 + [0.0] * 2
    assert paired_difference([(each, 0.9 * each) for each in same]).interval[0] > 0
    assert paired_difference([(each / 2, 0.9 * each / 2) for each in same]).interval[0] < 0
    assert min_ratio.check(rule("min_ratio", 0.9), evidence(same, same)).outcome == "pass"


def test_a_ratio_that_is_exactly_kept_passes(evidence: Make) -> None:
    assert min_ratio.check(rule("min_ratio", 0.5), evidence([2.0] * 20, [4.0] * 20)).outcome == "pass"
    assert max_ratio.check(rule("max_ratio", 0.5), evidence([2.0] * 20, [4.0] * 20)).outcome == "pass"


def test_a_ratio_that_may_just_be_kept_is_not_called_lost(evidence: Make) -> None:
    theirs, mine = [4.0] * 20, [2.0] * 19 + [1.0]
    low, high = paired_difference([(c, 0.5 * b) for c, b in zip(mine, theirs, strict=True)]).interval
    assert low < 0 == high
    assert min_ratio.check(rule("min_ratio", 0.5), evidence(mine, theirs)).outcome == "inconclusive"
