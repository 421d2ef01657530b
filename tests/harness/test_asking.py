"""The order in which items are asked block by block, and the plan of the blocks."""

from __future__ import annotations

import random

from harness.asking import in_asking_order, looks
from harness.types import Example


def items(count: int, clusters: int = 0) -> list[Example]:
    return [
        Example(id=f"q{number}", prompt="?", cluster=f"c{number % clusters}" if clusters else None) for number in range(count)
    ]


def test_the_order_follows_from_the_items_and_is_not_theirs() -> None:
    found = in_asking_order(items(200))
    assert found == in_asking_order(items(200))
    assert sorted(each.id for each in found) == sorted(each.id for each in items(200))
    numbers = [int(each.id[1:]) for each in found]
    assert numbers != sorted(numbers)
    # As good as drawn by chance: the first half is not one end of the file.
    assert 60 < sum(1 for number in numbers[:100] if number >= 100) * 2 < 140


def test_another_set_of_items_has_another_order() -> None:
    one = [each.id for each in in_asking_order(items(50))]
    other = [each.id for each in in_asking_order([*items(50), Example(id="new", prompt="?")]) if each.id != "new"]
    assert one != other


def test_the_items_of_a_cluster_stay_together_in_their_order() -> None:
    found = in_asking_order(items(60, clusters=20))
    for first in range(0, 60, 3):
        part = found[first : first + 3]
        assert len({each.cluster for each in part}) == 1
        assert [int(each.id[1:]) for each in part] == sorted(int(each.id[1:]) for each in part)


def test_the_plan_ends_blocks_where_clusters_end() -> None:
    found = looks(in_asking_order(items(300, clusters=30)))
    assert found.largest == 10
    assert found.ends[-1] == 300
    assert all(end % 10 == 0 for end in found.ends)
    assert looks(in_asking_order(items(100))).ends == (25, 50, 75, 100)


def test_shuffling_the_file_changes_the_order_only_with_the_items_digest() -> None:
    shuffled = random.Random(0).sample(items(40), 40)
    assert sorted(each.id for each in in_asking_order(shuffled)) == sorted(each.id for each in in_asking_order(items(40)))
