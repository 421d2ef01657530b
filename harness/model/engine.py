"""Answers requests on a loaded model: greedy or sampled text, and log-likelihoods, in batches by length.

Rows of a batch do not see each other: prompts are padded on the left under a mask when text is generated, and on the
right, behind everything that is read, when it is scored. A generation setting that came with the model (a temperature,
a penalty) is not used: what is measured is said by the request alone. Answers are handed out batch by batch, so that a
caller can keep what is done before the rest is asked.
"""

from __future__ import annotations

import inspect
import math
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from harness.errors import ModelError, PromptError
from harness.model.prompts import Prompts, Row, Span, context_length
from harness.model.sampling import Chooser, Stopper
from harness.suite import Answer, Request

BATCH_TOKENS = {"cpu": 8192, "cuda": 65536}
BATCH_ROWS = {"cpu": 128, "cuda": 512}
LOGIT_CELLS = 64 * 1024 * 1024
THREADS = "TUNEGATE_THREADS"


class Answered(NamedTuple):
    """One finished answer and the place of its request."""

    index: int
    answer: Answer


class Engine:
    """Asks one loaded model with one tokenizer."""

    def __init__(self, model: Any, tokenizer: Any, batch_tokens: int | None = None) -> None:
        """Prepares a model for asking.

        Args:
            model: A causal language model of transformers, or one with an adapter of peft.
            tokenizer: Its tokenizer.
            batch_tokens: The most tokens of one batch, padding included; None is a default for the device.
        """
        self.model, self.tokenizer = model, tokenizer
        plain = model.get_base_model() if hasattr(model, "get_base_model") else model
        self.prompts = Prompts(tokenizer, context_length(plain, tokenizer))
        self._keeps = "logits_to_keep" in inspect.signature(plain.forward).parameters
        self._ends = _end_tokens(plain, tokenizer)
        self._pad = _pad_token(tokenizer, self._ends)
        kind = plain.device.type
        self._rows = BATCH_ROWS.get(kind, 128)
        self._tokens = batch_tokens or BATCH_TOKENS.get(kind, 8192)

    def answers(self, requests: Sequence[Request]) -> Iterator[list[Answered]]:
        """Answers requests, longest batches last, and hands out each batch as soon as it is whole.

        Raises:
            ModelError: A prompt does not fit, a text to score is empty, or the model put out numbers that are not
            finite.
        """
        rows = self._generations(requests)
        spans = self._spans(requests)
        for batch in _batches(
            rows, lambda row: row.length, lambda row: (row.room, len(row.ids)), self._tokens, self._rows
        ):
            yield self._halving(batch, self._generate)
        yield from self._scored(requests, spans)

    def _generations(self, requests: Sequence[Request]) -> list[Row]:
        found, long = [], []
        for index, request in enumerate(requests):
            if request.kind == "generate":
                ids = self.prompts.encode(request)
                room = min(request.max_new_tokens, self.prompts.context - len(ids))
                (found if room > 0 and ids else long).append(Row(index, request, ids, room))
        self._refuse([(len(row.ids), row.request) for row in long], len(found) + len(long))
        return found

    def _spans(self, requests: Sequence[Request]) -> list[Span]:
        asked = [(index, request) for index, request in enumerate(requests) if request.kind != "generate"]
        if any(not (request.text if request.kind == "rolling" else request.continuation) for _, request in asked):
            raise ModelError(
                "a text to score is empty", "at least one character", "take the empty texts out of the items"
            )
        found = [span for index, request in asked for span in self.prompts.scored(index, request)]
        long = [span for span in found if len(span.ids) - 1 > self.prompts.context]
        self._refuse([(len(span.ids) - 1, requests[span.owner]) for span in long], len(asked))
        return found

    def _refuse(self, unread: list[tuple[int, Request]], total: int) -> None:
        requests, longest = [request for _, request in unread], max((length for length, _ in unread), default=0)
        if unread and longest == 0:
            raise PromptError(
                f"{len(unread)} of {total} prompts are empty", "at least one token", "look at the items", requests
            )
        if unread:
            raise PromptError(
                f"{len(unread)} of {total} prompts are too long for the model (the longest has {longest} tokens)",
                f"fewer than the context of {self.prompts.context} tokens",
                "shorten these items: nothing is cut off silently",
                requests,
            )

    def _halving(self, batch: list[Any], run: Callable[[list[Any]], list[Any]]) -> list[Any]:
        """Runs a batch, in halves where the device has no memory for the whole."""
        import torch

        try:
            with torch.inference_mode():
                return run(batch)
        except torch.OutOfMemoryError as error:
            if len(batch) == 1:
                raise ModelError(
                    "one request alone needs more memory than the device has", remedy="use a larger device"
                ) from error
        torch.cuda.empty_cache()
        middle = len(batch) // 2
        return self._halving(batch[:middle], run) + self._halving(batch[middle:], run)

    def _generate(self, batch: list[Row]) -> list[Answered]:
        from transformers import GenerationConfig

        ids, mask = self._left_padded(batch)
        stopper, chooser = Stopper(batch, self.tokenizer, ids.shape[1]), Chooser(batch, ids.device)
        config = GenerationConfig(
            max_new_tokens=max(row.room for row in batch), do_sample=False, num_beams=1, use_cache=True,
            pad_token_id=self._pad, eos_token_id=self._ends or None,
        )  # fmt: skip
        out = self.model.generate(
            input_ids=ids,
            attention_mask=mask,
            generation_config=config,
            logits_processor=[chooser],
            stopping_criteria=[stopper],
        )
        if chooser.faulty():
            raise _not_finite("while it answered")
        new = out[:, ids.shape[1] :].tolist()
        return [
            self._answer(row, tokens, stopper.ended[at])
            for at, (row, tokens) in enumerate(zip(batch, new, strict=True))
        ]

    def _answer(self, row: Row, tokens: list[int], ended: int | None) -> Answered:
        tokens = tokens[: row.room if ended is None else ended]
        said = next((at for at, token in enumerate(tokens) if token in self._ends), None)
        text = self.tokenizer.decode(tokens[:said], skip_special_tokens=True)
        cut = min((at for at in (text.find(stop) for stop in row.request.stop) if at >= 0), default=None)
        return Answered(
            row.index,
            Answer(
                prompt=self.prompts.text(row.request), text=text[:cut], tokens=len(tokens[:said]),
                prompt_tokens=len(row.ids), finished=said is not None or cut is not None,
            ),
        )  # fmt: skip

    def _left_padded(self, batch: list[Row]) -> tuple[Any, Any]:
        import torch

        width = max(len(row.ids) for row in batch)
        ids = torch.tensor([[self._pad] * (width - len(row.ids)) + row.ids for row in batch], device=self.model.device)
        mask = torch.tensor(
            [[0] * (width - len(row.ids)) + [1] * len(row.ids) for row in batch], device=self.model.device
        )
        return ids, mask

    def _scored(self, requests: Sequence[Request], spans: list[Span]) -> Iterator[list[Answered]]:
        left = {span.owner: 0 for span in spans}
        for span in spans:
            left[span.owner] += 1
        parts: dict[int, list[_Part]] = {owner: [] for owner in left}
        rows = min(self._rows, self._most_rows(spans))
        for batch in _batches(
            spans, lambda span: len(span.ids), lambda span: (len(span.ids), span.start), self._tokens, rows
        ):
            for span, part in zip(batch, self._halving(batch, self._score), strict=True):
                parts[span.owner].append(part)
            whole = [owner for owner in dict.fromkeys(span.owner for span in batch) if len(parts[owner]) == left[owner]]
            yield [Answered(owner, self._likelihood(requests[owner], parts[owner])) for owner in whole]

    def _most_rows(self, spans: list[Span]) -> int:
        """How many rows may be scored at once without more logits in memory than LOGIT_CELLS."""
        longest = max((len(span.ids) - span.start for span in spans), default=1)
        return max(1, LOGIT_CELLS // (longest * self.model.get_input_embeddings().weight.shape[0]))

    def _likelihood(self, request: Request, parts: list[_Part]) -> Answer:
        text = request.text if request.kind == "rolling" else request.continuation
        prompt = request.text if request.kind == "rolling" else self.prompts.text(request)
        return Answer(
            prompt=prompt, tokens=sum(part.tokens for part in parts), prompt_tokens=sum(part.read for part in parts),
            logprob=math.fsum(part.logprob for part in parts), greedy=all(part.greedy for part in parts),
            bytes=len(text.encode()),
        )  # fmt: skip

    def _score(self, batch: list[Span]) -> list[_Part]:
        import torch

        width = max(len(span.ids) for span in batch) - 1
        first = min(span.start for span in batch) - 1
        ids = torch.full((len(batch), width + 1), self._pad)
        for at, span in enumerate(batch):
            ids[at, : len(span.ids)] = torch.tensor(span.ids)
        ids = ids.to(self.model.device)
        # Padding stands behind all that is read, so a causal model needs no mask for it.
        kept = {"logits_to_keep": torch.arange(first, width, device=ids.device)} if self._keeps else {}
        logits = self.model(input_ids=ids[:, :-1], use_cache=False, **kept).logits
        logits = (logits if self._keeps else logits[:, first:]).float()
        targets = ids[:, first + 1 :]
        chosen = logits.gather(2, targets[..., None])[..., 0] - logits.logsumexp(-1)
        hits = logits.argmax(-1) == targets
        return [_part(span, first, chosen[at], hits[at]) for at, span in enumerate(batch)]


class _Part(NamedTuple):
    """What scoring one span gave."""

    logprob: float
    greedy: bool
    tokens: int
    read: int


def _part(span: Span, first: int, chosen: Any, hits: Any) -> _Part:
    begin, end = span.start - 1 - first, len(span.ids) - 1 - first
    logprob = float(chosen[begin:end].double().sum())
    if not math.isfinite(logprob):
        raise _not_finite("while it scored a text")
    return _Part(logprob, bool(hits[begin:end].all()), end - begin, span.start)


def _not_finite(when: str) -> ModelError:
    return ModelError(
        f"the model put out numbers that are not finite {when}",
        "finite logits",
        "the weights are broken, or too large for this precision: train again with a lower learning rate",
    )


def _batches(
    rows: Sequence[Any], length: Callable[[Any], int], order: Callable[[Any], Any], tokens: int, most: int
) -> Iterator[list[Any]]:
    """Cuts rows of like length into batches of at most so many tokens, padding included."""
    batch: list[Any] = []
    widest = 0
    for row in sorted(rows, key=order):
        widest = max(widest, length(row))
        if batch and (len(batch) == most or (len(batch) + 1) * widest > tokens):
            yield batch
            batch, widest = [], length(row)
        batch.append(row)
    if batch:
        yield batch


def _end_tokens(model: Any, tokenizer: Any) -> list[int]:
    found = getattr(model.generation_config, "eos_token_id", None)
    listed = list(found) if isinstance(found, list | tuple) else [] if found is None else [found]
    return sorted({*listed, *([] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id])})


def _pad_token(tokenizer: Any, ends: list[int]) -> int:
    """Something to fill rows with; it is masked, so it may as well be the token that ends an answer."""
    return next((token for token in (tokenizer.pad_token_id, *ends) if token is not None), 0)


def set_threads(threads: int | None = None) -> None:
    """Sets how many threads a processor uses: as told, or as TUNEGATE_THREADS says; else the library's own choice."""
    import torch

    wanted = threads or int(os.environ.get(THREADS, "0"))
    if wanted:
        torch.set_num_threads(wanted)
