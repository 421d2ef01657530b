"""The lines of a file, or of a part of one, with a bound on how long one may be."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

# Bytes of the longest row. A million empty lists fit into two megabytes of JSON: a row needs far more memory than bytes.
LONGEST = 16 * 2**20
_PIECE = 2**20


@dataclass(frozen=True)
class Span:
    """Whole lines of a file.

    Attributes:
        start: Offset of the first byte.
        end: Offset after the last; None for the end of the file.
        line: 1-based number of the first line.
    """

    start: int = 0
    end: int | None = None
    line: int = 1


@dataclass(frozen=True)
class Line:
    """One line.

    Attributes:
        number: 1-based, in its file.
        end: Offset after it.
        raw: Its bytes with the line break; None where there are more than :data:`LONGEST`.
    """

    number: int
    end: int
    raw: bytes | None


EVERYTHING = Span()


def lines(path: Path, span: Span = EVERYTHING, hashed: hashlib._Hash | None = None) -> Iterator[Line]:
    """Reads the lines of a span, holding one at a time and never more of it than is allowed.

    Args:
        path: The file.
        span: Which of its lines.
        hashed: Is fed every byte that is read.
    """
    with path.open("rb") as file:
        file.seek(span.start)
        place, number = span.start, span.line
        while span.end is None or place < span.end:
            raw = file.readline(LONGEST + 1)
            if not raw:
                return
            if hashed is not None:
                hashed.update(raw)
            place += len(raw)
            long = len(raw) > LONGEST
            if long and not raw.endswith(b"\n"):
                place += _pass_over(file, hashed)
            yield Line(number, place, None if long else raw)
            number += 1


def _pass_over(file: BinaryIO, hashed: hashlib._Hash | None) -> int:
    """Reads to the end of a line and returns how many bytes that were."""
    passed = 0
    while piece := file.readline(_PIECE):
        passed += len(piece)
        if hashed is not None:
            hashed.update(piece)
        if piece.endswith(b"\n"):
            break
    return passed
