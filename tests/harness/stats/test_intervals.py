"""Intervals of a mean: known values, the edges, and that worse scores never earn a better bound."""

from __future__ import annotations

import math
import random

import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from harness.stats.bounded import mean_low
from harness.stats.intervals import (
    FEWEST_ALIKE,
    clopper_pearson_high,
    cluster_means,
    cluster_stderr,
    is_binary,
    is_graded,
    mean_interval,
    number_ends,
    t_quantile,
    z_quantile,
)

SHARES = st.floats(0, 1).map(lambda value: round(value, 3))


@pytest.mark.parametrize(
    ("successes", "n"), [(0, 10), (1, 10), (5, 10), (10, 10), (1, 1), (0, 1), (81, 263), (812, 813)]
)
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_the_interval_of_a_rate_is_clopper_and_pearsons(successes: int, n: int, confidence: float) -> None:
    expected = proportion_confint(successes, n, 1 - confidence, method="beta")
    found = mean_interval([1.0] * successes + [0.0] * (n - successes), confidence)
    assert found.interval == pytest.approx(expected, abs=1e-12)
    assert (found.value, found.n) == (successes / n, n)


def test_the_ends_of_a_rate_that_is_nought_or_one_are_exact() -> None:
    assert {mean_interval([0.0] * n).interval[0] for n in range(1, 100)} == {0.0}
    assert {mean_interval([1.0] * n).interval[1] for n in range(1, 100)} == {1.0}
    assert clopper_pearson_high(0, 300, 0.05) == pytest.approx(1 - 0.05 ** (1 / 300))
    assert clopper_pearson_high(7, 7, 0.05) == 1.0


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (-1, 3), (4, 3), (0, -1)])
def test_no_proportion_has_no_interval(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="no proportion"):
        clopper_pearson_high(successes, n, 0.05)


def test_other_values_are_estimated_with_students_t() -> None:
    values = [-3.5, 1.0, 2.5, 8.0, 2.0]
    found = mean_interval(values, 0.9)
    error = float(scipy.stats.sem(values))
    assert (found.value, found.n, found.stderr) == (2.0, 5, pytest.approx(error))
    assert found.interval == pytest.approx(scipy.stats.t.interval(0.9, 4, loc=2.0, scale=error))


def test_shares_have_the_bound_of_bounded_values_from_each_side() -> None:
    values = [0.1, 0.7, 0.7, 1.0, 0.35]
    found = mean_interval(values, 0.9)
    assert found.stderr == pytest.approx(float(scipy.stats.sem(values)))
    low = mean_low(values, 0.0, 0.05)
    assert found.interval == pytest.approx((low, 1 - mean_low([1 - value for value in values], 0.0, 0.05)))


def test_one_graded_answer_says_nothing_of_its_spread() -> None:
    found = mean_interval([0.5], 0.9)
    assert found.stderr == math.inf
    assert found.interval == pytest.approx((0.5 * 0.05, 1 - 0.5 * 0.05))


def test_a_cluster_of_copies_is_worth_one_value() -> None:
    values, groups = [1.0] * 18 + [0.0] * 2 + [0.5], [str(index) for index in range(21)]
    alone = mean_interval(values, 0.9)
    copied = mean_interval(values * 4, 0.9, groups * 4)
    assert copied.interval == pytest.approx(alone.interval)
    assert copied.stderr == pytest.approx(alone.stderr)
    assert mean_interval(values * 4, 0.9).interval[0] > alone.interval[0]
    assert mean_interval(values, 0.9, groups) == alone
    with pytest.raises(ValueError, match="2 clusters for 3 values"):
        mean_interval([1.0, 0.0, 1.0], clusters=["a", "b"])


def test_clusters_of_several_sizes_add_no_spread_where_nothing_happens() -> None:
    groups = ["a"] * 3 + ["b"] + [f"g{index}" for index in range(56)]
    sizes = [3, *[1] * 57]
    low, high = mean_interval([1.0] * 60, 0.9, groups).interval
    assert (low, high) == (pytest.approx(1 + mean_low([0.0] * 58, -1.0, 0.05, sizes)), 1.0)
    low, high = mean_interval([0.0] * 60, 0.9, groups).interval
    assert (low, high) == (0.0, pytest.approx(-mean_low([0.0] * 58, -1.0, 0.05, sizes)))


def test_clusters_have_a_mean_and_a_size() -> None:
    assert cluster_means([1.0, 0.5, 0.0, -1.0], ["a", "b", "a", "a"]) == ([0.0, 0.5], [3, 1])
    with pytest.raises(ValueError):
        cluster_means([1.0, 0.5], ["a"])


def test_clustered_values_of_unknown_range_have_the_cluster_robust_interval() -> None:
    values = [7.0, 3.0, 4.0, 5.5, 2.0, 9.0]
    groups = ["a", "a", "b", "b", "c", "c"]
    found = mean_interval(values, 0.9, groups)
    reach = t_quantile(0.95, 2) * cluster_stderr(values, groups)
    assert found.interval == pytest.approx((found.value - reach, found.value + reach))
    assert mean_interval(values, 0.9, ["a"] * 6).interval == (-math.inf, math.inf)


