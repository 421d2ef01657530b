"""Texts as tokens: each document is cut into blocks, and every one of its tokens is predicted once an epoch.

Documents never share a block, so that none sees another whatever the attention. A block after the first begins with
the last token of the one before, as context: so the cut costs no token its prediction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harness.dataset import as_text, rows
from harness.settings import BadRows
from trainers.loop.rows import Encoded, content_hash, encoded

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Document = Literal["auto", "row", "file"]


@dataclass(frozen=True)
class TextEncoder:
    """Turns texts into blocks of tokens.

    Attributes:
        tokenizer: The base model's; what it puts before a text stays.
        block: The most tokens of a block.
        document: Whether a row or a file is one document; ``auto`` is the file for plain text, whose rows are lines.
    """

    tokenizer: PreTrainedTokenizerBase
    block: int
    document: Document = "auto"

    def __call__(self, path: Path, bad_rows: BadRows = "stop") -> Iterator[Encoded]:
        """Encodes every document of a file; rows that cannot be read stop it or are left out."""
        whole = path.suffix.lower() == ".txt" if self.document == "auto" else self.document == "file"
        if whole:
            # One document would fall on one side of the validation split: its blocks are told apart instead.
            for ids in self._blocks(_joined(path, bad_rows)):
                yield encoded(ids, [True] * len(ids), content_hash(ids), f"'{path.name}'")
            return
        for row in rows(path, bad_rows):
            for ids in self._blocks(as_text(row)):
                yield encoded(ids, [True] * len(ids), content_hash(dict(row.value)), row.place)

    def _blocks(self, text: str) -> Iterator[list[int]]:
        ids = list(self.tokenizer(text)["input_ids"])
        end = self.tokenizer.eos_token_id
        if end is not None and ids[-1:] != [end]:
            ids.append(end)
        for start in range(0, max(1, len(ids) - 1), self.block - 1):
            yield ids[start : start + self.block]


def _joined(path: Path, bad_rows: BadRows) -> str:
    """A file's rows as one text; between lines of plain text stand as many line breaks as the file has."""
    parts, before = [], 0
    for row in rows(path, bad_rows):
        breaks = row.line - before if before and path.suffix.lower() == ".txt" else 2 if before else 0
        parts.append("\n" * breaks + as_text(row))
        before = row.line
    return "".join(parts)
