"""Finds names in many texts at once with a small trained network, and says how sure it is."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import MeasurementError
from suites.data.names import KINDS, Name
from suites.data.names.network import GAP, LABELS, WIDTH, best_path, log_probabilities
from suites.data.names.pieces import LISTS, RANK_SHIFT, cut, hashed, rows_of

if TYPE_CHECKING:
    import numpy

MODEL = Path(__file__).parent / "model.npz"
# A scan's key is a digest of code: naming the model's bytes here makes another model another code.
DIGEST = "071f1627b0a7fde39be85d0ad6f88751979fff018fdeec24895787ecf6f6ebde"
ENTITIES = {"PER": "PERSON", "LOC": "LOCATION", "ADR": "LOCATION", "ORG": "ORGANIZATION"}
KNOWN_PIECES = 1 << 16
CHUNK = 1 << 16
SURELY_NONE = -0.05
NATION = 0.6
# Signs that a name can end with: ``Jr.``, ``(UK)``.
CLOSING = (".", ")")
# How far from a piece that looks like a name others are scored: ``Bank of America``, ``12 Main Street``.
REACH = 2
_NAMED = sum(1 << LISTS.index(kind) for kind in LISTS if kind not in ("ordinary", "calendar", "nationality"))
_ORDINARY, _NATIONAL = 1 << LISTS.index("ordinary"), 1 << LISTS.index("nationality")


class Tagger:
    """A trained network with the words that it knows."""

    kinds = KINDS

    def __init__(self, path: Path = MODEL) -> None:
        """Reads a model file; nothing in it is executed.

        Raises:
            MeasurementError: The model that ships was exchanged.
        """
        import numpy

        if path == MODEL and hashlib.sha256(path.read_bytes()).hexdigest() != DIGEST:
            raise MeasurementError(
                f"'{path}' is not the model that this code was measured with", f"the digest {DIGEST}"
            )
        with numpy.load(path, allow_pickle=False) as stored:
            floats = [name for name in stored.files if stored[name].dtype.kind == "f"]
            self.weights = {name: stored[name].astype(numpy.float32) for name in floats}
            self.lists = dict(zip(stored["list_words"].tolist(), stored["list_masks"].tolist(), strict=True))
            self.words = dict(zip(stored["words"].tolist(), stored["word_rows"].tolist(), strict=True))
        self._forget()

    def _forget(self) -> None:
        import numpy

        # Row 0 is the gap between texts.
        self._numbers: dict[str, int] = {}
        self._looks = numpy.zeros((KNOWN_PIECES, WIDTH), dtype=numpy.float32)
        self._lengths, self._spaced = (numpy.zeros(KNOWN_PIECES, dtype=numpy.int32) for _ in range(2))
        self._likely, self._possible, self._wordy, self._nation = (
            numpy.zeros(KNOWN_PIECES, dtype=bool) for _ in range(4)
        )

    def find(self, texts: Sequence[str]) -> list[list[Name]]:
        """Returns the names in each text, in order."""
        found: list[list[Name]] = []
        start = 0
        while start < len(texts):
            end, size = start + 1, len(texts[start])
            while end < len(texts) and size + len(texts[end]) < CHUNK:
                size += len(texts[end])
                end += 1
            found += self._find(texts[start:end])
            start = end
        return found

    def _find(self, texts: Sequence[str]) -> list[list[Name]]:
        import numpy

        pieces = [cut(text) for text in texts]
        rows = self._rows(pieces)
        wanted = self._wanted(rows)
        scores = log_probabilities(self.weights, self._looks, rows, wanted)
        # What is surely no name ends a run: runs are short, and far more of them fit into one step.
        open_ = numpy.concatenate([[False], scores[:, 0] < SURELY_NONE, [False]])
        apart = numpy.concatenate([[True], numpy.diff(wanted) > 1, [True]])
        starts = numpy.flatnonzero(open_[1:] & (apart | ~open_[:-1]))
        ends = numpy.flatnonzero(open_[:-1] & (apart | ~open_[1:]))
        labels = numpy.zeros(len(rows), dtype=numpy.int64)
        labels[wanted] = best_path(scores, starts, ends - starts)
        probabilities = numpy.zeros((len(rows), len(LABELS)), dtype=numpy.float32)
        probabilities[wanted] = numpy.exp(scores)
        return self._names(pieces, rows, probabilities, labels)

    def _wanted(self, rows: numpy.ndarray) -> numpy.ndarray:
        import numpy

        likely, wanted = self._likely[rows], numpy.zeros(len(rows), dtype=bool)
        for by in range(-REACH, REACH + 1):
            wanted[GAP:-GAP] |= likely[GAP + by : len(rows) - GAP + by]
        return numpy.flatnonzero(wanted & self._possible[rows])

    def _rows(self, texts: list[list[str]]) -> numpy.ndarray:
        import numpy

        fresh = {piece for pieces in texts for piece in pieces}.difference(self._numbers)
        if len(self._numbers) + len(fresh) >= KNOWN_PIECES - 1:
            self._forget()
            fresh = {piece for pieces in texts for piece in pieces}
        for piece in sorted(fresh):
            self._learn(piece)
        known, gap = self._numbers.__getitem__, [0] * GAP
        flat = gap * 2
        for pieces in texts:
            flat += map(known, pieces)
            flat += gap
        return numpy.array(flat + gap, dtype=numpy.int64)

    def _learn(self, piece: str) -> None:
        row = len(self._numbers) + 1
        form, word, names = rows_of(piece, self.words, self.lists)
        self._numbers[piece] = row
        self._looks[row] = self.weights["table"][[*form, *([word] if word >= 0 else []), *names]].sum(axis=0)
        self._lengths[row] = len(piece)
        self._spaced[row] = len(piece) > 1 and piece[0] == " "
        bare = piece.strip(" ")
        mask = self.lists.get(hashed(bare.lower()), 0)
        self._nation[row] = bare[:1].isupper() and bool(mask & _NATIONAL)
        # An address of a page or a mailbox, a handle and a tag are no names.
        self._possible[row] = len(bare) < 2 or bare.isalnum()
        self._wordy[row] = bare.isalnum() or bare in CLOSING
        self._likely[row] = likely(bare, mask)

    def _names(
        self, texts: list[list[str]], rows: numpy.ndarray, probabilities: numpy.ndarray, labels: numpy.ndarray
    ) -> list[list[Name]]:
        import numpy

        firsts = numpy.cumsum([2 * GAP, *(len(pieces) + GAP for pieces in texts)])
        lengths = self._lengths[rows]
        ends = numpy.cumsum(lengths)
        nations = self._nation[rows] & (labels == 0)
        begins = numpy.flatnonzero((labels % 2 == 1) & self._wordy[rows] | nations)
        owners = numpy.searchsorted(firsts, begins, side="right") - 1
        bases = (ends - lengths)[firsts[:-1]]
        found: list[list[Name]] = [[] for _ in texts]
        for at, text in zip(begins.tolist(), owners.tolist(), strict=True):
            stop = self._stop(rows, labels, at)
            start = int(ends[at] - lengths[at] + self._spaced[rows[at]] - bases[text])
            kind, score = "NRP", NATION
            if label := int(labels[at]):
                kind = ENTITIES[LABELS[label][2:]]
                score = float(probabilities[at:stop, label : label + 2].sum(axis=1).mean())
            found[text].append(Name(kind, start, int(ends[stop - 1] - bases[text]), score))
        return found

    def _stop(self, rows: numpy.ndarray, labels: numpy.ndarray, at: int) -> int:
        inside, stop = int(labels[at]) + 1, at + 1
        while labels[at] and labels[stop] == inside:
            stop += 1
        while stop - 1 > at and not self._wordy[rows[stop - 1]]:
            stop -= 1
        return stop


def likely(word: str, mask: int) -> bool:
    """Tells whether a word by itself could be a name, so that it and those around it are worth a look.

    Args:
        word: Without its leading space.
        mask: What the lists say of it.
    """
    if not word.isalpha():
        return word.isdigit() and 4 <= len(word) <= 5
    if word.islower():
        return len(word) > 2 and not mask & _ORDINARY and (not mask >> RANK_SHIFT or mask & _NAMED > 0)
    # Words that begin every second sentence.
    return not (mask & _ORDINARY and mask >> RANK_SHIFT == 1 and (word.istitle() or len(word) == 1))
