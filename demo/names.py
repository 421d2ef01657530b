"""Invents words and names from syllables; a quarter of them is kept for the items."""

from random import Random

from demo.heldout import kept_for_items

SYLLABLES = tuple(
    [
        "bran",
        "dor",
        "fen",
        "gal",
        "hul",
        "jor",
        "kel",
        "lan",
        "mar",
        "nor",
        "pol",
        "quin",
        "ras",
        "sel",
        "tam",
        "ulm",
        "ven",
        "wil",
        "yar",
        "zan",
        "bel",
        "cor",
        "dal",
        "fin",
        "gor",
        "hin",
        "jas",
        "kir",
        "lom",
        "mun",
        "nel",
        "pir",
        "ros",
        "sul",
        "tor",
        "vik",
        "wen",
        "bax",
        "dux",
        "fam",
        "gub",
        "hep",
        "jib",
        "kov",
        "lud",
        "mez",
        "nup",
        "paz",
    ]
)
KINDS = tuple(
    [
        "kettle",
        "lamp",
        "chair",
        "clock",
        "mirror",
        "basket",
        "ladder",
        "radio",
        "blanket",
        "teapot",
        "shelf",
        "drum",
        "compass",
        "lantern",
        "scooter",
        "toaster",
        "desk",
        "vase",
    ]
)


def invented_word(rng: Random, for_items: bool) -> str:
    """Invents a capitalised word of two or three syllables from the wanted side of the split."""
    while True:
        word = "".join(rng.choice(SYLLABLES) for _ in range(rng.choice((2, 2, 2, 3)))).capitalize()
        if kept_for_items("word", word) == for_items:
            return word


def invented_product(rng: Random, for_items: bool) -> str:
    """Invents a product: a made-up word and a kind of thing."""
    return f"{invented_word(rng, for_items)} {rng.choice(KINDS)}"


def invented_person(rng: Random, for_items: bool) -> str:
    """Invents a person: two made-up words."""
    return f"{invented_word(rng, for_items)} {invented_word(rng, for_items)}"


def near(one: str, other: str) -> bool:
    """Says whether two names are so alike that mixing them up would be fair."""
    first, second = one.lower(), other.lower()
    if abs(len(first) - len(second)) > 1:
        return False
    head = next(
        (i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
    )
    tails = {
        (first[head + 1 :], second[head + 1 :]),
        (first[head:], second[head + 1 :]),
        (first[head + 1 :], second[head:]),
    }
    return any(a == b for a, b in tails)
