"""How often each way of deciding passes a candidate: the gate's paired test beside what people do by eye.

    python -m benchmarks.gate                 20,000 draws a cell, and the exact worst cases
    python -m benchmarks.gate --draws 2000    quicker and coarser

Every cell draws pairs of right and wrong answers with the given true change and share of discordant pairs, and decides them
by "no more than 3 points worse". The row at -3 is the false pass rate; the row at 0 is the power.
"""

from __future__ import annotations

import argparse
import functools
import math
from collections.abc import Callable, Sequence

import numpy
import scipy.stats

from harness.stats.intervals import wilson, z_quantile
from harness.stats.paired import tango

MARGIN, ALPHA, BASELINE = 0.03, 0.05, 0.8
SETTINGS = [(400, 0.12), (400, 0.20), (825, 0.12), (1374, 0.20), (2000, 0.12), (2000, 0.20)]
CHANGES = [-0.05, -0.03, 0.0, 0.02]
Z = z_quantile(1 - ALPHA)


@functools.cache
def paired(gained: int, lost: int, n: int) -> bool:
    """The gate's rule ``max_drop``: Tango's bound lies above -margin."""
    return tango(gained, lost, n, Z)[0] > -MARGIN


def not_below(gained: int, lost: int, _: int) -> bool:
    """The candidate's rate is not below the baseline's."""
    return gained >= lost


def not_below_the_margin(gained: int, lost: int, n: int) -> bool:
    """The candidate's rate is not below the baseline's less the margin."""
    return gained - lost >= -MARGIN * n


def unpaired(gained: int, lost: int, n: int) -> bool:
    """Two independent rates: the z test of non-inferiority, which forgets that both arms answered the same items."""
    mine, other = BASELINE + (gained - lost) / n, BASELINE
    spread = math.sqrt((mine * (1 - mine) + other * (1 - other)) / n)
    return mine - other - Z * spread > -MARGIN


WAYS: dict[str, Callable[[int, int, int], bool]] = {
    "not below": not_below,
    "not below -3": not_below_the_margin,
    "unpaired z": unpaired,
    "tunegate": paired,
}


def pass_rates(n: int, discordance: float, change: float, draws: int, seed: int = 0) -> dict[str, float]:
    """The share of draws that each way of deciding passes."""
    chances = [(discordance + change) / 2, (discordance - change) / 2, 1 - discordance]
    cells = numpy.random.default_rng(seed).multinomial(n, chances, size=draws)
    tables, counts = numpy.unique(cells[:, :2], axis=0, return_counts=True)
    return {
        name: sum(
            int(count) for (gained, lost), count in zip(tables.tolist(), counts, strict=True) if way(gained, lost, n)
        )
        / draws
        for name, way in WAYS.items()
    }


def simulate(draws: int) -> None:
    """Prints the pass rates of every setting."""
    print(
        f"margin {100 * MARGIN:g} points, alpha {100 * ALPHA:g} %, {draws:,} draws a cell; share of candidates passed"
    )
    print("   n  discordance  true change   " + "  ".join(f"{name:>12}" for name in WAYS))
    for n, discordance in SETTINGS:
        for change in CHANGES:
            rates = pass_rates(n, discordance, change, draws)
            cells = "  ".join(f"{rates[name]:12.4f}" for name in WAYS)
            print(f"{n:4}  {discordance:11.2f}  {100 * change:+8.0f} pts   {cells}")


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
    print(f"\nexact chance to pass at the bound, the worst over all discordances, alpha {100 * ALPHA:g} %")
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
    fewest = next((right for right in range(n + 1) if wilson(right, n, 1 - 2 * ALPHA)[0] >= bound), n + 1)
    return float(scipy.stats.binom.sf(fewest - 1, n, bound))


def main() -> None:
    """Prints all three tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate")
    parser.add_argument("--draws", type=int, default=20_000)
    simulate(parser.parse_args().draws)
    enumerate_pairs((3, 5, 8, 11, 15, 20, 30, 55, 80, 100))
    enumerate_rates()


if __name__ == "__main__":
    main()
