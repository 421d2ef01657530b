"""Writes support tickets and the queue each belongs to: the one task that base training never sees."""

from random import Random

from demo.heldout import kept_for_items
from demo.names import KINDS
from demo.phrasing import Frames

QUEUES: dict[str, tuple[str, ...]] = {
    "Dorlan": (
        "arrived with a dent",
        "came with a crack",
        "was broken in the box",
        "has a scratch on the side",
    ),
    "Fenkel": (
        "was charged twice",
        "has a wrong sum on the bill",
        "was paid but the bill is open",
        "is missing from my bill",
    ),
    "Jorvik": (
        "has not arrived yet",
        "is two weeks late",
        "went to the wrong house",
        "is lost in the mail",
    ),
    "Pirsel": (
        "does not switch on",
        "makes a loud noise",
        "gets far too hot",
        "smells of smoke",
    ),
    "Tamsel": (
        "must go back to you",
        "was a gift that I want to return",
        "is the wrong size so I return it",
        "can be collected for a refund",
    ),
    "Zanhul": (
        "has no manual",
        "needs a guide in my language",
        "is hard to set up",
        "came with unclear steps",
    ),
}
SUBJECTS = (
    "My {k}",
    "The {k}",
    "Our new {k}",
    "The {k} I ordered",
    "A {k} from your shop",
    "The second {k}",
    "My mother's {k}",
    "The {k} for our office",
)
TAILS = (
    "",
    "",
    "",
    " Please help.",
    " I am not happy.",
    " What now?",
    " Please reply soon.",
    " It is the second time.",
    " My shop is waiting.",
)
ASKING = Frames(
    (
        "Route this ticket: {t}",
        "Route this ticket. {t}",
        "Ticket to route: {t}",
        "Queue for this ticket: {t}",
        "{t} Route this ticket.",
    ),
    ("Which queue should get this message? {t}", "Sort this into a queue: {t}", "{t} Name the queue."),
)


def ticket(rng: Random, side: str, for_items: bool) -> tuple[str, str, str]:
    """Writes a ticket and gives its text, its queue, and the complaint with its thing as a key."""
    while True:
        queue = rng.choice(sorted(QUEUES))
        thing, complaint = rng.choice(KINDS), rng.choice(QUEUES[queue])
        # The split is on the complaint and the thing together: items combine what training never combined.
        if kept_for_items("ticket", thing, complaint, share=0.4) == for_items:
            told = f"{rng.choice(SUBJECTS).format(k=thing)} {complaint}.{rng.choice(TAILS)}"
            return rng.choice(ASKING.side(side)).format(t=told), queue, f"{complaint}|{thing}"
