"""The lower end of a mean of scores of no known range: Student's, unless a score stands far above the others."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import numpy
import pytest
import scipy.optimize
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.stats.intervals import mean_interval, t_quantile
from harness.stats.paired import paired_difference
from harness.stats.reweighted import least_mean

VALUES = st.floats(-1e3, 1e3, allow_nan=False)


def student(values: Sequence[float], quantile: float) -> float:
    return float(numpy.mean(values) - quantile * scipy.stats.sem(values))


@pytest.mark.parametrize("count", [2, 5, 20, 150])
def test_without_an_outlier_it_is_students_end(count: int) -> None:
    values = [float(at % 2) for at in range(count)]
    quantile = 0.9 * (count - 1) / math.sqrt(count)
    assert least_mean(values, [1] * count, min(quantile, 2.0)) == pytest.approx(student(values, min(quantile, 2.0)))


def test_it_is_the_least_mean_of_any_weights_that_near_to_equal() -> None:
    generator = numpy.random.default_rng(7)
    for count in (6, 12, 24):
        values = generator.standard_t(1.5, count) * 5
        quantile = t_quantile(0.95, count - 1)
        spread = quantile**2 * count / (count - 1)
        found = scipy.optimize.minimize(
            lambda weights, values=values: weights @ values, numpy.full(count, 1 / count), bounds=[(0, 1)] * count,
            constraints=[
                {"type": "eq", "fun": lambda weights: weights.sum() - 1},
                {"type": "ineq", "fun": lambda weights, n=count, most=spread: most - ((n * weights - 1) ** 2).sum()},
            ],
            method="SLSQP", options={"maxiter": 500, "ftol": 1e-12},
        )  # fmt: skip
        assert least_mean(list(values), [1] * count, quantile) == pytest.approx(found.fun, abs=1e-5)


def test_lowering_an_outlier_raises_students_end_and_not_this_one() -> None:
    with_outlier = [1.0 + 0.01 * at for at in range(24)] + [60.0]
    without = [*with_outlier[:-1], 2.0]
    quantile = t_quantile(0.95, 24)
    assert student(without, quantile) > student(with_outlier, quantile) + 1
    ends = [least_mean(values, [1] * 25, quantile) for values in (without, with_outlier)]
    assert student(with_outlier, quantile) < ends[0] <= ends[1]
    # The same for whatever reads it.
    low = [paired_difference([(each, 0.0) for each in values]).interval[0] for values in (without, with_outlier)]
    assert low == ends
    assert [mean_interval(values, 0.9).interval[0] for values in (without, with_outlier)] == ends


@settings(max_examples=150, deadline=None)
@given(
    values=st.lists(VALUES, min_size=20, max_size=30), fall=st.floats(0, 1e3), at=st.integers(0, 29), data=st.data(),
    alpha=st.sampled_from([0.05, 0.00625]),
)  # fmt: skip
def test_no_score_that_falls_raises_the_end(values, fall, at, data, alpha) -> None:
    count = len(values)
    sizes = data.draw(st.one_of(st.just([1] * count), st.lists(st.integers(1, 5), min_size=count, max_size=count)))
    quantile = t_quantile(1 - alpha, len(values) - 1)
    lower = list(values)
    lower[at % len(values)] -= fall
    before = least_mean(values, sizes, quantile)
    assert least_mean(lower, sizes, quantile) <= before + 1e-6
    assert before <= math.fsum(values) / sum(sizes) + 1e-6
    assert before >= min(each / size for each, size in zip(values, sizes, strict=True)) - 1e-6


def test_groups_of_one_size_are_items_of_their_means() -> None:
    sums = [random.Random(3).gauss(0, 5) for _ in range(22)]
    assert least_mean(sums, [4] * 22, 1.7) == pytest.approx(least_mean([each / 4 for each in sums], [1] * 22, 1.7))


def test_groups_that_differ_in_size_are_bounded_near_the_cluster_robust_end() -> None:
    generator = random.Random(11)
    groups = [f"g{generator.randrange(150)}" for _ in range(600)]
    offset = {name: generator.gauss(0, 1) for name in sorted(set(groups))}
    values = [5 + offset[name] + generator.gauss(0, 1) for name in groups]
    found = mean_interval(values, 0.9, groups)
    reach = t_quantile(0.95, len(set(groups)) - 1) * found.stderr
    assert found.interval[0] == pytest.approx(found.value - reach, abs=0.05 * reach)
    assert found.interval[1] == pytest.approx(found.value + reach, abs=0.05 * reach)


def test_all_alike_is_the_mean_itself_and_a_quantile_beyond_all_is_the_least_value() -> None:
    assert least_mean([3.0] * 20, [1] * 20, 1.7) == 3.0
    assert least_mean([1.0, 2.0, 5.0], [1] * 3, 50.0) == 1.0


def test_a_small_quantile_stays_near_the_mean() -> None:
    values = [float(at) for at in range(20)]
    assert least_mean(values, [1] * 20, 0.3) == pytest.approx(student(values, 0.3), rel=1e-12)
    assert least_mean(values, [1] * 20, 0.0) == pytest.approx(9.5, rel=1e-12)


def test_a_quantile_beyond_all_is_the_mean_of_the_lowest_group() -> None:
    assert least_mean([4.0, 6.0, 15.0], [2, 1, 3], 50.0) == pytest.approx(2.0)
    assert least_mean([4.0, 6.0, 7.0], [2, 1, 2], 50.0) == pytest.approx(2.0)


def test_rounding_where_the_last_outlier_just_leaves_is_harmless() -> None:
    assert least_mean([0.0] * 29 + [0.7], [1] * 30, math.nextafter(1, 0)) == 0.0


def test_every_group_has_a_size() -> None:
    with pytest.raises(ValueError, match="zip"):
        least_mean([1.0, 2.0, 3.0], [1, 2], 1.7)
    with pytest.raises(ValueError, match="zip"):
        least_mean([1.0, 2.0, 3.0], [1, 1], 1.7)


@pytest.mark.parametrize("tails", ["normal", "heavy"])
def test_its_error_rate_is_that_which_was_asked_for(tails: str) -> None:
    generator, draws, wrong = numpy.random.default_rng(5), 4000, 0
    made = generator.normal(size=(draws, 20)) if tails == "normal" else generator.standard_t(3, size=(draws, 20))
    quantile = t_quantile(0.95, 19)
    wrong = sum(least_mean(row, [1] * 20, quantile) > 0 for row in made.tolist())
    assert wrong / draws <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / draws)
