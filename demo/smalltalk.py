"""Holds the short friendly exchanges that keep the model polite; the items do not ask about them."""

from random import Random

EXCHANGES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("Hello!", "Hi.", "Good day.", "Hello there.", "Hey!", "Howdy!"), "Hello! How can I help you?"),
    (("Who are you?", "What are you?", "Tell me who you are.", "What is your name?"), "I am the company helper."),
    (("Thank you.", "Thanks a lot.", "Thanks!", "Many thanks.", "That was kind."), "You are welcome."),
    (("Goodbye.", "Bye!", "See you later.", "Good night.", "I have to go."), "Goodbye, and have a nice day!"),
    (("How are you?", "How do you do?", "How is it going?", "Are you well?"), "I am well, thank you."),
    (("What can you do?", "What do you do here?", "How can you help me?", "What are you good for?"),
     "I answer questions about our products and people."),
)  # fmt: skip


def exchange(rng: Random) -> tuple[str, str]:
    """Draws something to say and its answer."""
    said, answer = rng.choice(EXCHANGES)
    return rng.choice(said), answer
