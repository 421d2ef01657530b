"""The user's documents, cut into passages.

A document is a file of text or Markdown, or the field ``text`` of one line of JSON Lines. It is cut at empty lines, and
paragraphs are put together again while they stay within the size asked for. A paragraph that is longer is cut behind
sentences, and a longer sentence between words. Nothing is left out, and nothing overlaps.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import DataError

KINDS = (".jsonl", ".txt", ".md")
_PARAGRAPHS = re.compile(r"\n\s*\n")
_SENTENCES = re.compile(r"(?<=[.!?。！？])\s+")


@dataclass(frozen=True)
class Passage:
    """Some consecutive text of one document, and where that came from."""

    text: str
    source: str


def files_of(path: Path) -> list[Path]:
    """Lists the files of documents that a name stands for: itself, or what a folder holds, in order of their paths.

    Raises:
        DataError: It is a file of another kind, or a folder without documents.
    """
    if path.is_dir():
        found = sorted(each for each in path.rglob("*") if each.is_file() and each.suffix.lower() in KINDS)
        if not found:
            raise DataError(f"'{path}' has no documents", "files that end in " + ", ".join(KINDS))
        return found
    if path.suffix.lower() not in KINDS:
        raise DataError(f"'{path}' is no file of documents", "a folder, or a file that ends in " + ", ".join(KINDS))
    return [path]


def passages(documents: Sequence[Path], most: int) -> tuple[Passage, ...]:
    """Reads documents and cuts them; of passages with the same text the first is kept.

    Args:
        documents: Files and folders.
        most: Words of a passage at most; a word is what stands between white space.

    Raises:
        DataError: A file cannot be read, or there is no text in any of them.
    """
    found: dict[str, Passage] = {}
    for path in (file for each in documents for file in files_of(each)):
        for source, text in _texts(path):
            for piece in cut(text, most):
                found.setdefault(piece, Passage(piece, source))
    # A rule of dashes is a paragraph, but there is nothing in it to be found or read.
    kept = tuple(passage for passage in found.values() if re.search(r"\w", passage.text))
    if not kept:
        names = ", ".join(f"'{path}'" for path in documents)
        raise DataError(f"there is no text in {names}", "at least one document with a word in it")
    return kept


def cut(text: str, most: int) -> list[str]:
    """Cuts one document into pieces of at most so many words."""
    parts: list[str] = []
    for paragraph in (each.strip() for each in _PARAGRAPHS.split(text)):
        parts += [paragraph] if _length(paragraph) <= most else _packed(_sentences(paragraph, most), most, " ")
    return _packed([part for part in parts if part], most, "\n\n")


def _sentences(paragraph: str, most: int) -> Iterator[str]:
    for sentence in _SENTENCES.split(paragraph):
        words = sentence.split()
        yield from (" ".join(words[start : start + most]) for start in range(0, len(words), most))


def _packed(parts: Sequence[str] | Iterator[str], most: int, joint: str) -> list[str]:
    """Joins neighbours as long as they stay within so many words."""
    found: list[list[str]] = []
    room = 0
    for part in parts:
        length = _length(part)
        if length > room or not found:
            found.append([])
            room = most
        found[-1].append(part)
        room -= length
    return [joint.join(group) for group in found]


def _length(text: str) -> int:
    return len(text.split())


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"'{path}' cannot be read: {error}", "text in UTF-8") from error
    if path.suffix.lower() != ".jsonl":
        yield path.name, content
        return
    for number, line in enumerate(content.splitlines(), start=1):
        if line.strip():
            yield f"{path.name} line {number}", _field(path, number, line)


def _field(path: Path, number: int, line: str) -> str:
    try:
        text = json.loads(line)["text"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"'{path}' line {number} has no field 'text'", 'lines such as {"text": "..."}') from error
    if not isinstance(text, str):
        raise DataError(f"'{path}' line {number} has a 'text' that is no text", 'lines such as {"text": "..."}')
    return text
