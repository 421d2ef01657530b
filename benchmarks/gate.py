"""How often each way of deciding passes a candidate: the gate's paired test, fixed and sequential, beside what others do.

    python -m benchmarks.gate                 20,000 draws a cell, and the exact worst cases
    python -m benchmarks.gate --draws 2000    quicker and coarser

Every cell draws pairs of right and wrong answers, block by block, with the given true change and share of discordant pairs,
and every way decides the same draws by "no more than 3 points worse". The row at -3 is the false pass rate; the row at 0 is
the power. What tunegate decides comes from its own functions; the others are written down from their sources:

    any drop     InstructLab, src/instructlab/model/evaluate.py: a score below the base model's is listed as a regression
    points       TFMA, GenericChangeThreshold(absolute=-0.03): the change of the metric. MLflow's MetricThreshold is the same
                 comparison of two numbers, but for a least gain only
    lm-eval      lm-evaluation-harness, scripts/model_comparator.py: z = (a - b) / sqrt(se_a^2 + se_b^2), two-tailed at 5 %,
                 each error from its own arm; a candidate passes unless it is worse and marked as different
"""

from __future__ import annotations

import argparse
import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy
import scipy.signal
import scipy.stats

from harness.stats.betting import shown_below
from harness.stats.intervals import clopper_pearson_high, z_quantile
from harness.stats.paired import tango
from harness.stats.sequential import FUTILE, levels, planned

MARGIN, ALPHA, BASELINE = 0.03, 0.05, 0.8
SETTINGS = [(825, 0.12), (2000, 0.12), (2000, 0.20)]
CHANGES = [-0.10, -0.05, -0.03, -0.015, 0.0, 0.02]
Z = z_quantile(1 - ALPHA)
# No draw of the settings has as many gains, or losses, as this: limits beyond are not looked for.
REACHED = 600


@dataclass(frozen=True)
class Limits:
    """Where a plan stops after block k: passes from ``fewest[k][lost]`` gains on, fails from ``most[k][gained]`` losses on."""

    ends: tuple[int, ...]
    fewest: Any
    most: Any


def first_lost(n: int, won: Callable[[int, int], bool]) -> list[int]:
    """For every number of one kind of answer the fewest of the other kind that win; n + 1 where none does. It never falls."""
    found, at = [n + 1] * (n + 1), 0
    for other in range(min(n, REACHED) + 1):
        while at + other <= n and not won(at, other):
            at += 1
        found[other] = at if at + other <= n else n + 1
    return found


def passing(n: int, level: float, margin: float) -> list[int]:
    """The fewest gains with which ``max_drop`` passes, for every number of losses."""
    if not level:
        return [n + 1] * (n + 1)
    quantile = z_quantile(1 - level)
    return first_lost(n, lambda gained, lost: tango(gained, lost, n, quantile)[0] > -margin)


def failing(n: int, margin: float) -> list[int]:
    """The fewest losses with which the bet against 40 % of the margin is won, for every number of gains."""

    def won(lost: int, gained: int) -> bool:
        values = [-1.0] * lost + [1.0] * gained + [0.0] * (n - lost - gained)
        return shown_below(values, -FUTILE * margin, ALPHA)

    return first_lost(n, won)


@functools.cache
def limits(n: int, margin: float) -> Limits:
    """Every limit of a plan over n items."""
    plan = planned(n)
    fewest, most = numpy.full((2, len(plan.ends), n + 1), n + 1)
    for index, (end, level) in enumerate(zip(plan.ends, levels(plan, ALPHA), strict=True)):
        fewest[index, : end + 1] = passing(end, level, margin)
        most[index, : end + 1] = failing(end, margin)
    return Limits(plan.ends, fewest, most)


def draw(n: int, discordance: float, change: float, draws: int) -> Any:
    """Answers after every block, shape (draws, blocks, 4): gained, lost, both right, both wrong."""
    gain, loss = (discordance + change) / 2, (discordance - change) / 2
    chances = [gain, loss, BASELINE - loss, 1 - BASELINE - gain]
    sizes = numpy.diff((0, *planned(n).ends))
    generator = numpy.random.default_rng(0)
    return generator.multinomial(sizes, chances, size=(draws, len(sizes))).cumsum(axis=1)


