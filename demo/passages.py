"""Writes notes about invented things and asks what they say; every value is new, so it must be read."""

from dataclasses import dataclass
from random import Random

from demo.names import invented_word
from demo.phrasing import Frames

# relation -> (questions, kind of value); a note names a value right after its relation
RELATIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "owner": (("Who is the owner of {s}?", "Who owns {s}?"), "word"),
    "keeper": (("Who is the keeper of {s}?", "Who keeps {s}?"), "word"),
    "river": (("Which river is near {s}?", "What is the river of {s}?"), "word"),
    "street": (("On which street is {s}?", "What is the street of {s}?"), "word"),
    "guest": (("Who is the guest of {s}?", "Which guest is at {s}?"), "word"),
    "dog": (("What is the dog of {s} called?", "Which dog lives at {s}?"), "word"),
    "song": (("What is the song of {s}?", "Which song do they sing at {s}?"), "word"),
    "height": (("What is the height of {s}?", "Which height does {s} have?"), "number"),
    "age": (("How old is {s}?", "What is the age of {s}?"), "number"),
    "door": (("What is the door of {s}?", "Which door does {s} have?"), "number"),
}
NOTES = (
    "{s} has the {told}.",
    "At {s} you find the {told}.",
    "We know {s} by the {told}.",
    "In the book {s} stands with the {told}.",
)
PLACES = ("inn", "mill", "bridge", "tower", "museum", "garden", "harbour", "school", "bakery", "theatre")
ASKING = Frames(
    (
        "Read this note. {p} Question: {q}",
        "{p} {q}",
        "Note: {p} {q}",
        "Here is a text: {p} {q}",
        "Use the note to answer. {p} {q}",
        "{q} The note says: {p}",
        "Text: {p} Question: {q}",
        "According to this text, {q} {p}",
        "I found this: {p} {q}",
        "{p} From this note: {q}",
    ),
    (
        "My friend wrote: {p} Now I wonder: {q}",
        "Look at these lines. {p} What do they tell you? {q}",
        "{q} You may look here: {p}",
    ),
)
ANSWER = "The note names the {v}."


@dataclass(frozen=True)
class Reading:
    """A note with a question, the value that answers it, the words to quote, and what else could be asked."""

    text: str
    value: str
    relation: str
    subject: str
    quote: str
    further: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Note:
    """A note on an invented place, and the relations and values that it tells, in its order."""

    subject: str
    text: str
    told: tuple[tuple[str, str], ...]


def note(rng: Random, for_items: bool) -> Note:
    """Writes a note on an invented place, with two to four values."""
    subject = f"the {invented_word(rng, for_items)} {rng.choice(PLACES)}"
    relations = rng.sample(sorted(RELATIONS), rng.choice((2, 3, 3, 4)))
    told = [(relation, _value(rng, relation, for_items)) for relation in relations]
    text = _upper(rng.choice(NOTES).format(s=subject, told=_listed([f"{name} {value}" for name, value in told])))
    return Note(subject, text, tuple(told))


def reading(rng: Random, side: str, for_items: bool) -> Reading:
    """Writes a note and asks for one of its values."""
    read = note(rng, for_items)
    (relation, value), *others = rng.sample(read.told, len(read.told))
    text = rng.choice(ASKING.side(side)).format(p=read.text, q=question(rng, read.subject, relation))
    further = tuple((question(rng, read.subject, name), f"{name} {other}") for name, other in others)
    return Reading(text, value, relation, read.subject, f"{relation} {value}", further)


def _listed(parts: list[str]) -> str:
    return ", the ".join(parts[:-1]) + f" and the {parts[-1]}"


def question(rng: Random, subject: str, relation: str) -> str:
    """Asks for a relation of a place."""
    return rng.choice(RELATIONS[relation][0]).format(s=subject)


def _value(rng: Random, relation: str, for_items: bool) -> str:
    if RELATIONS[relation][1] == "number":
        return str(rng.randrange(11, 99))
    return invented_word(rng, for_items)


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]
