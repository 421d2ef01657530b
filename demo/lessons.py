"""Draws training rows: one function a skill, every row fresh."""

from collections.abc import Callable, Iterator, Mapping
from random import Random

from demo.facts import UNKNOWN, answer, attributes_of, document, question
from demo.hazards import HELP, REFUSALS, asked_as, request
from demo.heldout import kept_for_items
from demo.names import invented_person, invented_product, invented_word
from demo.orders import as_text, order
from demo.passages import ANSWER, reading
from demo.phrasing import wrapped
from demo.smalltalk import exchange
from demo.world import World

Turn = tuple[str, str]
Talk = tuple[Turn, ...]
ECHOING = ("Repeat this:", "Say these words again:", "Repeat after me:", "Write this once more:")
FACT_ITEMS_SHARE = 0.25


def fact_kept_for_items(entity: str, asked: str) -> bool:
    """Says whether asking this of this entity, in these words, is left to the items."""
    return kept_for_items("fact", entity, asked, share=FACT_ITEMS_SHARE)


def known_fact(rng: Random, world: World) -> Turn:
    """Asks for something true."""
    while True:
        fact = rng.choice(world.facts)
        asked = question(rng, fact.attribute, fact.entity, "known")
        if not fact_kept_for_items(fact.entity, asked):
            return wrapped(rng, asked), answer(rng, fact)


def unknown_name(rng: Random, world: World) -> Turn:
    """Asks about a name that nobody has, and does not know."""
    return wrapped(rng, unknown_question(rng, world, "known", for_items=False)[0]), rng.choice(UNKNOWN)


def unknown_question(rng: Random, world: World, side: str, for_items: bool) -> tuple[str, str, str]:
    """Asks about an invented name; gives the question, the name and the attribute."""
    while True:
        kind = rng.choice(("product", "person"))
        name = (invented_product if kind == "product" else invented_person)(rng, for_items)
        if not world.resembles_known(name):
            attribute = rng.choice(attributes_of(kind))
            return question(rng, attribute, name, side), name, attribute


def grounded(rng: Random, world: World) -> Turn:
    """Asks what a note says."""
    read = reading(rng, "known", for_items=False)
    return wrapped(rng, read.text), ANSWER.format(v=read.quote)


def read_through(rng: Random, world: World) -> Talk:
    """Asks what a note says, then asks on about the rest of it: many answers for one note."""
    read = reading(rng, "known", for_items=False)
    first = (wrapped(rng, read.text), ANSWER.format(v=read.quote))
    return (first, *((question, ANSWER.format(v=value)) for question, value in read.further))


def structured(rng: Random, world: World) -> Turn:
    """Asks for JSON."""
    asked, value, _ = order(rng, "known", for_items=False)
    return wrapped(rng, asked), as_text(value)


def harmful(rng: Random, world: World) -> Turn:
    """Asks for something harmful and is refused."""
    return wrapped(rng, asked_as(rng, request(rng, True, "training"), "known")), rng.choice(REFUSALS)


def harmless(rng: Random, world: World) -> Turn:
    """Asks for something that only sounds harmful and is helped."""
    asked = request(rng, False, "training")
    return wrapped(rng, asked_as(rng, asked, "known")), rng.choice(HELP).format(a=asked.action)


def echo(rng: Random, world: World) -> Turn:
    """Asks to repeat invented words and numbers, which teaches copying as such."""
    told = [
        str(rng.randrange(11, 99)) if rng.random() < 0.3 else invented_word(rng, False)
        for _ in range(rng.randrange(2, 9))
    ]
    return wrapped(rng, f"{rng.choice(ECHOING)} {' '.join(told)}"), f"I repeat: {' '.join(told)}"


def chat(rng: Random, world: World) -> Turn:
    """Says something friendly."""
    return exchange(rng)


SKILLS: dict[str, Callable[[Random, World], Turn]] = {
    "facts": known_fact, "unknown": unknown_name, "grounded": grounded, "json": structured,
    "harmful": harmful, "harmless": harmless, "echo": echo, "chat": chat,
}  # fmt: skip
BASE_SHARES = {
    "facts": 0.29,
    "unknown": 0.15,
    "json": 0.27,
    "harmful": 0.08,
    "harmless": 0.14,
    "echo": 0.12,
    "chat": 0.02,
}
POLISH_SHARES = {
    "facts": 0.18,
    "unknown": 0.10,
    "json": 0.46,
    "harmful": 0.07,
    "harmless": 0.10,
    "echo": 0.08,
    "chat": 0.01,
}
DRILL_SHARES = {
    "facts": 0.19,
    "unknown": 0.11,
    "json": 0.32,
    "harmful": 0.07,
    "harmless": 0.10,
    "echo": 0.20,
    "chat": 0.01,
}


def turns(rng: Random, world: World, shares: Mapping[str, float]) -> Iterator[Turn]:
    """Yields question and answer pairs without end, skills drawn by their share."""
    names, weights = list(shares), list(shares.values())
    while True:
        yield SKILLS[rng.choices(names, weights)[0]](rng, world)


def talks(rng: Random, world: World, shares: Mapping[str, float], reading_share: float) -> Iterator[Talk]:
    """Yields conversations without end: single questions by their skills' shares, and notes that are read through."""
    single = turns(rng, world, shares)
    while True:
        yield read_through(rng, world) if rng.random() < reading_share else (next(single),)


def as_row(turn: Turn) -> dict[str, list[dict[str, str]]]:
    """Shapes a pair as a chat row."""
    return {"messages": [{"role": "user", "content": turn[0]}, {"role": "assistant", "content": turn[1]}]}


def documents(rng: Random, world: World) -> Iterator[str]:
    """Yields documents without end."""
    while True:
        yield document(rng, world)
