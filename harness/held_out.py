"""Held-out texts, which a model predicts rather than answers: how they are read, and the name of each one's sample."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from harness.errors import DataError

# The setting under which a model suite names a file of them.
FIELD = "texts"


def sample_name(number: int) -> str:
    """The id of the sample of one text, counted from 1."""
    return f"{FIELD}/{number:05d}"


def named_texts(path: Path) -> Iterator[tuple[str, str]]:
    """Yields every text after the id of its sample.

    Raises:
        DataError: A line has no text, or there are no texts.
    """
    for number, text in enumerate(read_texts(path), start=1):
        yield sample_name(number), text


def read_texts(path: Path) -> list[str]:
    """Reads held-out texts: a field ``text`` in JSON Lines, or paragraphs between empty lines.

    Raises:
        DataError: A line has no text, or there are no texts.
    """
    content = path.read_text(encoding="utf-8")
    if path.suffix == ".jsonl":
        found = [
            _text_of(path, number, line) for number, line in enumerate(content.splitlines(), start=1) if line.strip()
        ]
    else:
        found = [part.strip() for part in re.split(r"\n\s*\n", content) if part.strip()]
    if not found:
        raise DataError(f"'{path}' has no texts", "at least one", "bits per byte need something to predict")
    return found


def _text_of(path: Path, number: int, line: str) -> str:
    try:
        text = json.loads(line)["text"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"'{path}' line {number} has no field 'text'", 'lines such as {"text": "..."}') from error
    if not isinstance(text, str) or not text.strip():
        raise DataError(f"'{path}' line {number} has an empty text", "at least one character", "take the line out")
    return text
