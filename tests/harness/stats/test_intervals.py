"""Intervals of a mean: known values, the edges, and that worse scores never earn a better bound."""

from __future__ import annotations

import math
import random

import numpy
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from harness.stats.intervals import (
    FEWEST_ALIKE,
    graded_low,
    is_binary,
    is_graded,
    mean_interval,
    stderr,
    steady_low,
    t_quantile,
    unseen,
    wilson,
    z_quantile,
)  # fmt: skip

SHARES = st.floats(0, 1).map(lambda value: round(value, 3))


@pytest.mark.parametrize(
    ("successes", "n"), [(0, 10), (1, 10), (5, 10), (10, 10), (1, 1), (0, 1), (81, 263), (812, 813)]
)
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_the_interval_of_a_rate_is_wilsons(successes: int, n: int, confidence: float) -> None:
    expected = proportion_confint(successes, n, 1 - confidence, method="wilson")
    assert wilson(successes, n, confidence) == pytest.approx(expected, abs=1e-12)


def test_wilsons_interval_has_the_values_of_newcombe_1998_table_i() -> None:
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)


def test_the_ends_of_a_rate_that_is_nought_or_one_are_exact() -> None:
    assert {wilson(0, n)[0] for n in range(1, 200)} == {0.0}
    assert {wilson(n, n)[1] for n in range(1, 200)} == {1.0}
    assert 0 < wilson(1, 7)[0] < wilson(1, 7)[1] < wilson(6, 7)[1] < 1


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (-1, 3), (4, 3), (0, -1)])
def test_no_proportion_has_no_interval(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="no proportion"):
        wilson(successes, n)


def test_zeros_and_ones_are_estimated_as_a_rate() -> None:
    found = mean_interval([1, 0, 1, 1])
    assert (found.value, found.n) == (0.75, 4)
    assert found.stderr == pytest.approx(math.sqrt(0.75 * 0.25 / 4))
    assert found.interval == wilson(3, 4, 0.95)
    assert mean_interval([1, 0, 1, 1], 0.8).interval == wilson(3, 4, 0.8)


def test_other_values_are_estimated_with_students_t() -> None:
    values = [-3.5, 1.0, 2.5, 8.0, 2.0]
    found = mean_interval(values, 0.9)
    error = float(scipy.stats.sem(values))
    assert (found.value, found.n, found.stderr) == (2.0, 5, pytest.approx(error))
    assert found.interval == pytest.approx(scipy.stats.t.interval(0.9, 4, loc=2.0, scale=error))


def test_shares_with_a_wide_spread_are_estimated_with_students_t() -> None:
    values = [float(value) for value in numpy.random.default_rng(0).uniform(0.0, 1.0, 400)]
    found = mean_interval(values)
    error = float(scipy.stats.sem(values))
    assert found.stderr == pytest.approx(error)
    assert found.interval == pytest.approx(scipy.stats.t.interval(0.95, 399, loc=found.value, scale=error))


def test_equal_shares_leave_room_for_what_was_not_seen() -> None:
    low, high = mean_interval([0.5] * 100, 0.9).interval
    assert low == pytest.approx(0.5 * 0.05 ** (1 / 100))
    assert high == pytest.approx(1 - low)
    assert mean_interval([0.5] * 100).stderr == 0.0


def test_one_graded_answer_says_nothing_of_its_spread() -> None:
    found = mean_interval([0.5], 0.9)
    assert found.stderr == math.inf
    assert found.interval == (0.0, 1.0)


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


def test_the_standard_error_of_one_value_is_infinite() -> None:
    assert stderr([3.0]) == math.inf
    assert stderr([1.0, 2.0, 4.0]) == pytest.approx(float(scipy.stats.sem([1.0, 2.0, 4.0])))


def test_what_can_be_unseen_is_about_three_in_n() -> None:
    assert unseen(1, 0.05) == pytest.approx(0.95)
    assert unseen(1000, 0.05) == pytest.approx(3 / 1000, rel=4e-3)
    assert (1 - unseen(37, 0.05)) ** 37 == pytest.approx(0.05)


def test_the_quantiles_are_those_of_the_distributions() -> None:
    assert z_quantile(0.95) == pytest.approx(1.6448536269514722)
    assert t_quantile(0.975, 4) == pytest.approx(2.7764451051977987)
    assert t_quantile(0.95, 1) == pytest.approx(6.313751514675043)
    with pytest.raises(ValueError, match="0 degrees of freedom"):
        t_quantile(0.95, 0)


def test_the_steady_bound_is_the_least_over_all_higher_samples() -> None:
    values = [0.1, 0.2, 0.15, 0.9, 0.1]
    plain = {0: _student(values)}
    for raised in range(1, 2 ** len(values)):
        plain[raised] = _student([1.0 if raised >> index & 1 else value for index, value in enumerate(values)])
    assert steady_low(values, 1.0, 0.05) == pytest.approx(min(plain.values()))
    assert min(plain.values()) < plain[0]