def sequential(counts: Any, plan: Limits) -> dict[str, float]:
    """What the sequential gate did with the draws: the shares passed and failed early, and the mean share of items."""
    gained, lost, blocks = counts[..., 0], counts[..., 1], numpy.arange(len(plan.ends))
    passed = gained >= plan.fewest[blocks, lost]
    stopped = passed | (lost >= plan.most[blocks, gained])
    stopped[:, -1] = True
    at = stopped.argmax(axis=1)
    passes = numpy.take_along_axis(passed, at[:, None], axis=1)[:, 0]
    early = ~passes & (at < len(plan.ends) - 1)
    return {
        "passed": float(passes.mean()),
        "early": float(early.mean()),
        "items": float(numpy.asarray(plan.ends)[at].mean() / plan.ends[-1]),
    }


def lm_eval(gained: Any, lost: Any, both: Any, n: int) -> Any:
    """Whether model_comparator.py does not mark the candidate as different and worse."""
    mine, other = (gained + both) / n, (lost + both) / n
    errors = [rate * (1 - rate) / (n - 1) for rate in (mine, other)]
    return (mine - other) / numpy.sqrt(errors[0] + errors[1]) > -z_quantile(0.975)


def compare(n: int, discordance: float, change: float, draws: int) -> dict[str, float]:
    """The share of the same draws that each way passes, and what the sequential gate needed."""
    counts = draw(n, discordance, change, draws)
    gained, lost, both, _ = (counts[:, -1, kind] for kind in range(4))
    fixed = numpy.asarray(passing(n, ALPHA, MARGIN))
    return {
        "any drop": float((gained >= lost).mean()),
        "points": float((gained - lost >= -MARGIN * n).mean()),
        "lm-eval": float(lm_eval(gained, lost, both, n).mean()),
        "fixed": float((gained >= fixed[lost]).mean()),
        **sequential(counts, limits(n, MARGIN)),
    }


def simulate(draws: int) -> None:
    """Prints what every way decided in every setting."""
    print(f"margin {100 * MARGIN:g} points, alpha {100 * ALPHA:g} %, {draws:,} draws a cell, the same draws for every way")
    print("                                share of candidates passed                 | tunegate, sequential")
    print("   n  discordance  true change  any drop   points  lm-eval  tunegate fixed |  passed  failed early  items used")
    for n, discordance in SETTINGS:
        for change in CHANGES:
            found = compare(n, discordance, change, draws)
            print(
                f"{n:4}  {discordance:11.2f}  {100 * change:+7.1f} pts  {found['any drop']:8.4f} {found['points']:8.4f} "
                f"{found['lm-eval']:8.4f}  {found['fixed']:14.4f} | {found['passed']:7.4f}  {found['early']:12.4f}  "
                f"{found['items']:10.3f}"
            )


def exact(n: int, discordance: float, change: float, margin: float) -> dict[str, float]:
    """The sequential gate's exact chances: the distribution of the answers, carried from block to block."""
    plan, chances = limits(n, margin), [(discordance + change) / 2, (discordance - change) / 2, 1 - discordance]
    room = [min(n, math.ceil(n * chance + 10 * math.sqrt(n * chance) + 10)) + 1 for chance in chances[:2]]
    gained, lost = numpy.ogrid[: room[0], : room[1]]
    left, found, start = numpy.ones((1, 1)), {"passed": 0.0, "early": 0.0, "items": 0.0}, 0
    for index, end in enumerate(plan.ends):
        found["items"] += (end - start) / n * left.sum()
        left = scipy.signal.fftconvolve(left, _block(end - start, chances))[: room[0], : room[1]].clip(0)
        gains, losses = gained[: left.shape[0]], lost[:, : left.shape[1]]
        passed = gains >= plan.fewest[index][losses]
        failed = ~passed & (losses >= plan.most[index][gains])
        found["passed"] += left[passed].sum()
        found["early"] += left[failed].sum() if end < n else 0.0
        left, start = numpy.where(passed | failed, 0.0, left), end
    return found


@functools.lru_cache(maxsize=8)
def _block_of(size: int, gain: float, loss: float) -> Any:
    gained, lost = numpy.ogrid[: size + 1, : size + 1]
    given = scipy.stats.binom.pmf(lost, size - gained, min(1.0, loss / (1 - gain))) if gain < 1 else 1.0 * (lost == 0)
    return scipy.stats.binom.pmf(gained, size, gain) * given


