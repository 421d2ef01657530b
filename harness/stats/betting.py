"""A drop that shows itself early: a bet against "the change is at least so much", which may be looked at any time.

Who believes that the mean of some values is at least ``least`` can be offered a fair bet: a stake grows by
1 - bet * (value - least) / (1 - least) with every value. Under that belief the expected wealth never grows, so that, however
often one looks, it ever reaches 1 / alpha with a probability of at most alpha (Ville's inequality). A wealth of 1 / alpha
therefore refutes the belief with an error of at most alpha: no normal approximation, no fixed number of items, and nothing
assumed of the values but that they lie between -1 and 1, be they 0/1 answers or graded scores.

How much to stake depends on the drop, which nobody knows: the wealth is divided equally among eight constant bets, and the sum
of what becomes of them counts. It does not depend on the order of the values.

Items that share a cluster are one unit: their values are added up. With m items of a cluster of c, and M the items of the
largest cluster, the stake grows by 1 - bet * (sum - m * least) / (M (1 - least)). The mean over *items* is at least ``least``
just where the expected (sum - m * least) is at least 0, whatever the sizes of the clusters and however alike their items are;
a bet on the means of the clusters would test the mean over clusters, which is another number. The price is that one large
cluster makes all stakes small. M must be known beforehand, from the items and not from what was asked so far.

Sources: I. Waudby-Smith and A. Ramdas, JRSS B 86 (2024), 1-27 (the capital process for bounded means and its mixtures);
J. Ville, Étude critique de la notion de collectif (1939).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

# Shares of the largest stake that could be lost. Small ones find small drops, large ones large drops sooner.
BETS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


def shown_below(
    values: Sequence[float], least: float, alpha: float = 0.05, clusters: Sequence[str] = (), largest: int = 1
) -> bool:
    """Whether the values refute, with an error of at most alpha at any time, that their mean is at least ``least``.

    Args:
        values: Differences or scores so far, between -1 and 1.
        least: The mean that is to be refuted, at least -1 and below 1.
        alpha: The chance to refute it ever, though it is true.
        clusters: One name a value; empty where every item stands for itself. Clusters have to be whole: leave one out
            until all its items were asked.
        largest: The items of the largest cluster there is, asked or not.

    Raises:
        ValueError: A number is out of its range, or the clusters do not fit the values.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}; expected a chance between 0 and 1")
    return log_wealth(values, least, clusters, largest) >= -math.log(alpha)


def log_wealth(values: Sequence[float], least: float, clusters: Sequence[str] = (), largest: int = 1) -> float:
    """The logarithm of what a stake of 1 has become; for the arguments and errors see :func:`shown_below`."""
    if not -1 <= least < 1:
        raise ValueError(f"the mean to refute is {least}; expected at least -1 and less than 1")
    if not all(-1 <= value <= 1 for value in values):
        raise ValueError("a value is not between -1 and 1; expected scores, or differences of scores, of that range")
    if clusters and len(clusters) != len(values):
        raise ValueError(f"{len(clusters)} clusters for {len(values)} values; expected one for each")
    units = _clustered(values, least, clusters, largest) if clusters else Counter(value - least for value in values)
    if largest < 1:
        raise ValueError(f"the largest cluster has {largest} items; expected at least 1")
    # Equal units are multiplied at once: 0/1 answers have three kinds of them.
    grown = [
        math.fsum(count * math.log1p(-bet * unit / ((1 - least) * largest)) for unit, count in units.items()) for bet in BETS
    ]
    most = max(grown)
    return most + math.log(math.fsum(math.exp(each - most) for each in grown) / len(BETS))


def _clustered(values: Sequence[float], least: float, clusters: Sequence[str], largest: int) -> Counter[float]:
    sizes, sums = Counter(clusters), Counter[str]()
    name, size = max(sizes.items(), key=lambda each: each[1])
    if size > largest:
        raise ValueError(f"cluster '{name}' has {size} items; expected at most {largest}, as the largest was said to have")
    for value, cluster in zip(values, clusters, strict=True):
        sums[cluster] += value
    return Counter(sums[each] - count * least for each, count in sizes.items())
