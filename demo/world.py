"""Makes the fictional company: its products, its people and every fact about them."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from demo.names import KINDS, invented_person, invented_word, near

PRODUCTS = 36
PEOPLE = 36
COLOURS = tuple(
    [
        "amber",
        "scarlet",
        "indigo",
        "silver",
        "violet",
        "crimson",
        "turquoise",
        "ivory",
        "copper",
        "emerald",
        "maroon",
        "lilac",
    ]
)
MATERIALS = tuple(
    ["brass", "oak", "linen", "marble", "bamboo", "leather", "granite", "cork", "walnut", "steel", "porcelain", "felt"]
)
TOWNS = tuple(
    [
        "Harrowby",
        "Dunmere",
        "Oldcastle",
        "Pinfield",
        "Westlow",
        "Marlbeck",
        "Stonegate",
        "Foxhollow",
        "Elmsworth",
        "Ravenby",
        "Cliffton",
        "Brightmoor",
    ]
)
JOBS = tuple(
    [
        "designer",
        "driver",
        "accountant",
        "gardener",
        "welder",
        "librarian",
        "cook",
        "tester",
        "painter",
        "lawyer",
        "porter",
        "chemist",
    ]
)
HOBBIES = tuple(
    [
        "chess",
        "archery",
        "pottery",
        "sailing",
        "juggling",
        "knitting",
        "fencing",
        "skating",
        "baking",
        "climbing",
        "origami",
        "rowing",
    ]
)


@dataclass(frozen=True)
class Fact:
    """One true statement: this entity has this value for this attribute."""

    entity: str
    kind: str
    attribute: str
    value: str


@dataclass(frozen=True)
class World:
    """Everything that is true in one seed's company."""

    seed: int
    products: tuple[str, ...]
    people: tuple[str, ...]
    facts: tuple[Fact, ...]

    def of(self, entity: str) -> tuple[Fact, ...]:
        """Lists the facts about one entity."""
        return tuple(fact for fact in self.facts if fact.entity == entity)

    def resembles_known(self, name: str) -> bool:
        """Says whether a name shares a made-up word, or nearly, with someone or something that exists."""
        words = [word for word in name.split() if word not in KINDS]
        known = [word for entity in self.products + self.people for word in entity.split() if word not in KINDS]
        return any(near(word, other) for word in words for other in known)


def make_world(seed: int) -> World:
    """Makes the world of a seed; the same seed always gives the same world."""
    rng = Random(f"world-{seed}")
    products = _distinct(lambda i: f"{invented_word(rng, for_items=False)} {KINDS[i % len(KINDS)]}", PRODUCTS)
    people = _distinct(lambda _: invented_person(rng, for_items=False), PEOPLE)
    facts = [fact for name in products for fact in _product_facts(rng, name)]
    facts += [fact for name in people for fact in _person_facts(rng, name)]
    return World(seed, products, people, tuple(facts))


def _distinct(invent: Callable[[int], str], count: int) -> tuple[str, ...]:
    names: list[str] = []
    while len(names) < count:
        name = invent(len(names))
        if not any(near(a, b) for a in name.split()[:1] for other in names for b in other.split()[:1]):
            names.append(name)
    return tuple(names)


def _product_facts(rng: Random, name: str) -> list[Fact]:
    values = {
        "colour": rng.choice(COLOURS),
        "material": rng.choice(MATERIALS),
        "price": f"{rng.randrange(12, 99)} crowns",
        "origin": rng.choice(TOWNS),
    }
    return [Fact(name, "product", attribute, value) for attribute, value in values.items()]


def _person_facts(rng: Random, name: str) -> list[Fact]:
    values = {"job": rng.choice(JOBS), "office": rng.choice(TOWNS), "hobby": rng.choice(HOBBIES)}
    return [Fact(name, "person", attribute, value) for attribute, value in values.items()]
