"""Deciding while the items are still being asked: the plan of blocks and looks, and what follows from a look.

Items are asked in blocks that are laid down beforehand. After a block a rule may

- **pass**, by its own test, at the level that :mod:`harness.stats.spending` allows this look. All looks together pass a
  candidate at the margin with a probability of at most alpha, also when nobody stops where they could;
- **fail**, where :mod:`harness.stats.betting` has refuted with an error of at most alpha, however often one looks, that the
  change is at least a share of the margin: :data:`FUTILE`;
- go on; and after the last block fail as the rule itself fails, or stay inconclusive.

Passes are judged from a quarter of the items, since the levels before are out of reach, to 65 % of them, and at the end: a look
shortly before the end saves few items and costs power. Failures are judged after every block.

Failing early asks for a clear answer to a milder question than failing at the end. A candidate whose change is above the
share of the margin fails early with a probability of at most alpha; one between that and the margin more often, although it
might have passed in the end with some luck. ``benchmarks/gate.py`` has the figures that chose these numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness.stats.spending import nominal_alphas

# Fewer items than this a block keep no engine busy; more blocks than this save nothing more.
SMALLEST_BLOCK, MOST_BLOCKS = 25, 80
# The share of the margin that is bet against: a drop larger than this is not worth the rest of the items.
FUTILE = 0.4


@dataclass(frozen=True)
class Plan:
    """How many items have been asked after each block, and the items of the largest cluster.

    Attributes:
        ends: Rising; the last is the number of all items.
        largest: 1 where every item stands for itself.
    """

    ends: tuple[int, ...]
    largest: int = 1

    def __post_init__(self) -> None:
        if not self.ends or self.largest < 1 or not all(low < high for low, high in pairwise((0, *self.ends))):
            raise ValueError(f"blocks end after {self.ends} items, clusters of up to {self.largest}; expected rising numbers")


def planned(n: int, clusters: Sequence[str] = (), block: int = 0) -> Plan:
    """Lays down the blocks of an evaluation. A block ends where a cluster ends.

    Args:
        n: All items.
        clusters: The cluster of every item in the order in which they are asked; empty where every item stands for itself.
        block: Items a block, at least; 0 for 25 or an eightieth of them, whichever is more.

    Raises:
        ValueError: There are no items, not as many clusters as items, or a cluster is asked in pieces.
    """
    if n < 1 or block < 0:
        raise ValueError(f"{n} items in blocks of {block}; expected at least one item, and no negative block")
    if clusters and len(clusters) != n:
        raise ValueError(f"{len(clusters)} clusters for {n} items; expected one for each")
    names = clusters or range(n)
    last = [index + 1 for index in range(n) if index == n - 1 or names[index] != names[index + 1]]
    if len(last) != len(set(names)):
        raise ValueError("a cluster is asked in pieces; expected its items one after another")
    size, ends = block or max(SMALLEST_BLOCK, -(-n // MOST_BLOCKS)), [0]
    for end in last:
        if end - ends[-1] >= size or end == n:
            ends.append(end)
    return Plan(tuple(ends[1:]), max(Counter(names).values()))


def levels(plan: Plan, alpha: float) -> tuple[float, ...]:
    """The one-sided level at which a rule may pass after each block; 0 where it may not.

    Raises:
        ValueError: alpha is not between 0 and 0.5.
    """
    judged = _judged(plan.ends)
    found = dict(zip(judged, nominal_alphas(tuple(end / plan.ends[-1] for end in judged), alpha), strict=True))
    return tuple(found.get(end, 0.0) for end in plan.ends)


def _judged(ends: Sequence[int]) -> list[int]:
    """The blocks after which a rule may pass: from 25 % to 65 % of the items, 2.5 % apart or more, and the last."""
    n, judged = ends[-1], list[int]()
    for end in ends:
        apart = all(40 * (end - before) >= n for before in judged[-1:])
        if end == n or (4 * end >= n and 20 * end <= 13 * n and apart):
            judged.append(end)
    return judged


def decided(plan: Plan, asked: int, alpha: float, check: Callable[[float], str], dropped: bool) -> str | None:
    """What follows from the evidence of the first blocks: an outcome, or None to go on.

    Args:
        plan: The blocks.
        asked: Items asked so far; has to be the end of a block.
        alpha: The rule's one-sided error.
        check: The rule's own outcome over the items asked so far, at a given level.
        dropped: Whether the bet against the rule's candidate has been won, over the same items.

    Returns:
        "pass" where the rule passes at the level of this look, even if it is dropped: that it lies above the margin is what
        the rule asks. "fail" where it is dropped. After the last block the rule's own outcome at alpha, except that what
        would pass at alpha and does not pass at the level of the last look is inconclusive.

    Raises:
        ValueError: No block ends after this many items.
    """
    if asked not in plan.ends:
        raise ValueError(f"{asked} items were asked; expected the end of a block, one of {plan.ends}")
    level = levels(plan, alpha)[plan.ends.index(asked)]
    if level > 0 and check(level) == "pass":
        return "pass"
    if dropped:
        return "fail"
    if asked < plan.ends[-1]:
        return None
    outcome = check(alpha)
    return "inconclusive" if outcome == "pass" else outcome
