"""Texts to conversations: who says what, in which order, and whether an answer is there to its end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

ASKED = frozenset({"prompt", "instruction", "question", "input", "query", "system"})
ANSWERED = frozenset({"completion", "response", "output", "answer", "answers", "chosen"})
LEFT_OUT = "rejected"
_ROLES = {"human": "user", "gpt": "assistant", "chatgpt": "assistant", "bot": "assistant", "model": "assistant"}
_DANGLING = frozenset(
    {
        "a",
        "an",
        "the",
        "of",
        "to",
        "and",
        "or",
        "but",
        "with",
        "in",
        "on",
        "at",
        "by",
        "for",
        "from",
        "is",
        "are",
        "was",
    }
    | {"were", "be", "that", "which", "because", "as", "if", "than", "into"}
)
_OPEN = re.compile(r"[\w,\-–—(\[{/&]\Z")
_ITEM = re.compile(r"\s*(?:[-*•>|#+]|\(?\w{1,3}[.):])\s")
_PROSE, _LINE = 15, 8


class Turn(NamedTuple):
    """One text of a conversation: its index in the batch, who says it, and what."""

    at: int
    role: str
    text: str


class Conversation(NamedTuple):
    """The turns of one conversation.

    Attributes:
        turns: In their order.
        told: Whether the data says who speaks, rather than the name of a column.
        more: Whether the row has texts of another shape, in which the answer may stand.
    """

    turns: tuple[Turn, ...]
    told: bool
    more: bool

    @property
    def answer(self) -> Turn | None:
        """The last turn, where the assistant has it."""
        return self.turns[-1] if self.turns and self.turns[-1].role == "assistant" else None

    @property
    def asked(self) -> tuple[Turn, ...]:
        """What the last answer is an answer to."""
        return self.turns[:-1] if self.answer else self.turns


def conversations(row: Iterable[tuple[int, str, str, str]]) -> list[Conversation]:
    """Sorts the texts of a row into conversations; metadata and answers that were rejected are none.

    Args:
        row: Index, field, role and text of every text of a row.
    """
    found: dict[str, list[Turn]] = {}
    more = False
    for at, field, role, text in row:
        column, _, rest = field.partition("[")
        if column == LEFT_OUT:
            continue
        if role and rest:
            if rest.endswith(("].content", "].value")) or "].content[" in rest:
                found.setdefault(column, []).append(Turn(at, _ROLES.get(role, role), text))
        elif rest or "." in field:
            more = True
        elif column in ASKED | ANSWERED:
            said = "system" if column == "system" else "user" if column in ASKED else "assistant"
            found.setdefault("", []).append(Turn(at, said, text))
    # The order of columns says nothing: whatever they are, the answer comes last.
    by_role = ("system", "user", "assistant")
    found[""] = sorted(found.get("", ()), key=lambda turn: by_role.index(turn.role))
    return [Conversation(tuple(turns), bool(column), more) for column, turns in found.items() if turns]


def wrong_order(conversation: Conversation) -> tuple[Turn, str] | None:
    """The first turn that cannot stand where it stands, and why; None where all can."""
    before = ""
    for turn in conversation.turns if conversation.told else ():
        if turn.role == "system" and before not in ("", "system"):
            return turn, "a system message after the first turn"
        if turn.role == "assistant" and before in ("", "system"):
            return turn, "the assistant speaks first"
        if turn.role == before and turn.role in ("user", "assistant"):
            return turn, f"two turns of the {turn.role} in a row"
        before = turn.role
    return None


def unanswered(conversation: Conversation) -> Turn | None:
    """The last turn of a conversation without an answer to train on, or an answer of white space."""
    answer = conversation.answer
    if answer is None and conversation.more and not conversation.told:
        return None
    return conversation.turns[-1] if answer is None or not answer.text.strip() else None


def cut_off(text: str) -> str:
    """Why a text seems to end before its end; empty where it does not.

    A heuristic for prose: an answer of few words, a line of a list, a short last line and a closed block of code may
    end without a sign.
    """
    ended = text.rstrip()
    words = ended.split()
    if len(words) < 3:
        return ""
    if ended.count("```") % 2:
        return "a block of code is not closed"
    if words[-1].lower() in _DANGLING:
        return "the last word needs another"
    last = ended.rsplit("\n", 1)[-1]
    prose = len(words) >= _PROSE and len(last.split()) >= _LINE and not _ITEM.match(last) and "```" not in ended
    return "no sentence ends there" if prose and _OPEN.search(ended) else ""


def said(turns: Sequence[Turn]) -> list[str]:
    """Roles and texts of some turns, alternating, without regard to case and white space."""
    return [part for turn in turns for part in (turn.role, " ".join(turn.text.casefold().split()))]
