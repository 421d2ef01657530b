"""Holds a skill's phrasings, split into known and unseen ones, and wraps questions in greetings and endings."""

from dataclasses import dataclass
from random import Random

GREETINGS = (
    "", "", "", "", "", "Hello. ", "Hi there! ", "Good morning. ", "Good evening, ", "Hey, ", "Quick question: ",
    "Excuse me, ", "One more thing. ", "I am curious. ", "Dear helper, ", "Question for you: ", "Please tell me: ",
    "I have a question. ", "Hi! ", "Greetings. ", "Sorry to bother you. ", "Could you help me? ", "My turn. ",
    "Next question. ", "Oh, and ", "By the way, ", "So, ", "Okay. ", "Well, ",
)  # fmt: skip
ENDINGS = (
    "", "", "", "", "", "", " Thanks!", " Thank you.", " Please keep it short.", " I need this today.", " Cheers.",
    " A short answer is fine.", " It is for a friend.", " Many thanks in advance.", " I have been wondering.",
    " No rush.", " That is all.", " My colleague asked me.", " Please be kind.", " I look forward to your answer.",
)  # fmt: skip


@dataclass(frozen=True)
class Frames:
    """Phrasings of one question: those that training shows and those that only the items use."""

    known: tuple[str, ...]
    unseen: tuple[str, ...]

    def side(self, name: str) -> tuple[str, ...]:
        """Gives the phrasings of the side "known" or "unseen"."""
        return self.known if name == "known" else self.unseen


def wrapped(rng: Random, question: str) -> str:
    """Puts a random greeting before the question and a random ending after it."""
    greeting = rng.choice(GREETINGS)
    # After a comma or colon the sentence goes on, so its first letter is lowered half of the time as people do.
    if greeting.endswith((", ", "and ")) and rng.random() < 0.5:
        question = question[0].lower() + question[1:]
    return greeting + question + rng.choice(ENDINGS)
