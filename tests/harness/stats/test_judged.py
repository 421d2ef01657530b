"""What a judge's error does to rates and bounds: against brute force, exact error rates and simulated coverage."""

from __future__ import annotations

import itertools
import math

import numpy
import pytest
from scipy.stats import binom

from harness.stats.judged import Errors, Least, corrected, parts, share_low

PERFECT, HALF = Least(1.0, 1.0), Least(0.5, 0.5)
GRID = [0.0, 0.1, 0.3, 0.5, 0.8, 0.95, 1.0]


def test_a_judge_without_error_changes_no_bound() -> None:
    assert PERFECT.change((-0.03, 0.2)) == (-0.03, 0.2)
    assert PERFECT.level((0.1, 0.4)) == (0.1, 0.4)
    assert PERFECT.kept((-0.1, 0.2), 1.5, -1) == (-0.1, 0.2)
    assert PERFECT.detectable(0.07) == 0.07
    assert (PERFECT.least_judged(0.3), PERFECT.most_judged(0.3), PERFECT.least_gain(0.3)) == (0.3, 0.3, 0.3)


def test_a_judged_change_understates_the_true_one_by_youden() -> None:
    least = Least(0.9, 0.6)
    assert least.youden == pytest.approx(0.5)
    assert least.change((-0.03, 0.02)) == pytest.approx((-0.06, 0.04))
    assert least.change((0.01, 0.02)) == pytest.approx((0.01, 0.04))
    assert least.change((-0.02, -0.01)) == pytest.approx((-0.04, -0.01))
    assert least.change((-0.9, 0.9)) == (-1.0, 1.0)


def test_a_judge_that_tells_nothing_apart_shows_no_change() -> None:
    for useless in (HALF, Least(0.2, 0.3), Least(0.0, 1.0)):
        assert useless.change((0.2, 0.3)) == (-1.0, 1.0)
        assert useless.kept((0.2, 0.3), 0.9, 1) == (-1.0, 1.0)
        assert useless.least_gain(0.1) == -1.0
        assert useless.detectable(0.1) == 1.0


def test_what_the_items_can_show_is_divided_by_youden_and_ends_at_everything() -> None:
    least = Least(0.9, 0.6)
    assert least.detectable(0.1) == pytest.approx(0.2)
    assert least.detectable(0.6) == 1.0


def test_a_ratio_is_off_by_the_false_alarms_on_what_is_not_in_both() -> None:
    least = Least(0.9, 0.8)
    assert least.kept((-0.1, 0.2), 1.25, -1) == pytest.approx((-0.14, 0.2))
    assert least.kept((-0.1, 0.2), 1.25, 1) == pytest.approx((-0.1, 0.24))
    assert least.kept((-0.1, 0.2), 0.5, 1) == pytest.approx((-0.2, 0.2))
    assert least.kept((-0.1, 0.2), 0.5, -1) == pytest.approx((-0.1, 0.3))


def test_the_bounds_of_a_rate_are_its_hand_reckoned_ends() -> None:
    least = Least(0.8, 0.9)
    assert least.level((0.28, 0.4)) == pytest.approx((0.2, 0.5))
    assert least.level((0.05, 0.9)) == (0.0, 1.0)
    assert Least(0.0, 0.0).level((0.5, 0.6)) == (0.0, 1.0)
    assert least.least_judged(0.5) == pytest.approx(0.4)
    assert least.most_judged(0.5) == pytest.approx(0.55)
    assert least.least_gain(0.1) == pytest.approx(0.07)


@pytest.mark.parametrize(("sensitivity", "specificity"), [(0.8, 0.9), (0.95, 0.7), (0.55, 0.5), (1.0, 0.6)])
def test_no_truth_within_the_assumption_lies_outside_the_bounds(sensitivity: float, specificity: float) -> None:
    least = Least(sensitivity, specificity)
    better = [(s, c) for s in (sensitivity, (1 + sensitivity) / 2, 1.0) for c in (specificity, (1 + specificity) / 2, 1.0)]
    for (s, c), p, other in itertools.product(better, GRID, GRID):
        q, of = (1 - c) + (s + c - 1) * p, (1 - c) + (s + c - 1) * other
        low, high = least.level((q, q))
        assert low - 1e-12 <= p <= high + 1e-12
        low, high = least.change((q - of, q - of))
        assert low - 1e-12 <= p - other <= high + 1e-12
        assert least.least_judged(p) - 1e-12 <= q <= least.most_judged(p) + 1e-12
        for ratio, side in itertools.product((0.5, 0.9, 1.0, 1.3), (1, -1)):
            judged, truth = side * (q - ratio * of) / max(1, ratio), side * (p - ratio * other)
            low, high = least.kept((judged, judged), ratio, side)
            assert truth >= -1e-12 or low < 1e-12
            assert truth <= 1e-12 or high > -1e-12


def test_a_bound_is_never_kinder_than_without_the_error_and_falls_with_every_end() -> None:
    least, ends = Least(0.85, 0.9), numpy.linspace(-1, 1, 41)
    for low, high in itertools.combinations(ends, 2):
        new = least.change((low, high))
        assert new[0] <= low and new[1] >= high
    lows = [least.change((low, 1.0))[0] for low in ends]
    highs = [least.level((0.0, high))[1] for high in numpy.linspace(0, 1, 41)]
    assert lows == sorted(lows)
    assert highs == sorted(highs)


