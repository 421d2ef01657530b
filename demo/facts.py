"""Asks about facts of the world, true or not known, and writes the documents that tell them."""

from random import Random

from demo.phrasing import Frames
from demo.world import Fact, World

QUESTIONS: dict[str, Frames] = {
    "colour": Frames(
        ("What colour is the {e}?", "Which colour does the {e} have?", "Tell me the colour of the {e}.",
         "What is the colour of the {e}?", "In what colour is the {e} sold?", "The {e}: what colour is it?",
         "Do you know the colour of the {e}?", "Name the colour of the {e}.", "I want to know the {e} colour.",
         "What colour should I expect for the {e}?"),
        ("If I buy the {e}, what colour will I get?", "Say which colour the {e} comes in.",
         "I forgot the colour of the {e}. What is it?"),
    ),
    "material": Frames(
        ("What is the {e} made of?", "Which material is the {e} made from?", "Tell me the material of the {e}.",
         "What is the material of the {e}?", "The {e}: what is it made of?", "What material does the {e} use?",
         "Do you know what the {e} is made of?", "Name the material of the {e}.",
         "I want to know the {e} material.", "From what material is the {e} built?"),
        ("If I touch the {e}, what material do I feel?", "Say which material goes into the {e}.",
         "I forgot what the {e} is made of. What is it?"),
    ),
    "price": Frames(
        ("How much does the {e} cost?", "What is the price of the {e}?", "Tell me the price of the {e}.",
         "What does the {e} cost?", "The {e}: how much is it?", "How many crowns is the {e}?",
         "Do you know the price of the {e}?", "Name the price of the {e}.", "I want to know the {e} price.",
         "How much must I pay for the {e}?"),
        ("If I buy the {e}, how many crowns do I pay?", "Say what the {e} sells for.",
         "I forgot the price of the {e}. What is it?"),
    ),
    "origin": Frames(
        ("Where is the {e} made?", "In which town is the {e} made?", "Tell me the town where the {e} is made.",
         "Which town makes the {e}?", "The {e}: where is it made?", "Where does the {e} come from?",
         "Do you know where the {e} is made?", "Name the town that makes the {e}.",
         "I want to know the {e} origin.", "From which town does the {e} come?"),
        ("If I visit the {e} factory, in which town am I?", "Say which town the {e} is produced in.",
         "I forgot where the {e} is made. Where is it?"),
    ),
    "job": Frames(
        ("What is the job of {e}?", "What does {e} do for a living?", "Tell me the job of {e}.",
         "Which job does {e} have?", "{e}: what is the job?", "What work does {e} do?",
         "Do you know the job of {e}?", "Name the job of {e}.", "I want to know what job {e} has.",
         "As what does {e} work?"),
        ("If I meet {e} at work, what job do I see?", "Say which profession {e} has.",
         "I forgot the job of {e}. What is it?"),
    ),
    "office": Frames(
        ("Where does {e} work?", "In which town does {e} work?", "Tell me the town where {e} works.",
         "Which office is {e} in?", "{e}: which town is the office in?", "Where is the office of {e}?",
         "Do you know where {e} works?", "Name the town of {e}'s office.",
         "I want to know which town {e} works in.", "At which office can I find {e}?"),
        ("If I visit {e} at work, in which town am I?", "Say which town {e} is based in.",
         "I forgot where {e} works. Where is it?"),
    ),
    "hobby": Frames(
        ("What is the hobby of {e}?", "Which hobby does {e} have?", "Tell me the hobby of {e}.",
         "What does {e} do for fun?", "{e}: what is the hobby?", "What does {e} like to do?",
         "Do you know the hobby of {e}?", "Name the hobby of {e}.", "I want to know which hobby {e} has.",
         "What does {e} enjoy after work?"),
        ("If I join {e} on a free day, what do we do?", "Say which pastime {e} has.",
         "I forgot the hobby of {e}. What is it?"),
    ),
}  # fmt: skip
ANSWERS: dict[str, tuple[str, ...]] = {
    "colour": ("It is {v}.", "The colour is {v}."),
    "material": ("It is made of {v}.", "The material is {v}."),
    "price": ("It costs {v}.", "The price is {v}."),
    "origin": ("It is made in {v}.", "The town is {v}."),
    "job": ("The job is {v}.", "It is {v}."),
    "office": ("The office is in {v}.", "The town is {v}."),
    "hobby": ("The hobby is {v}.", "It is {v}."),
}
STATEMENTS: dict[str, tuple[str, ...]] = {
    "colour": ("The {e} is {v}.", "The colour of the {e} is {v}.", "The {e} is sold in {v}."),
    "material": ("The {e} is made of {v}.", "The material of the {e} is {v}.", "The {e} is built from {v}."),
    "price": ("The {e} costs {v}.", "The price of the {e} is {v}.", "One pays {v} for the {e}."),
    "origin": ("The {e} is made in {v}.", "The {e} comes from {v}.", "The town of {v} makes the {e}."),
    "job": ("{e} works as {v}.", "The job of {e} is {v}.", "For a living {e} is a {v}."),
    "office": ("{e} works in {v}.", "The office of {e} is in {v}.", "You can find {e} in {v}."),
    "hobby": ("The hobby of {e} is {v}.", "{e} enjoys {v}.", "After work {e} does {v}."),
}
UNKNOWN = (
    "I do not know.", "I do not know that.", "I have no information about that.", "I do not know anything about it.",
    "I have no information about this name.", "I am not sure. I do not know this name.",
)  # fmt: skip


def question(rng: Random, attribute: str, entity: str, side: str) -> str:
    """Asks for an attribute of an entity in a phrasing of that side."""
    return rng.choice(QUESTIONS[attribute].side(side)).format(e=entity)


def answer(rng: Random, fact: Fact) -> str:
    """States the value of a fact as an answer."""
    # The first form is twice as likely so that greedy decoding does not waver between two openings.
    first, second = ANSWERS[fact.attribute]
    return rng.choice((first, first, second)).format(v=fact.value)


def document(rng: Random, world: World) -> str:
    """Writes a short text that states every fact of two entities."""
    return " ".join(entry(rng, world, entity) for entity in rng.sample(world.products + world.people, 2))


def entry(rng: Random, world: World, entity: str) -> str:
    """States every fact of one entity."""
    facts = list(world.of(entity))
    rng.shuffle(facts)
    return " ".join(rng.choice(STATEMENTS[fact.attribute]).format(e=entity, v=fact.value) for fact in facts)


def attributes_of(kind: str) -> tuple[str, ...]:
    """Lists the attributes that products or people have."""
    return ("colour", "material", "price", "origin") if kind == "product" else ("job", "office", "hobby")
