"""Scores trees of texts on a model: each shared token is read once, and logits are computed only where they are scored.

Three things make that: the keys and values of a trunk are kept and lent to every row behind it; a row holds several
texts under a mask of four dimensions and with positions of their own; and the layer that makes the logits is handed
only the scored places. Not every architecture honours such masks, so whoever uses this compares it with the plain way
first (see :mod:`harness.model.likelihood`).
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from transformers.cache_utils import Cache, DynamicCache, DynamicLayer

from harness.model.prompts import Span
from harness.model.tree import Layout, Tree, layout

KNOWN_LAYERS = ("full_attention", "sliding_attention")


class Part(NamedTuple):
    """What scoring one span gave: its log-likelihood, whether it is greedy, tokens scored and tokens read before."""

    logprob: float
    greedy: bool
    tokens: int
    read: int

    @property
    def finite(self) -> bool:
        """Whether it is a number at all."""
        return math.isfinite(self.logprob)


class _Lent(DynamicLayer):
    """Keys and values of one layer that every row sees before its own; what a row adds is not kept."""

    def update(self, key_states: Any, value_states: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Returns the lent keys and values, and behind them those of the rows."""
        rows = key_states.shape[0]
        keys, values = (each.expand(rows, -1, -1, -1) for each in (self.keys, self.values))
        return torch.cat([keys, key_states], -2), torch.cat([values, value_states], -2)


class Packed:
    """Scores trees on one loaded model."""

    def __init__(self, model: Any, pad: int) -> None:
        """Keeps a model and a token that fills rows; nothing sees it."""
        self._model, self._pad = model, pad
        config = model.config.get_text_config()
        self._layers = set(getattr(config, "layer_types", None) or ())
        window = getattr(config, "sliding_window", None)
        self._window = window if window and getattr(config, "use_sliding_window", True) else None
        self._head = model.get_output_embeddings()

    def unfit(self) -> str | None:
        """Why this model cannot be asked so, where that is known beforehand."""
        unknown = sorted(self._layers - set(KNOWN_LAYERS))
        if unknown:
            return f"the model has layers of kind '{unknown[0]}'"
        return None if self._head is not None else "the model has no layer of its own that makes logits"

    @torch.inference_mode()
    def trunk(self, ids: Sequence[int]) -> Any:
        """Reads a trunk and returns what its rows are lent; None where there is no trunk."""
        if not ids:
            return None
        # A cache that is told of no configuration keeps every key: one for sliding windows would drop early ones.
        cache, tokens = DynamicCache(), torch.tensor([list(ids)], device=self._model.device)
        with self._only(torch.tensor([0]), torch.tensor([len(ids) - 1])):
            self._model(input_ids=tokens, past_key_values=cache, use_cache=True)
        return cache

    @torch.inference_mode()
    def score(self, trees: Sequence[Tree], trunk: Any) -> list[list[Part]]:
        """Scores the spans of some trees behind one trunk, in their order."""
        behind = trunk.get_seq_length() if trunk is not None else 0
        laid = [layout(tree, behind) for tree in trees]
        places, found = _places(laid)
        logits = self._logits(laid, trunk, behind, places)
        spans = [span for tree in trees for span in tree.spans]
        parts = iter(_parts(logits, spans, found))
        return [[next(parts) for _ in tree.spans] for tree in trees]

    def _logits(self, laid: Sequence[Layout], trunk: Any, behind: int, places: Sequence[tuple[int, int]]) -> Any:
        device = self._model.device
        ids = _filled([row.tokens for row in laid], self._pad).to(device)
        positions = _filled([row.positions for row in laid], 0).to(device)
        masks = self._masks(_filled([row.ends for row in laid], 0).to(device), positions, behind)
        at = torch.tensor(places, device=device)
        with self._only(at[:, 0], at[:, 1]):
            return self._model(
                input_ids=ids, attention_mask=masks, position_ids=positions, past_key_values=_lent(trunk),
                use_cache=trunk is not None,
            ).logits[0].float()  # fmt: skip

    def _masks(self, ends: Any, positions: Any, behind: int) -> Any:
        """What each token sees, of the trunk and of its row: 0 or the least number, [rows, 1, width, behind + width]."""
        here = torch.arange(ends.shape[1], device=ends.device)
        seen = (here[None, :] <= here[:, None]) & (here[None, :, None] < ends[:, None, :])
        # Filling sees itself, because a softmax over nothing is no number.
        seen |= torch.eye(len(here), dtype=torch.bool, device=ends.device)
        seen = torch.cat([seen.new_ones(*seen.shape[:2], behind), seen], -1)
        if self._window is None:
            return self._as_mask(seen)
        before = torch.arange(behind, device=ends.device).expand(len(ends), -1)
        far = positions[:, :, None] - torch.cat([before, positions], -1)[:, None, :] >= self._window
        if "sliding_attention" in self._layers:
            return {"full_attention": self._as_mask(seen), "sliding_attention": self._as_mask(seen & ~far)}
        return self._as_mask(seen if self._layers else seen & ~far)

    def _as_mask(self, seen: Any) -> Any:
        dtype = self._model.dtype
        mask = torch.zeros(seen.shape, dtype=dtype, device=seen.device)
        return mask.masked_fill_(~seen, torch.finfo(dtype).min)[:, None]

    @contextlib.contextmanager
    def _only(self, rows: Any, columns: Any) -> Iterator[None]:
        """Hands the layer that makes logits only these places, as one row."""
        hook = self._head.register_forward_pre_hook(lambda _, args: (args[0][rows, columns][None], *args[1:]))
        try:
            yield
        finally:
            hook.remove()


def _lent(trunk: Any) -> Any:
    if trunk is None:
        return None
    layers = []
    for kept in trunk.layers:
        layer = _Lent()
        layer.keys, layer.values, layer.is_initialized = kept.keys, kept.values, True
        layers.append(layer)
    return Cache(layers=layers)


def _filled(rows: Sequence[Sequence[int]], fill: int) -> Any:
    width = max(len(row) for row in rows)
    return torch.tensor([[*row, *[fill] * (width - len(row))] for row in rows])


def _places(laid: Sequence[Layout]) -> tuple[list[tuple[int, int]], list[list[int]]]:
    """The scored places, each once, and for each span which of them are its own."""
    numbers: dict[tuple[int, int], int] = {}
    found = [
        [numbers.setdefault((row, place), len(numbers)) for place in places]
        for row, each in enumerate(laid)
        for places in each.scored
    ]
    return list(numbers), found


def _parts(logits: Any, spans: Sequence[Span], places: Sequence[Sequence[int]]) -> list[Part]:
    """Log-likelihoods from logits [places, vocabulary]; overwrites the logits."""
    device = logits.device
    at = torch.tensor([place for each in places for place in each], device=device)
    targets = torch.tensor([token for span in spans for token in span.ids[span.start :]], device=device)
    chosen, (top, likely) = logits[at, targets], logits.max(-1)
    # The sum over the vocabulary in place: a second copy of the logits would be the largest thing in memory.
    rest = logits.sub_(top[:, None]).exp_().sum(-1).log_()
    scores = (chosen - top[at] - rest[at]).double().split([len(each) for each in places])
    hits = (likely[at] == targets).split([len(each) for each in places])
    sums = torch.stack([each.sum() for each in scores]).tolist()
    greedy = torch.stack([each.all() for each in hits]).tolist()
    return [Part(sums[number], greedy[number], len(places[number]), span.start) for number, span in enumerate(spans)]