@pytest.mark.parametrize(("s", "c", "n"), [(0.9, 0.9, 30), (0.95, 0.8, 60), (0.6, 0.99, 25), (1.0, 0.97, 40)])
def test_both_lower_bounds_hold_together_as_often_as_they_say(s: float, c: float, n: int) -> None:
    error = 0.05
    above = 0.0
    for found, cleared in itertools.product(range(n + 1), repeat=2):
        least = Errors(found, n, cleared, n).least(error)
        if least.sensitivity > s or least.specificity > c:
            above += float(binom.pmf(found, n, s) * binom.pmf(cleared, n, c))
    assert above <= error + 1e-9


def test_each_of_the_two_bounds_has_half_of_the_error() -> None:
    assert Errors(9, 10, 17, 20).least(0.05) == Least(share_low(9, 10, 0.025), share_low(17, 20, 0.025))
    assert Errors(10, 10, 20, 20).least(0.05).sensitivity == pytest.approx(0.025**0.1)
    assert Errors(10, 10, 20, 20).least(0.05).specificity == pytest.approx(0.025**0.05)


def test_a_share_of_nothing_has_no_lower_bound() -> None:
    assert share_low(0, 0, 0.05) == 0.0
    assert share_low(10, 10, 0.05) == pytest.approx(0.05**0.1)
    assert share_low(0, 10, 0.05) == 0.0
    assert Errors(0, 0, 5, 5).least(0.05).sensitivity == 0.0


def test_alpha_is_split_and_nothing_is_lost() -> None:
    items, judge = parts(0.05)
    assert items == pytest.approx(0.045)
    assert items + judge == pytest.approx(0.05)


@pytest.mark.parametrize("counts", [(-1, 5, 1, 5), (6, 5, 1, 5), (1, 5, -1, 5), (1, 5, 6, 5)])
def test_counts_that_cannot_be_are_refused(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="more than its whole"):
        Errors(*counts)


def test_shares_of_labelled_answers() -> None:
    errors = Errors(8, 10, 18, 20)
    assert (errors.sensitivity, errors.specificity) == (0.8, 0.9)
    assert math.isnan(Errors(0, 0, 0, 0).sensitivity)
    assert math.isnan(Errors(0, 0, 0, 0).specificity)


def test_the_estimate_is_rogan_and_gladens() -> None:
    found = corrected(0.35, 1000, Errors(90, 100, 160, 200))
    assert found is not None
    assert found.value == pytest.approx((0.35 + 0.8 - 1) / 0.7)
    assert found.interval[0] < found.value < found.interval[1]


def test_the_interval_is_lang_and_reiczigels_by_hand() -> None:
    """Their equations with their own names: AP, Se, Sp, each with a prime."""
    n, ap, n_se, n_sp, z = 200, 0.3, 50, 80, 1.959963984540054
    se, sp = 45 / n_se, 72 / n_sp
    se_, sp_ = (n_se * se + 1) / (n_se + 2), (n_sp * sp + 1) / (n_sp + 2)
    ap_ = (n * ap + z**2 / 2) / (n + z**2)
    p_ = (ap_ + sp_ - 1) / (se_ + sp_ - 1)
    moved = 2 * z**2 * (p_ * se_ * (1 - se_) / (n_se + 2) - (1 - p_) * sp_ * (1 - sp_) / (n_sp + 2))
    variance = (
        ap_ * (1 - ap_) / (n + z**2) + p_**2 * se_ * (1 - se_) / (n_se + 2) + (1 - p_) ** 2 * sp_ * (1 - sp_) / (n_sp + 2)
    ) / (se_ + sp_ - 1) ** 2
    found = corrected(ap, n, Errors(45, n_se, 72, n_sp))
    assert found is not None
    assert found.interval == pytest.approx((p_ + moved - z * variance**0.5, p_ + moved + z * variance**0.5))


@pytest.mark.parametrize(("p", "s", "c"), [(0.02, 0.9, 0.95), (0.3, 0.8, 0.85), (0.98, 0.9, 0.9)])
def test_the_interval_covers_the_truth_with_the_labelled_answers_drawn_anew(p: float, s: float, c: float) -> None:
    random, n, of = numpy.random.default_rng(3), 300, 100
    covered = 0
    for _ in range(2000):
        errors = Errors(int(random.binomial(of, s)), of, int(random.binomial(of, c)), of)
        found = corrected(random.binomial(n, 1 - c + (s + c - 1) * p) / n, n, errors)
        covered += found is not None and found.interval[0] <= p <= found.interval[1]
    assert covered / 2000 >= 0.94


def test_a_single_item_has_an_estimate() -> None:
    found = corrected(1.0, 1, Errors(45, 50, 45, 50))
    assert found is not None
    assert (found.value, found.interval[1]) == (1.0, 1.0)
    assert found.interval[0] < 0.3


def test_an_estimate_stays_between_nought_and_one() -> None:
    low, high = corrected(0.0, 50, Errors(45, 50, 40, 50)), corrected(1.0, 50, Errors(40, 50, 45, 50))
    assert low is not None and high is not None
    assert low.value == 0.0 == low.interval[0]
    assert high.value == 1.0 == high.interval[1]


@pytest.mark.parametrize("errors", [Errors(0, 0, 5, 5), Errors(5, 5, 0, 0), Errors(5, 10, 5, 10), Errors(1, 10, 2, 10)])
def test_nothing_follows_from_a_judge_that_tells_nothing_apart(errors: Errors) -> None:
    assert corrected(0.5, 100, errors) is None


@pytest.mark.parametrize(("rate", "n"), [(0.5, 0), (-0.1, 10), (1.1, 10), (math.nan, 10)])
def test_a_rate_that_is_none_is_refused(rate: float, n: int) -> None:
    with pytest.raises(ValueError, match="a share of at least one"):
        corrected(rate, n, Errors(9, 10, 9, 10))