def test_the_steady_bound_may_raise_several_values() -> None:
    values = [0.2, 0.1, 0.1, 0.3, 1.7, 1.6, 0.1, 0.2, 0.1, 0.1, 0.1]
    plain = {}
    for raised in range(2 ** len(values)):
        sample = [2.0 if raised >> index & 1 else value for index, value in enumerate(values)]
        plain[raised] = _student(sample)
    least = min(plain, key=plain.__getitem__)
    assert least == 0b110000
    assert steady_low(values, 2.0, 0.05) == pytest.approx(plain[least])


def test_the_steady_bound_of_values_at_their_top_is_the_top() -> None:
    for n in range(2, 60):
        assert steady_low([0.1] * n, 0.1, 0.05) == pytest.approx(0.1)


def test_the_bound_of_graded_scores_is_the_most_cautious_of_those_that_apply() -> None:
    skewed = [0.1] * 19 + [0.9]
    assert graded_low(skewed, 0.9) == steady_low(skewed, 1.0, 0.05) < _student(skewed)
    assert graded_low([0.5] * 20, 0.9) == pytest.approx(0.5 * (1 - unseen(20, 0.05)))
    nearly = [0.999] * 19 + [0.0]
    assert graded_low(nearly, 0.9) == wilson(19, 20, 0.9)[0]
    assert graded_low([1.0, 0.25], 0.9) == wilson(1, 2, 0.9)[0] > 0


def _student(values: list[float]) -> float:
    return float(
        numpy.mean(values) - t_quantile(0.95, len(values) - 1) * numpy.std(values, ddof=1) / len(values) ** 0.5
    )


def test_the_steady_bound_of_an_even_sample_is_students() -> None:
    values = [float(value) for value in numpy.random.default_rng(1).uniform(0, 1, 50)]
    assert steady_low(values, 1.0, 0.05) == pytest.approx(_student(values))
    assert steady_low([0.4], 1.0, 0.05) == -math.inf


@given(st.lists(SHARES, min_size=1, max_size=12), st.data())
def test_a_worse_score_never_raises_the_lower_bound(values: list[float], data: st.DataObject) -> None:
    worse = [data.draw(st.floats(0, value)) for value in values]
    assert mean_interval(worse, 0.9).interval[0] <= mean_interval(values, 0.9).interval[0] + 1e-12


@given(st.lists(SHARES, min_size=1, max_size=12), st.data())
def test_a_better_score_never_lowers_the_upper_bound(values: list[float], data: st.DataObject) -> None:
    better = [data.draw(st.floats(value, 1)) for value in values]
    assert mean_interval(better, 0.9).interval[1] >= mean_interval(values, 0.9).interval[1] - 1e-12


@given(st.lists(SHARES, min_size=1, max_size=30))
def test_an_interval_holds_its_mean_within_the_range(values: list[float]) -> None:
    found = mean_interval(values)
    assert 0.0 <= found.interval[0] <= found.value <= found.interval[1] <= 1.0


@given(st.lists(SHARES, min_size=2, max_size=30))
def test_the_order_of_the_scores_does_not_matter(values: list[float]) -> None:
    shuffled = random.Random(0).sample(values, len(values))
    assert mean_interval(shuffled) == mean_interval(values)


def test_a_score_just_below_one_earns_no_better_bound_than_a_one() -> None:
    ones = [1.0] * 20
    assert mean_interval([*ones[1:], 0.999], 0.9).interval[0] <= mean_interval(ones, 0.9).interval[0]
    assert graded_low([0.999, *[0.0] * 9], 0.9) <= wilson(1, 10, 0.9)[0]


def test_the_lower_end_of_grades_is_the_most_cautious_bound() -> None:
    even = [float(value) for value in numpy.random.default_rng(2).uniform(0, 1, 20)]
    assert graded_low(even, 0.9) == pytest.approx(_student(even))
    assert graded_low([0.5] * 100, 0.9) == pytest.approx(0.5 * 0.05 ** (1 / 100))
    assert graded_low([0.999] * 15 + [0.0] * 5, 0.9) == wilson(15, 20, 0.9)[0]
    assert graded_low([1.0, 0.5], 0.9) == wilson(1, 2, 0.9)[0]


@pytest.mark.parametrize(("values", "top"), [([0.1, 0.1, 0.2, 0.15, 0.8, 0.9], 1.0), ([0.3, 0.4, 0.2, 1.1, 1.2], 2.0)])
def test_the_steady_bound_raises_as_many_outliers_as_it_takes(values: list[float], top: float) -> None:
    every = [
        [top if raised >> index & 1 else value for index, value in enumerate(values)]
        for raised in range(2 ** len(values) - 1)
    ]
    assert steady_low(values, top, 0.05) == pytest.approx(min(map(_student, every)))


def test_rounding_never_makes_a_spread_negative() -> None:
    for n in range(2, 60):
        for value in (0.1, 0.3, 0.7):
            assert steady_low([value] * n, value, 0.05) == pytest.approx(value)


def test_no_success_bounds_a_rate_from_nought_exactly() -> None:
    assert {wilson(0, n)[0] for n in range(1, 300)} == {0.0}
    assert {wilson(n, n)[1] for n in range(1, 300)} == {1.0}