def test_clusters_that_cancel_out_say_nothing() -> None:
    values, groups = [7.0, 3.0] * 5, [str(index // 2) for index in range(10)]
    assert mean_interval(values, 0.9, groups).interval == (-math.inf, math.inf)
    many = [str(index // 2) for index in range(2 * FEWEST_ALIKE)]
    assert mean_interval([7.0, 3.0] * FEWEST_ALIKE, 0.9, many).interval == (5.0, 5.0)


def test_one_value_of_unknown_range_has_the_whole_line() -> None:
    assert mean_interval([7.0]).interval == (-math.inf, math.inf)
    assert mean_interval([7.0]).stderr == math.inf


def test_few_equal_values_of_unknown_range_have_the_whole_line() -> None:
    found = mean_interval([7.0] * (FEWEST_ALIKE - 1))
    assert (found.value, found.stderr, found.interval) == (7.0, math.inf, (-math.inf, math.inf))
    assert mean_interval([7.0] * FEWEST_ALIKE).interval == (7.0, 7.0)
    assert mean_interval([7.0, 7.5]).interval[0] > -math.inf
    assert FEWEST_ALIKE == 20


def test_nothing_has_no_interval() -> None:
    with pytest.raises(ValueError, match="no values"):
        mean_interval([])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_number_has_no_interval(bad: float) -> None:
    with pytest.raises(ValueError, match="not finite"):
        mean_interval([0.5, bad, 1.0])


def test_binary_and_graded_scores_are_told_by_every_value() -> None:
    assert is_binary([0, 1, 1.0, -0.0])
    assert not is_binary([0, 1, 0.5])
    assert is_graded([0.0, 1.0, 0.5])
    assert not is_graded([0.5, 1.0001])
    assert not is_graded([0.5, -0.0001])


def test_the_standard_error_of_one_cluster_is_infinite() -> None:
    assert cluster_stderr([3.0], ["a"]) == math.inf
    assert cluster_stderr([3.0, 4.0], ["a", "a"]) == math.inf
    assert cluster_stderr([1.0, 2.0, 4.0], ["a", "b", "c"]) == pytest.approx(float(scipy.stats.sem([1.0, 2.0, 4.0])))
    with pytest.raises(ValueError, match="zip"):
        cluster_stderr([1.0, 2.0, 3.0], ["a", "b"])


def test_the_quantiles_are_those_of_the_distributions() -> None:
    assert z_quantile(0.95) == pytest.approx(1.6448536269514722)
    assert t_quantile(0.975, 4) == pytest.approx(2.7764451051977987)
    assert t_quantile(0.95, 1) == pytest.approx(6.313751514675043)
    with pytest.raises(ValueError, match="0 degrees of freedom"):
        t_quantile(0.95, 0)


@settings(deadline=None, max_examples=40)
@given(st.lists(SHARES, min_size=1, max_size=12), st.data())
def test_a_worse_score_never_raises_the_lower_bound(values: list[float], data: st.DataObject) -> None:
    worse = [data.draw(st.floats(0, value)) for value in values]
    assert mean_interval(worse, 0.9).interval[0] <= mean_interval(values, 0.9).interval[0] + 1e-12


@settings(deadline=None, max_examples=40)
@given(st.lists(SHARES, min_size=1, max_size=12), st.data())
def test_a_better_score_never_lowers_the_upper_bound(values: list[float], data: st.DataObject) -> None:
    better = [data.draw(st.floats(value, 1)) for value in values]
    assert mean_interval(better, 0.9).interval[1] >= mean_interval(values, 0.9).interval[1] - 1e-12


@settings(deadline=None, max_examples=40)
@given(st.lists(SHARES, min_size=1, max_size=30))
def test_an_interval_holds_its_mean_within_the_range(values: list[float]) -> None:
    found = mean_interval(values)
    low, high = found.interval
    assert 0.0 <= low <= found.value + 1e-12 and found.value - 1e-12 <= high <= 1.0


@settings(deadline=None, max_examples=40)
@given(st.lists(SHARES, min_size=2, max_size=30))
def test_the_order_of_the_scores_does_not_matter(values: list[float]) -> None:
    shuffled = random.Random(0).sample(values, len(values))
    assert mean_interval(shuffled).interval == pytest.approx(mean_interval(values).interval)


def test_a_score_just_below_one_earns_no_better_bound_than_a_one() -> None:
    ones = [1.0] * 20
    assert mean_interval([*ones[1:], 0.999], 0.9).interval[0] <= mean_interval(ones, 0.9).interval[0]


def test_from_twenty_scores_of_no_known_range_on_an_outlier_cannot_lower_the_end() -> None:
    for count, students in ((19, True), (20, False)):
        values, groups = [0.5 + at / 100 for at in range(count - 1)] + [90.0], [str(at) for at in range(count)]
        reach = t_quantile(0.95, count - 1) * cluster_stderr(values, groups)
        low, high = number_ends(values, groups, 0.05)
        assert (low == pytest.approx(sum(values) / count - reach)) is students
        assert high == pytest.approx(sum(values) / count + reach)
    with pytest.raises(ValueError):
        number_ends([2.0, 3.0], ["a"], 0.05)
