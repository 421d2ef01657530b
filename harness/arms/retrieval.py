"""Retrieval: the passages of some documents that share the rarest words with a question, by BM25.

The ranking is that of bm25s (S. Robertson and H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009,
in the form of Lucene, k1 = 1.5, b = 0.75). Words are runs of letters, digits and underscores after Unicode's NFKC and case
folding; of Chinese and Japanese, which put no spaces between words, each character is one. Nothing is stemmed and no word
is left out: a word that stands in every passage weighs next to nothing by itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.arms.documents import Passage, passages
from harness.store import digest_of, digest_path

# Hiragana, Katakana and the ideographs, which are written without spaces.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
_MARKERS = re.compile(r"\{passages\}|\{question\}")


def words(text: str) -> list[str]:
    """The words of a text, as they are looked up."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


class Index:
    """Passages that can be searched."""

    def __init__(self, found: Sequence[Passage]) -> None:
        """Indexes passages; each has at least one word."""
        import bm25s

        self.passages = tuple(found)
        self.digest = digest_of([passage.text for passage in found])
        self._ranking = bm25s.BM25()
        self._ranking.index([words(passage.text) for passage in found], show_progress=False)

    def search(self, question: str, top: int) -> tuple[Passage, ...]:
        """Finds the best passages, best first; of equal ones the earlier. Passages that share no word are not found."""
        import numpy

        asked = words(question)
        if not asked:
            return ()
        scores = self._ranking.get_scores(asked)
        least = numpy.partition(scores, -top)[-top] if top < len(scores) else 0.0
        near = numpy.flatnonzero((scores >= least) & (scores > 0))
        best = near[numpy.argsort(-scores[near], kind="stable")][:top]
        return tuple(self.passages[at] for at in best)


class Indexes:
    """Indexes that were built, so that arms over the same documents share one."""

    def __init__(self) -> None:
        """Starts with none."""
        self._built: dict[str, Index] = {}

    def over(self, documents: Sequence[Path], most: int) -> Index:
        """Returns the index over some documents, cut into passages of at most so many words.

        Raises:
            DataError: A file cannot be read, or there is no text in any of them.
        """
        key = digest_of([most, *(digest_path(path) for path in documents)])
        if key not in self._built:
            self._built[key] = Index(passages(documents, most))
        return self._built[key]


@dataclass(frozen=True)
class Retrieval:
    """How passages get into a question.

    Attributes:
        index: What is searched.
        top: How many passages are put in at most.
        template: The text with ``{passages}`` and ``{question}`` in it.
        separator: Stands between two passages.
    """

    index: Index
    top: int
    template: str
    separator: str

    def put(self, question: str) -> tuple[str, tuple[Passage, ...]]:
        """Returns the question with its passages, and those; a question for which nothing is found stays as it is."""
        found = self.index.search(question, self.top)
        if not found:
            return question, ()
        told = {"{question}": question, "{passages}": self.separator.join(passage.text for passage in found)}
        # In one pass: a passage may itself hold the words of a marker.
        return _MARKERS.sub(lambda marker: told[marker[0]], self.template), found
