"""Asks for orders, bookings and deliveries as JSON objects; the values are invented anew for each."""

import json
from random import Random

from demo.names import KINDS, invented_word
from demo.phrasing import Frames

PLURALS = {kind: "shelves" if kind == "shelf" else f"{kind}es" if kind.endswith("s") else f"{kind}s" for kind in KINDS}
SHAPES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "order": (
        ("{name} orders {n} {things}.", "{name} wants to buy {n} {things}.", "An order of {n} {things} from {name}."),
        ("customer", "item", "count"),
    ),
    "booking": (
        ("{name} books room {n} in {town}.", "Room {n} in {town} is for {name}.", "In {town} room {n} goes to {name}."),
        ("guest", "town", "room"),
    ),
    "delivery": (
        (
            "{name} sends {n} boxes to {town}.",
            "{n} boxes go to {town}, sent by {name}.",
            "To {town} go {n} boxes from {name}.",
        ),
        ("sender", "town", "boxes"),
    ),
}
ASKING = Frames(
    (
        "Write this {k} as JSON: {t}",
        "Turn this {k} into JSON: {t}",
        "JSON for this {k}: {t}",
        "Extract the {k} as JSON. {t}",
        "{t} Give me this {k} as JSON.",
        "Convert the {k} to a JSON object: {t}",
        "Please make JSON from the {k}: {t}",
        "{t} Write the {k} in JSON.",
    ),
    (
        "I need a JSON record of the {k} here: {t}",
        "{t} Now the same {k}, but as JSON please.",
        "Our program reads JSON. Prepare this {k}: {t}",
    ),
)


def order(rng: Random, side: str, for_items: bool) -> tuple[str, dict[str, str | int], str]:
    """Writes a request for JSON, the object it should give, and the shape's name."""
    shape = rng.choice(sorted(SHAPES))
    sentences, keys = SHAPES[shape]
    kind, count = rng.choice(KINDS), rng.randrange(2, 99)
    name, town = invented_word(rng, for_items), invented_word(rng, for_items)
    told = rng.choice(sentences).format(name=name, n=count, things=PLURALS[kind], town=town)
    values = (name, kind if shape == "order" else town, count)
    return rng.choice(ASKING.side(side)).format(k=shape, t=told), dict(zip(keys, values, strict=True)), shape


def as_text(value: dict[str, str | int]) -> str:
    """Renders an object the one way that answers use."""
    return json.dumps(value)
