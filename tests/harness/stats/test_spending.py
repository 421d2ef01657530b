"""Levels of several looks: published tables, the joint normal distribution, drawn paths, and the edges."""

from __future__ import annotations

import itertools
import math

import numpy
import pytest
import scipy.stats

from harness.stats.intervals import z_quantile
from harness.stats.spending import nominal_alphas, spent


def equal(looks: int) -> tuple[float, ...]:
    return tuple((look + 1) / looks for look in range(looks))


def critical(fractions: tuple[float, ...], alpha: float) -> list[float]:
    return [-z_quantile(level) for level in nominal_alphas(fractions, alpha)]


@pytest.mark.parametrize(
    "values",
    [
        # Lan and DeMets' O'Brien-Fleming-like function at equal looks, one-sided 0.025, as printed for the programs of
        # Reboussin, DeMets, Kim and Lan, Controlled Clinical Trials 21 (2000), 190-207, and by DeMets and Lan,
        # Statistics in Medicine 13 (1994), 1341-1352.
        (2.9626, 1.9686),
        (3.7103, 2.5114, 1.9930),
        (4.3326, 2.9631, 2.3590, 2.0141),
        (4.8769, 3.3569, 2.6803, 2.2898, 2.0310),
    ],
)
def test_equal_looks_have_the_published_critical_values(values: tuple[float, ...]) -> None:
    assert critical(equal(len(values)), 0.025) == pytest.approx(values, abs=1.5e-4)


@pytest.mark.parametrize("alpha", [0.05, 0.025, 0.2])
@pytest.mark.parametrize("fractions", [equal(2), equal(3), equal(4), equal(5), (0.3, 0.35, 0.8, 1.0), (0.55, 0.9, 1.0)])
def test_every_look_spends_what_has_become_free_under_the_joint_distribution(
    fractions: tuple[float, ...], alpha: float
) -> None:
    values, before = critical(fractions, alpha), 1.0
    for look in range(1, len(fractions) + 1):
        correlation = [[math.sqrt(min(a, b) / max(a, b)) for a in fractions[:look]] for b in fractions[:look]]
        joint = scipy.stats.multivariate_normal(cov=correlation, allow_singular=True, maxpts=200_000, abseps=1e-7, seed=1)
        stayed = float(joint.cdf(numpy.array(values[:look])))
        paid = spent(fractions[look - 1], alpha) - (spent(fractions[look - 2], alpha) if look > 1 else 0.0)
        assert before - stayed == pytest.approx(paid, abs=2e-5)
        before = stayed


def test_many_looks_err_together_as_often_as_one() -> None:
    fractions = (*[0.25 + 0.025 * look for look in range(17)], 1.0)
    generator, paths = numpy.random.default_rng(3), 50_000
    steps = numpy.sqrt(numpy.diff((0.0, *fractions)))
    walk = (generator.standard_normal((paths, len(steps))) * steps).cumsum(axis=1)
    crossed = (walk / numpy.sqrt(fractions) > critical(fractions, 0.05)).any(axis=1).mean()
    assert crossed == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / paths))


@pytest.mark.parametrize("alpha", [0.001, 0.05, 0.3])
def test_a_single_look_has_alpha_itself(alpha: float) -> None:
    assert nominal_alphas((1.0,), alpha) == pytest.approx((alpha,), rel=1e-12)
    assert spent(1.0, alpha) == pytest.approx(alpha, rel=1e-12)


def test_alpha_is_five_percent_where_nothing_else_is_said() -> None:
    assert nominal_alphas((0.5, 1.0)) == nominal_alphas((0.5, 1.0), 0.05)


def test_what_is_spent_is_the_tail_beyond_a_growing_quantile() -> None:
    for fraction, alpha in [(0.2, 0.05), (0.5, 0.05), (0.9, 0.01)]:
        tail = 2 * scipy.stats.norm.sf(scipy.stats.norm.isf(alpha / 2) / math.sqrt(fraction))
        assert spent(fraction, alpha) == pytest.approx(tail, rel=1e-12)


def test_the_first_look_spends_its_share_and_the_levels_of_later_looks_rise() -> None:
    for fractions, alpha in itertools.product([equal(5), (0.25, 0.3, 0.65, 1.0)], [0.05, 0.01]):
        levels = nominal_alphas(fractions, alpha)
        assert levels[0] == pytest.approx(spent(fractions[0], alpha), rel=1e-9)
        assert list(levels) == sorted(levels)
        assert spent(fractions[-2], alpha) < levels[-1] < alpha


def test_a_look_too_early_to_spend_anything_cannot_pass_and_costs_nothing() -> None:
    levels = nominal_alphas((0.01, 0.02, 0.5, 1.0), 0.05)
    assert levels[:2] == (0.0, 0.0)
    assert levels[2:] == pytest.approx(nominal_alphas((0.5, 1.0), 0.05), rel=1e-9)


def test_looks_may_lie_as_close_as_a_thousandth() -> None:
    first, second, last = nominal_alphas((0.5, 0.501, 1.0), 0.05)
    assert (first, last) == pytest.approx(nominal_alphas((0.5, 1.0), 0.05), rel=1e-3)
    assert first > second > spent(0.501, 0.05) - spent(0.5, 0.05)


@pytest.mark.parametrize(
    "fractions",
    [(), (0.5,), (0.5, 0.9), (0.5, 0.5, 1.0), (0.6, 0.5, 1.0), (0.0, 1.0), (-0.5, 1.0), (0.5, 1.5, 1.0), (0.5, 0.5005, 1.0),
     (math.nan, 1.0), (0.5, math.nan), (0.0005, 1.0), (0.5, 2.0)],
)  # fmt: skip
def test_shares_that_do_not_rise_to_one_are_no_looks(fractions: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="expected shares that rise to 1"):
        nominal_alphas(fractions, 0.05)


@pytest.mark.parametrize("alpha", [0.0, -0.01, 0.5, 1.0, math.nan])
def test_no_error_and_a_toss_of_a_coin_are_no_alpha(alpha: float) -> None:
    with pytest.raises(ValueError, match=r"between 0 and 0\.5"):
        nominal_alphas((0.5, 1.0), alpha)
