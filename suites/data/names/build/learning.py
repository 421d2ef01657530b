"""Trains the tagger: a table of what pieces look like, two windows over it, and nine labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy

from suites.data.names.build.corpus import Example
from suites.data.names.network import DEPTH, FAR, HIDDEN, KINDS, LABELS, NEAR, UPPER, WIDTH
from suites.data.names.pieces import FIXED_ROWS, cut, hashed, listed, rows_of

PAD = max(max(NEAR), max(FAR))
BATCH = 384
WORD_DROPPED, LIST_DROPPED = 0.25, 0.15
MAX_WORDS = 6000


@dataclass
class Tagged:
    """A text in pieces: the number of each in ``Pieces`` and its label."""

    pieces: numpy.ndarray
    labels: numpy.ndarray


class Pieces:
    """Numbers for the pieces of a corpus; number 0 is the gap between texts."""

    def __init__(self) -> None:
        """Knows only the gap."""
        self.numbers: dict[str, int] = {"\0": 0}

    def tagged(self, example: Example) -> Tagged:
        """Cuts an example into pieces with their labels."""
        starts, found, at = [], cut(example.text), 0
        for piece in found:
            starts.append(at + (len(piece) > 1 and piece[0] == " "))
            at += len(piece)
        labels, begins = numpy.zeros(len(found), dtype=numpy.int64), numpy.array(starts)
        for start, end, kind in example.spans:
            inside = numpy.nonzero((begins >= start) & (begins < end))[0]
            labels[inside] = 2 + 2 * KINDS.index(kind)
            labels[inside[:1]] = 1 + 2 * KINDS.index(kind)
        numbers = [self.numbers.setdefault(piece, len(self.numbers)) for piece in found]
        return Tagged(numpy.array(numbers, dtype=numpy.int64), labels)


def vocabulary(pieces: Pieces, corpus: Sequence[Tagged], always: Sequence[str]) -> dict[int, int]:
    """Returns the words that have a row of their own: those seen often outside names, and those of our lists."""
    plain: Counter[str] = Counter()
    every: Counter[str] = Counter()
    words = [piece.strip(" ").lower() for piece in pieces.numbers]
    for text in corpus:
        every.update(words[number] for number in text.pieces)
        plain.update(words[number] for number in text.pieces[text.labels == 0])
    often = [word for word, count in plain.most_common() if count >= 12 and count > 0.6 * every[word]]
    own = list(dict.fromkeys([*(word for word in always if word), *often]))[:MAX_WORDS]
    return {hashed(word): FIXED_ROWS + row for row, word in enumerate(own)}


def trained(
    pieces: Pieces, corpus: list[Tagged], words: dict[int, int], lists: dict[int, int], seed: int, epochs: int
) -> dict[str, numpy.ndarray]:
    """Fits the network and returns its weights.

    Args:
        pieces: The pieces of the corpus.
        corpus: Texts with labels.
        words: Rows of words, see :func:`vocabulary`.
        lists: What the lists say of words.
        seed: Of the order, of what is dropped and of the first weights.
        epochs: How often every text is seen.
    """
    import torch

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    net = _network(FIXED_ROWS + len(words))
    rows = _Rows(pieces, words, lists)
    optimizer = torch.optim.AdamW(net.parameters(), lr=4e-3, weight_decay=1e-3)
    steps = epochs * -(-len(corpus) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 6e-3, total_steps=steps, pct_start=0.1)
    dice = numpy.random.default_rng(seed)
    for epoch in range(epochs):
        total = 0.0
        for numbers, labels in _batches(corpus, dice):
            loss = _loss(net, rows, numbers, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1}: loss {total * epochs / steps:.4f}", flush=True)
    return {name: value.detach().numpy() for name, value in net.state_dict().items()}


def _network(rows: int):
    import torch

    net = torch.nn.ParameterDict()
    sizes = {"table": (rows, WIDTH), "near": (len(NEAR) * WIDTH, HIDDEN), "far": (len(FAR) * HIDDEN, UPPER),
             "out": (UPPER, len(LABELS))}  # fmt: skip
    for name, (inner, outer) in sizes.items():
        net[name] = torch.nn.Parameter(torch.randn(inner, outer) * (0.1 if name == "table" else (2 / inner) ** 0.5))
    for name, size in (("near_bias", HIDDEN), ("far_bias", UPPER), ("out_bias", len(LABELS))):
        net[name] = torch.nn.Parameter(torch.zeros(size))
    return net


class _Rows:
    """The rows of the table that each piece of a corpus sums, as flat arrays."""

    def __init__(self, pieces: Pieces, words: dict[int, int], lists: dict[int, int]) -> None:
        found = [rows_of(piece, words, lists) if piece != "\0" else ([], -1, []) for piece in pieces.numbers]
        self.form = _flat([form for form, _, _ in found])
        self.word = _flat([[word] if word >= 0 else [] for _, word, _ in found])
        self.list = _flat([names for _, _, names in found])
        self.unlisted = listed(0)


def _flat(rows: list[list[int]]) -> tuple[numpy.ndarray, numpy.ndarray]:
    ends = numpy.cumsum([0] + [len(each) for each in rows])
    return numpy.array([row for each in rows for row in each], dtype=numpy.int64), ends


def _bags(flat: tuple[numpy.ndarray, numpy.ndarray], wanted: numpy.ndarray):
    import torch

    values, ends = flat
    sizes = ends[wanted + 1] - ends[wanted]
    offsets = numpy.concatenate([[0], numpy.cumsum(sizes)[:-1]])
    within = numpy.arange(sizes.sum()) - numpy.repeat(offsets, sizes)
    return torch.from_numpy(values[numpy.repeat(ends[wanted], sizes) + within]), torch.from_numpy(offsets)


def _loss(net, rows: _Rows, numbers: numpy.ndarray, labels: numpy.ndarray):
    import torch
    from torch.nn import functional

    distinct, places = numpy.unique(numbers, return_inverse=True)
    at, count = torch.from_numpy(places), len(numbers)
    form, word, names = (
        functional.embedding_bag(values, net["table"], offsets, mode="sum")
        for values, offsets in (_bags(flat, distinct) for flat in (rows.form, rows.word, rows.list))
    )
    real, tags = torch.from_numpy(numbers != 0), torch.from_numpy(labels)
    keep_word = (torch.rand(count, 1) >= WORD_DROPPED).float()
    # Only the words of names lose their lists: a name that no list has must still be found.
    drop_list = ((torch.rand(count) < LIST_DROPPED) & (tags > 0)).float().unsqueeze(1)
    unlisted = net["table"][rows.unlisted].sum(0)
    looks = form[at] + keep_word * word[at] + (1 - drop_list) * names[at] + drop_list * unlisted
    logits = _logits(net, looks * real.unsqueeze(1), real.unsqueeze(1).float())
    return functional.cross_entropy(logits[real], tags[real], label_smoothing=0.02)


def _logits(net, looks, real):
    import torch

    low = torch.relu(_window(looks, NEAR) @ net["near"] + net["near_bias"]) * real
    low = torch.nn.functional.dropout(low, DEPTH)
    high = torch.relu(_window(low, FAR) @ net["far"] + net["far_bias"])
    return torch.nn.functional.dropout(high, DEPTH) @ net["out"] + net["out_bias"]


def _window(values, offsets: tuple[int, ...]):
    import torch

    padded = torch.nn.functional.pad(values, (0, 0, PAD, PAD))
    return torch.cat([padded[PAD + by : PAD + by + len(values)] for by in offsets], dim=1)


def _batches(corpus: list[Tagged], dice: numpy.random.Generator) -> Iterator[tuple[numpy.ndarray, numpy.ndarray]]:
    order, gap = dice.permutation(len(corpus)), numpy.zeros(PAD, dtype=numpy.int64)
    for start in range(0, len(order), BATCH):
        texts = [corpus[each] for each in order[start : start + BATCH]]
        yield (
            numpy.concatenate([part for text in texts for part in (text.pieces, gap)]),
            numpy.concatenate([part for text in texts for part in (text.labels, gap)]),
        )
