"""Chat rows as tokens: the loss counts what the assistant says, with the token that ends its turn, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harness.dataset import Row, as_messages, kind_of, rows
from harness.errors import DataError, ModelError
from harness.settings import BadRows
from trainers.loop.rows import Encoded, content_hash, encoded

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

CHATS = ("messages", "sharegpt", "prompt_completion", "alpaca")
# A template that prints today's date would train on other tokens every day; asking uses the same day.
TODAY = datetime(2025, 1, 1, tzinfo=UTC)
CLOCK = re.compile(r"""strftime_now\(\s*(?:"([^"]*)"|'([^']*)')\s*\)""")
Turn = dict[str, str]
Span = tuple[int, int]


@dataclass(frozen=True)
class ChatEncoder:
    """Turns chat rows into tokens.

    Attributes:
        tokenizer: The base model's.
        stops: The tokens at which the model stops to generate.
        limit: The most tokens of a row.
    """

    tokenizer: PreTrainedTokenizerBase
    stops: frozenset[int]
    limit: int

    def __call__(self, path: Path, bad_rows: BadRows = "stop") -> Iterator[Encoded]:
        """Encodes every row of a file, of which those that cannot be read stop it or are left out.

        Raises:
            DataError: A row is not a chat, or has nothing that the model could learn to say.
            ModelError: The tokenizer has no token that ends an answer.
        """
        if self.tokenizer.eos_token_id is None:
            raise ModelError(
                "the tokenizer has no 'eos_token'", "a token that ends an answer", "add it to the base's tokenizer"
            )
        for row in rows(path, bad_rows):
            yield self._encode(row)

    def _encode(self, row: Row) -> Encoded:
        place, turns = row.place, _turns(row)
        ids, learn = self._marked(turns, place)
        found = encoded(
            ids[: self.limit], learn[: self.limit], content_hash(dict(row.value)), place, cut=len(ids) > self.limit
        )
        if not found.learnt:
            raise DataError(
                f"{place} is cut to {self.limit} tokens before its answer begins", "an answer within 'max_length'",
                "raise 'max_length', or shorten the row",
            )  # fmt: skip
        return found

    def _marked(self, turns: list[Turn], place: str) -> tuple[list[int], list[bool]]:
        ids = self._ids(self._render(turns))
        spans = self._spans(turns, ids)
        if not spans:
            ids, spans = self._by_markers(turns)
        if not spans:
            raise DataError(
                f"{place} has no answer that the chat template renders as it is asked", "an answer after its prompt",
                "mend the chat template, or put '{% generation %}' markers into it",
            )  # fmt: skip
        return self._ending(ids, [self._trimmed(ids, span) for span in spans])

    def _spans(self, turns: list[Turn], ids: list[int]) -> list[Span]:
        """Finds each answer as what rendering one turn more adds; a turn that a template rewrites later is left out."""
        whole = self._render(turns)
        spans = []
        for number, turn in enumerate(turns):
            if turn["role"] != "assistant":
                continue
            head = self._render(turns[:number], asking=True)
            tail = self._render(turns[: number + 1])
            if head is not None and tail is not None and tail.startswith(head) and whole.startswith(tail):
                spans.append((_shared(self._ids(head), ids), _shared(self._ids(tail), ids)))
        return spans

    def _by_markers(self, turns: list[Turn]) -> tuple[list[int], list[Span]]:
        if "{% generation" not in _template(self.tokenizer).replace("{%-", "{%"):
            return [], []
        found = self.tokenizer.apply_chat_template(
            turns,
            chat_template=_template(self.tokenizer),
            tokenize=True,
            return_dict=True,
            return_assistant_tokens_mask=True,
        )
        marks, ids = [0, *found["assistant_masks"], 0], list(found["input_ids"])
        edges = [place for place in range(len(ids) + 1) if marks[place] != marks[place + 1]]
        return ids, list(zip(edges[::2], edges[1::2], strict=True))

    def _trimmed(self, ids: list[int], span: Span) -> Span:
        # What a template writes after the stop token, such as a line break, is never generated: do not teach it.
        stops = [place for place in range(*span) if ids[place] in self.stops]
        return (span[0], stops[-1] + 1) if stops else span

    def _ending(self, ids: list[int], spans: list[Span]) -> tuple[list[int], list[bool]]:
        learn = [False] * len(ids)
        for start, end in spans:
            learn[start:end] = [True] * (end - start)
        last = spans[-1][1]
        if ids[last - 1] in self.stops:
            return ids, learn
        # Without a stop token the model would never learn to end its answer; what a template adds there is dropped.
        return [*ids[:last], self.tokenizer.eos_token_id], [*learn[:last], True]

    def _ids(self, text: str) -> list[int]:
        # A template writes the first token itself.
        return self.tokenizer(text, add_special_tokens=not _template(self.tokenizer))["input_ids"]

    def _render(self, turns: list[Turn], asking: bool = False) -> str | None:
        if not _template(self.tokenizer):
            # The same plain joining with which a model without a template is asked.
            return "\n".join(turn["content"] for turn in turns)
        from jinja2 import TemplateError

        try:
            return self.tokenizer.apply_chat_template(
                turns, chat_template=_template(self.tokenizer), tokenize=False, add_generation_prompt=asking
            )
        except TemplateError:
            return None


def _template(tokenizer: PreTrainedTokenizerBase) -> str:
    found = tokenizer.chat_template
    text = found.get("default", "") if isinstance(found, dict) else found or ""
    return CLOCK.sub(lambda match: repr(TODAY.strftime(match[1] or match[2] or "")), text)


def _turns(row: Row) -> list[Turn]:
    kind = kind_of(row.value)
    if kind not in CHATS:
        raise DataError(
            f"{row.place} is a row of the kind '{kind}'", "one of " + ", ".join(f"'{name}'" for name in CHATS),
            "choose another 'method', or rename the columns",
        )  # fmt: skip
    turns = [{"role": turn.role, "content": turn.content} for turn in as_messages(row)]
    if not any(turn["role"] == "assistant" and turn["content"].strip() for turn in turns):
        raise DataError(
            f"{row.place} has no answer to learn",
            "a turn of the assistant that says something",
            "add it or remove the row",
        )
    return turns


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two texts share at their start."""
    for place, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return place
    return min(len(one), len(other))