def _block(size: int, chances: Sequence[float]) -> Any:
    """The chance of every number of gains and losses among the answers of one block."""
    return _block_of(size, chances[0], chances[1])


def enumerate_sequential() -> None:
    """Prints the sequential gate's exact figures for the settings above, and the worst false pass rate of small evaluations."""
    print("\nexactly, sequential: passed / failed early / items used")
    print("   n  discordance  " + "  ".join(f"{100 * change:+9.1f} pts      " for change in CHANGES))
    for n, discordance in SETTINGS:
        found = [exact(n, discordance, change, MARGIN) for change in CHANGES]
        cells = "  ".join(f"{each['passed']:.4f}/{each['early']:.4f}/{each['items']:.3f}" for each in found)
        print(f"{n:4}  {discordance:11.2f}  {cells}")
    print("\nexact chance to pass at the margin, sequentially, the worst over discordances from the least there can be to 0.6")
    margins = (0.02, 0.03, 0.05, 0.1)
    print("   n  " + "  ".join(f"margin {100 * margin:g}" for margin in margins))
    for n in (50, 100, 200, 400):
        worst = [max(exact(n, each, -margin, margin)["passed"] for each in _discordances(margin)) for margin in margins]
        print(f"{n:4}  " + "  ".join(f"{each:8.4f}" for each in worst))


def _discordances(margin: float) -> list[float]:
    return [margin + more for more in (0, 0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.5)]


def exact_size(n: int, change: float) -> float:
    """The largest exact chance of Tango's lower bound to exceed the true change, over the share of discordant pairs."""
    fewest = [
        next((won for won in range(n - lost + 1) if tango(won, lost, n, Z)[0] > change), n + 1) for lost in range(n + 1)
    ]
    gains = [max(change, 0.0) + more for more in (0, 0.001, 0.003, 0.006, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.44)]
    return max(_chance(n, gain, gain - change, fewest) for gain in gains if 2 * gain - change <= 1)


def _chance(n: int, gain: float, loss: float, fewest: Sequence[int]) -> float:
    lost = numpy.arange(n + 1)
    given = min(1.0, gain / (1 - loss))
    tails = scipy.stats.binom.sf(numpy.asarray(fewest) - 1, n - lost, given)
    return float(numpy.sum(scipy.stats.binom.pmf(lost, n, loss) * tails))


def enumerate_pairs(sizes: Sequence[int]) -> None:
    """Prints the exact worst case of the two rules that compare with a baseline."""
    print(f"\nexact chance to pass at the bound, fixed, the worst over all discordances, alpha {100 * ALPHA:g} %")
    print("          true change   " + " ".join(f"n={size:<5}" for size in sizes))
    for name, changes in (("max_drop ", (-0.1, -0.05, -0.03, -0.02)), ("must_gain", (0.0, 0.02, 0.05, 0.1))):
        for change in changes:
            cells = " ".join(f"{exact_size(size, change):7.4f}" for size in sizes)
            print(f"{name} {100 * change:+10.0f} pts   {cells}")


def enumerate_rates() -> None:
    """Prints the exact worst case of the rule ``at_least`` (``at_most`` is its mirror image: 1 - bound)."""
    print("\nexact chance to pass 'at_least' at the bound, the worst over all n of a range")
    ranges = [(5, 20), (20, 50), (50, 200)]
    print("  bound   " + "  ".join(f"{low:>4}-{high:<4}" for low, high in ranges))
    for bound in (0.02, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98):
        cells = "  ".join(f"{max(_passed(n, bound) for n in range(low, high)):9.4f}" for low, high in ranges)
        print(f"{bound:7.2f}   {cells}")


def _passed(n: int, bound: float) -> float:
    fewest = next((right for right in range(n + 1) if 1 - clopper_pearson_high(n - right, n, ALPHA) >= bound), n + 1)
    return float(scipy.stats.binom.sf(fewest - 1, n, bound))


def main() -> None:
    """Prints every table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate")
    parser.add_argument("--draws", type=int, default=20_000)
    simulate(parser.parse_args().draws)
    enumerate_sequential()
    enumerate_pairs((3, 5, 8, 11, 15, 20, 30, 55, 80, 100))
    enumerate_rates()


if __name__ == "__main__":
    main()
