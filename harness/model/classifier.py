"""Asks a sequence classifier: a text, or two of them as a pair, and the probability of each of its labels."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from harness.errors import ModelError, PromptError
from harness.model.batching import Answered, Shape, batches, halving
from harness.suite import Answer, Request

BATCH_TOKENS, BATCH_ROWS = 8192, 64
_ENDLESS = 10**9
# Their first place is counted from behind the filler.
_OFFSET = ("roberta", "xlm-roberta", "camembert", "longformer", "mpnet")


class _Row(NamedTuple):
    """One request as tokens: what every input of the model holds."""

    index: int
    request: Request
    inputs: dict[str, list[int]]

    @property
    def length(self) -> int:
        return len(self.inputs["input_ids"])


class ClassifierEngine:
    """Asks one loaded classifier; see :class:`harness.model.engine.Engine`.

    Attributes:
        plain: Always None: nothing is packed.
    """

    plain: str | None = None

    def __init__(self, model: Any, tokenizer: Any) -> None:
        """Prepares a model for asking."""
        # Places are counted from the left, so what fills a row stands on the right.
        tokenizer.padding_side = "right"
        self._model, self._tokenizer = model, tokenizer
        self._takes = frozenset(inspect.signature(model.forward).parameters)
        self._names = {int(at): str(name) for at, name in model.config.id2label.items()}
        self._reads = getattr(model, "most_tokens", None) or _most_tokens(model.config, tokenizer)
        self._rows = BATCH_ROWS if model.config.pad_token_id is not None and tokenizer.pad_token_id is not None else 1

    def answers(self, requests: Sequence[Request]) -> Iterator[list[Answered]]:
        """Answers requests batch by batch.

        Raises:
            ModelError: The model put out numbers that are not finite.
            PromptError: A text does not fit; nothing is cut off.
        """
        rows = [_Row(at, each, self._encoded(each)) for at, each in enumerate(requests)]
        self._refuse([row for row in rows if row.length > self._reads], len(rows))
        for batch in batches(rows, lambda row: row.length, lambda row: Shape(1, row.length), self._fits):
            yield halving(batch, self._classified)

    def _fits(self, shape: Shape) -> bool:
        return shape.rows <= self._rows and shape.tokens <= BATCH_TOKENS

    def _encoded(self, request: Request) -> dict[str, list[int]]:
        pair = (request.text, request.continuation) if request.continuation else (request.text,)
        found = self._tokenizer(*pair, truncation=False, verbose=False)
        return {name: list(each) for name, each in found.items() if name in self._takes}

    def _refuse(self, long: list[_Row], total: int) -> None:
        if long:
            raise PromptError(
                f"{len(long)} of {total} texts are too long for the classifier "
                f"(the longest has {max(row.length for row in long)} tokens)",
                f"no more than {self._reads} tokens", "nothing is cut off silently: take one that reads more",
                [row.request for row in long],
            )  # fmt: skip

    def _classified(self, batch: list[_Row]) -> list[Answered]:
        inputs = [row.inputs for row in batch]
        filled = self._tokenizer.pad(inputs, return_tensors="pt") if len(batch) > 1 else _alone(inputs[0])
        logits = self._model(**filled.to(self._model.device)).logits.float()
        several = logits.shape[1] == 1 or self._model.config.problem_type == "multi_label_classification"
        found = (logits.sigmoid() if several else logits.softmax(dim=1)).tolist()
        if not all(math.isfinite(each) for row in found for each in row):
            raise ModelError("the classifier put out numbers that are not finite", "probabilities", "look at its weights")
        return [
            Answered(row.index, Answer(prompt=row.request.text, prompt_tokens=row.length, scores=self._named(each)))
            for row, each in zip(batch, found, strict=True)
        ]

    def _named(self, probabilities: list[float]) -> dict[str, float]:
        return {self._names[at]: each for at, each in enumerate(probabilities)}


def _alone(inputs: dict[str, list[int]]) -> Any:
    import torch
    from transformers import BatchEncoding

    return BatchEncoding({name: torch.tensor([ids]) for name, ids in inputs.items()})


def _most_tokens(config: Any, tokenizer: Any) -> int:
    """The most tokens that a classifier reads at once."""
    places = getattr(config, "max_position_embeddings", None) or _ENDLESS
    if config.model_type in _OFFSET and config.pad_token_id is not None:
        places -= config.pad_token_id + 1
    return int(min(places, tokenizer.model_max_length or _ENDLESS))
