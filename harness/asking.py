"""The order in which items are asked block by block, and the plan of the blocks: both follow from the items alone.

The order is that of a digest of each cluster's name and of the whole item set: as good as drawn by chance, the same on every
machine and for both arms, and not one that whoever writes the items could choose. The items of a cluster stay together.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from harness.stats.sequential import planned
from harness.store import digest_of
from harness.types import Example, Looks


def cluster_name(cluster: str | None, item: str) -> str:
    """The cluster of an item; one without is a cluster of its own."""
    return cluster or f"item {item}"


def in_asking_order(examples: Sequence[Example]) -> tuple[Example, ...]:
    """The items as they are asked, cluster after cluster."""
    salt = digest_of([example.id for example in examples])

    def place(example: Example) -> tuple[str, str]:
        name = cluster_name(example.cluster, example.id)
        return sha256(f"{salt}\x1f{name}".encode()).hexdigest(), name

    return tuple(sorted(examples, key=place))


def looks(examples: Sequence[Example]) -> Looks:
    """The plan for items that are in the order in which they are asked."""
    plan = planned(len(examples), [cluster_name(example.cluster, example.id) for example in examples])
    return Looks(ends=plan.ends, largest=plan.largest)
