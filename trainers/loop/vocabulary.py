"""New pieces for a tokenizer, and rows for them in a model: words of a domain that would be many pieces become one.

A new row begins as the mean of the rows of the pieces that it stands for, at both ends of the model.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from harness.dataset import as_text, rows
from harness.errors import TrainingError
from harness.trainer import TrainRequest
from trainers.loop.parts import embeddings
from trainers.loop.settings import Vocabulary

# A word with the space before it, as most tokenizers cut texts.
_WORD = re.compile(r" ?[^\W\d_]{3,}")
LEAST = 3
COMPARED = 500


@dataclass(frozen=True)
class Extension:
    """A tokenizer with new pieces.

    Attributes:
        tokenizer: With them.
        pieces: The new ones, in the order of their ids.
        old: What each of them was before.
        facts: Their number, and tokens per byte before and after.
    """

    tokenizer: Any
    pieces: tuple[str, ...]
    old: tuple[tuple[int, ...], ...]
    facts: dict[str, JsonValue]

    @property
    def ids(self) -> list[int]:
        """The ids of the new pieces."""
        return list(self.tokenizer.convert_tokens_to_ids(list(self.pieces)))

    def give_rows(self, model: Any) -> None:
        """Gives a model the rows of the new pieces, each the mean of those that it stands for."""
        import torch

        if len(self.tokenizer) > model.get_input_embeddings().weight.shape[0]:
            model.resize_token_embeddings(len(self.tokenizer), mean_resizing=False)
        with torch.no_grad():
            for module in embeddings(model).values():
                for row, old in zip(self.ids, self.old, strict=True):
                    module.weight[row] = module.weight[list(old)].float().mean(0).to(module.weight.dtype)


def extended(request: TrainRequest, told: Vocabulary, tokenizer: Any, again: Any) -> Extension:
    """Adds pieces to a tokenizer: those that are listed, and those that shorten the training rows most.

    Args:
        request: The training.
        told: Which pieces.
        tokenizer: The base's.
        again: The same once more; the pieces are added to this one.

    Raises:
        TrainingError: A listed piece cannot be one of this tokenizer, or nothing was added.
    """
    domain = [text for path in request.rows for text in _texts(path, request, request.columns)]
    listed = list(dict.fromkeys([*told.add, *(_lines(told.pieces) if told.pieces else [])]))
    learnt = learn(domain, tokenizer, told.learn, set(listed))
    known = {piece for piece in (*listed, *learnt) if len(_ids(tokenizer, piece)) < 2}
    wanted = [piece for piece in (*listed, *learnt) if piece not in known]
    _add(again, wanted)
    broken = [piece for piece in wanted if not _is_whole(again, piece)]
    if found := next((piece for piece in broken if piece in listed), None):
        raise TrainingError(f"{found!r} does not come back from this tokenizer as one piece", "pieces that do")
    pieces = [piece for piece in wanted if piece not in broken]
    if not pieces:
        raise TrainingError("'vocabulary' adds no piece", "at least one that is not known", "name others or learn more")
    _check(domain[:COMPARED], tokenizer, again)
    old = tuple(tuple(_ids(tokenizer, piece)) for piece in pieces)
    return Extension(again, tuple(pieces), old, _facts(request, told, domain, tokenizer, again, len(pieces), len(known)))


def learn(texts: Iterable[str], tokenizer: Any, most: int, besides: set[str]) -> list[str]:
    """The words that would save most pieces if each were one: how often a word stands, by the pieces it has beside one."""
    if not most:
        return []
    counted = Counter(word for text in texts for word in _WORD.findall(text))
    often = [(word, count) for word, count in counted.items() if count >= LEAST and word not in besides]
    saved = {word: count * (len(_ids(tokenizer, word)) - 1) for word, count in often}
    return sorted((word for word in saved if saved[word] > 0), key=lambda word: (-saved[word], word))[:most]


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def _ids(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def _add(tokenizer: Any, pieces: Sequence[str]) -> None:
    from transformers import AddedToken

    # A piece with its space before it begins a word; one without would cut longer words apart, so it must be whole.
    tokenizer.add_tokens([
        AddedToken(piece, single_word=not piece[0].isspace(), lstrip=False, rstrip=False, normalized=False)
        for piece in pieces
    ])  # fmt: skip


def _is_whole(tokenizer: Any, piece: str) -> bool:
    ids = _ids(tokenizer, piece)
    return len(ids) == 1 and tokenizer.decode(ids, clean_up_tokenization_spaces=False) == piece


def _check(texts: Sequence[str], tokenizer: Any, again: Any) -> None:
    for text in texts:
        was, now = (each.decode(_ids(each, text), clean_up_tokenization_spaces=False) for each in (tokenizer, again))
        if was != now:
            raise TrainingError(
                "with the new pieces a training text does not come back from the tokenizer as it did",
                "pieces that leave the rest of a text alone", "write pieces with the space before them",
            )  # fmt: skip


def _texts(path: Path, request: TrainRequest, columns: Any) -> Iterator[str]:
    for row in rows(path, request.bad_rows, columns):
        yield as_text(row)


def _facts(
    request: TrainRequest, told: Vocabulary, domain: list[str], before: Any, after: Any, added: int, known: int
) -> dict[str, JsonValue]:
    replay = request.settings.replay
    facts: dict[str, JsonValue] = {"pieces_added": added, "pieces_known": known, "vocabulary": len(after)}
    general = list(_texts(told.general, request, {})) if told.general else []
    if not general and replay is not None:
        general = list(_texts(replay.data, request, replay.columns))
    for name, texts in (("domain", domain), ("general", general)):
        size = sum(len(text.encode()) for text in texts)
        if size:
            for when, tokenizer in (("before", before), ("after", after)):
                tokens = sum(len(_ids(tokenizer, text)) for text in texts)
                facts[f"tokens_per_byte_{name}_{when}"] = round(tokens / size, 4)
    return facts
