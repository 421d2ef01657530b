"""The made-up company: the same for a seed, and no two names alike."""

from random import Random

from demo.heldout import fraction, kept_for_items
from demo.names import invented_word, near
from demo.world import make_world


def test_a_seed_always_makes_the_same_world() -> None:
    assert make_world(5) == make_world(5)
    assert make_world(5).facts != make_world(6).facts


def test_a_world_has_36_products_of_4_facts_and_36_people_of_3() -> None:
    world = make_world(1)
    assert (len(set(world.products)), len(set(world.people))) == (36, 36)
    assert len(world.facts) == 36 * 4 + 36 * 3


def test_known_names_are_on_the_training_side() -> None:
    world = make_world(1)
    assert not any(kept_for_items("word", word) for name in world.people for word in name.split())


def test_an_invented_word_is_on_the_side_that_was_asked_for() -> None:
    rng = Random(1)
    assert all(kept_for_items("word", invented_word(rng, side)) == side for side in (True, False) for _ in range(50))


def test_the_split_does_not_depend_on_the_machine() -> None:
    assert fraction("word", "Dorlan") == fraction("word", "Dorlan")
    assert 0 <= fraction("a", "b") < 1
    assert fraction("a", "bc") != fraction("ab", "c")


def test_names_one_letter_apart_are_near() -> None:
    assert near("Dorlan", "Dorlen")
    assert near("Dorlan", "Dorla")
    assert not near("Dorlan", "Fenkel")
