"""Turns an endless stream of rows into batches of about one size in tokens."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from demo.lessons import Talk, documents
from demo.tokens import ASSISTANT, BEGIN, END, USER
from demo.world import World

ROWS_AT_ONCE = 1024


@dataclass(frozen=True)
class Encoded:
    """A row as token ids, and which of them the model learns to say."""

    ids: tuple[int, ...]
    said: tuple[bool, ...]


def chat_rows(tokenizer: Any, stream: Iterator[Talk]) -> Iterator[list[Encoded]]:
    """Yields conversations, many at once, of which the answers alone are to be learnt."""
    while True:
        drawn = [next(stream) for _ in range(ROWS_AT_ONCE)]
        parts = [part for talk in drawn for part in _parts(talk)]
        pieces = iter(tokenizer(parts)["input_ids"])
        yield [_joined([next(pieces) for _ in range(2 * len(talk))]) for talk in drawn]


def mixed_rows(rng: Random, world: World, tokenizer: Any, chat: Iterator[list[Encoded]]) -> Iterator[list[Encoded]]:
    """Yields documents and conversations, many at once, of which every token is to be learnt."""
    texts = documents(rng, world)
    while True:
        read = tokenizer([f"{BEGIN}{next(texts)}{END}" for _ in range(ROWS_AT_ONCE // 8)])["input_ids"]
        yield [Encoded(tuple(ids), _all_but_first(ids)) for ids in read + [list(row.ids) for row in next(chat)]]


def _parts(talk: Talk) -> list[str]:
    parts = [part for question, answer in talk for part in (f"{USER}{question}{END}{ASSISTANT}", f"{answer}{END}")]
    return [BEGIN + parts[0], *parts[1:]]


def _joined(parts: list[list[int]]) -> Encoded:
    ids = tuple(piece for part in parts for piece in part)
    return Encoded(ids, tuple(number % 2 == 1 for number, part in enumerate(parts) for _ in part))


def _all_but_first(ids: list[int]) -> tuple[bool, ...]:
    return (False, *[True] * (len(ids) - 1))


def batches(rng: Random, rows: Iterator[list[Encoded]], budget: int) -> Iterator[list[Encoded]]:
    """Yields batches of rows of like length; a batch holds at most `budget` tokens with its padding."""
    for chunk in rows:
        cut: list[list[Encoded]] = [[]]
        for row in sorted(chunk, key=lambda row: len(row.ids)):
            if len(row.ids) * (len(cut[-1]) + 1) > budget:
                cut.append([])
            cut[-1].append(row)
        rng.shuffle(cut)
        yield from cut


def padded(batch: list[Encoded], pad: int) -> tuple[list[list[int]], list[list[bool]]]:
    """Pads a batch on the right and marks the positions whose next token is to be learnt."""
    width = max(len(row.ids) for row in batch)
    ids = [[*row.ids, *[pad] * (width - len(row.ids))] for row in batch]
    marks = [[*row.said[1:], *[False] * (width - len(row.said) + 1)] for row in batch]
    return ids, marks
