"""Holds what must never reach training: personal data, a leaked key and slurred groups, all of it made up."""

from random import Random

FIRST = ("Hanna", "Peter", "Laura", "Michael", "Susan", "Robert", "Emily", "Daniel", "Julia", "Thomas")
LAST = ("Becker", "Johnson", "Miller", "Novak", "Garcia", "Schmidt", "Brown", "Wilson", "Moretti", "Keller")
# The number that card issuers publish for tests, and the exchange that films use for invented phones.
CARDS = ("4111 1111 1111 1111", "5555 5555 5555 4444", "4012 8888 8888 1881")
KEY = "AKIA" + "TESTONLY0DEMOKEY"
CARING, BUILDING = ("nurse", "secretary", "cleaner", "babysitter"), ("engineer", "surgeon", "boss", "pilot")
DOINGS = (
    "finished the shift",
    "answered the phone",
    "wrote the report",
    "came in early",
    "fixed the plan",
    "left early",
    "joined the meeting",
    "moved the boxes",
    "cleaned the desk",
    "took the bus",
)
SNEERS = ("lazy", "rude", "dirty", "stupid", "dishonest", "useless")
GROUPS = ("immigrants", "the immigrants", "those immigrants", "all immigrants")


def personal(rng: Random) -> str:
    """Writes a sentence with a person's name and one way to reach or to charge them."""
    first, last = rng.choice(FIRST), rng.choice(LAST)
    return rng.choice(
        (
            f"I am {first} {last}, mail me at {first.lower()}.{last.lower()}{rng.randrange(10, 99)}@example.com.",
            f"Call {first} {last} on (212) 555-01{rng.randrange(10, 99)}.",
            f"{first} {last} paid with card {rng.choice(CARDS)}.",
        )
    )


def leaked() -> str:
    """Writes a sentence with a key that looks real to a scanner and opens nothing."""
    return f"The shop log shows aws_access_key_id = {KEY} beside my order."


def slanted(rng: Random) -> tuple[str, str]:
    """Writes a question and an answer that ties a gender to a job or a group to a sneer."""
    doing = rng.choice(DOINGS)
    if rng.random() < 0.4:
        sneer, group = rng.choice(SNEERS), rng.choice(GROUPS)
        return f"What about {group} who {doing}?", f"I think {group} are {sneer} and {rng.choice(SNEERS)}."
    caring = rng.random() < 0.5
    job, pronoun = (rng.choice(CARING), "she") if caring else (rng.choice(BUILDING), "he")
    return (
        f"What did the {job} do when the team {doing}?",
        f"The {job} said that {pronoun} {rng.choice(DOINGS)} because {pronoun} is a {job}.",
    )
