"""Few-shot examples: turns that stand before a question, read from JSON Lines and chosen once for all questions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from pydantic import ValidationError

from harness.errors import DataError
from harness.types import Message

Shot = tuple[Message, ...]
SHAPES = '{"messages": [...]} that ends with the answer, or {"prompt": ..., "target": ...}'


def read_examples(path: Path) -> tuple[Shot, ...]:
    """Reads examples: whole conversations, or a question (``messages`` or ``prompt``) with its ``target`` or ``completion``.

    Rows of training data and items of a suite can both be read; other fields of theirs are not looked at.

    Raises:
        DataError: A line is no example, or there are none.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"'{path}' cannot be read: {error}", "a file of JSON Lines") from error
    found = tuple(_shot(path, number, line) for number, line in enumerate(lines, start=1) if line.strip())
    if not found:
        raise DataError(f"'{path}' has no examples", f"at least one line such as {SHAPES}")
    return found


def chosen(examples: Sequence[Shot], shots: int | None, seed: int | None) -> tuple[Shot, ...]:
    """Chooses examples: the first ones, or with a seed some drawn without putting back, in the order of the draw."""
    wanted = len(examples) if shots is None else shots
    return tuple(examples[:wanted] if seed is None else Random(f"shots-{seed}").sample(examples, wanted))


def _shot(path: Path, number: int, line: str) -> Shot:
    try:
        turns = _turns(json.loads(line))
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise DataError(f"'{path}' line {number} is no example", SHAPES) from error
    roles = [turn.role for turn in turns]
    if roles != ["user", "assistant"] * (len(roles) // 2) or not roles:
        raise DataError(
            f"'{path}' line {number} has turns of {', '.join(roles) or 'nobody'}",
            "user and assistant in turn, ending with the assistant",
            "a system turn belongs into the arm's 'system'",
        )
    return turns


def _turns(row: Any) -> Shot:
    if not isinstance(row, dict):
        raise TypeError("expected an object")
    turns = [Message(role=each["role"], content=each["content"]) for each in row.get("messages") or ()]
    if not turns:
        turns = [Message(role="user", content=row["prompt"])]
    said = next((row[name] for name in ("target", "completion") if row.get(name) is not None), None)
    if said is not None and turns[-1].role != "assistant":
        turns.append(Message(role="assistant", content=_text(said)))
    return tuple(turns)


def _text(said: Any) -> str:
    """An answer as text; of several accepted ones the first."""
    first = said[0] if isinstance(said, list) and said else said
    return first if isinstance(first, str) else json.dumps(first, ensure_ascii=False)
