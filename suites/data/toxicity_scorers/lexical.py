"""A heuristic over words: what is hostile, and whether it is aimed at someone. It reads no meaning."""

from __future__ import annotations

import json
import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from suites.data.bias_terms import LISTS, named_in, read_terms
from suites.data.toxicity_scorers import Judged

LEXICON = Path(__file__).parent / "hostile_words.json"
WINDOW, BEFORE, AFTER = 6, 7, 4
_WORD = re.compile(r"[a-z0-9@$!*][a-z0-9@$!*'’]*(?:-[a-z0-9]+)*")
_SPACED = re.compile(r"\b(?:[a-z] ){2,}[a-z]\b")
_LEET = str.maketrans("43105@$!7", "aeiosasit")
# Weight of one word of a kind: by itself, and aimed at a reader or a group of people.
_WEIGHTS = {
    "slur": (0.6, 0.8),
    "homonym": (0.15, 0.6),
    "profanity": (0.2, 0.45),
    "insult": (0.1, 0.55),
    "hostile": (0.03, 0.6),
    "sexual": (0.35, 0.35),
    "self_harm": (0.5, 0.5),
    "gore": (0.25, 0.35),
}
_DENIED, _COUNTERED, _QUOTED = 0.3, 0.6, 0.6
_THREAT, _CHILD, _AT_GROUP = 0.7, 0.5, 0.6


@dataclass(frozen=True)
class Word:
    """One word of a text: normalised, its place, and the kinds that the lexicon has it under."""

    text: str
    start: int
    end: int
    kinds: frozenset[str]


@dataclass
class Lexical:
    """Scores texts by the lexicon.

    Every word of a kind adds a weight, so that the score is ``1 - product(1 - weight)``. A word is aimed where a word for
    the reader or for a group of people stands within six words of it in the same sentence ("they" is such a word where the
    text names a group anywhere). It counts less where a negation stands before it in the sentence, where it stands in
    quotation marks, and where the text calls such talk by its name.
    """

    name: str = "lexicon"
    _kinds: dict[str, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Reads the lexicon and the terms for groups of people."""
        found = json.loads(LEXICON.read_bytes())
        self.version = str(found["version"])
        self._exact: dict[str, set[str]] = {}
        self._stems: dict[str, set[str]] = {}
        for kind, words in found.items():
            for word in words.split() if kind not in ("warning", "version", "note") else ():
                into = self._stems if word.endswith("*") else self._exact
                into.setdefault(word.rstrip("*"), set()).add("homonym" if kind == "homonyms" else kind)
        self._terms = read_terms(LISTS)

    def judge(self, texts: Sequence[str]) -> list[Judged]:
        """Judges every text by itself."""
        return [self.judge_one(text) for text in texts]

    def judge_one(self, text: str) -> Judged:
        """Adds up what a text holds; the kind and the place are those of the heaviest word."""
        words = self._words(text)
        if not any(word.kinds & _WEIGHTS.keys() for word in words):
            return Judged(0.0)
        left, best = 1.0, Judged(0.0)
        countered = any("counter" in word.kinds for word in words)
        targets = self._targets(words)
        quotes = [at for at, sign in enumerate(text) if sign == '"']
        for at, word in enumerate(words):
            kind, weight = self._weight(text, words, at, targets)
            weight *= (_COUNTERED if countered else 1) * (_QUOTED if bisect(quotes, word.start) % 2 else 1)
            left *= 1 - weight
            if weight > best.score:
                best = Judged(weight, kind, word.start, word.end)
        return Judged(round(1 - left, 4), best.kind, best.start, best.end)

    def _targets(self, words: list[Word]) -> set[int]:
        """The places of words for a group of people; a single "she" or "he" is none."""
        named = named_in([word.text for word in words], self._terms)
        found = {at + step for at, (axis, _), size in named if axis != "gender" for step in range(size)}
        found |= {at for at, word in enumerate(words) if "target" in word.kinds}
        return found | {at for at, word in enumerate(words) if found and "outgroup" in word.kinds}

    def _weight(self, text: str, words: list[Word], at: int, targets: set[int]) -> tuple[str, float]:
        word = words[at]
        kind = next((kind for kind in _WEIGHTS if kind in word.kinds), "")
        kind = "homonym" if "homonym" in word.kinds else kind
        if not kind:
            return "", 0.0
        near = self._near(text, words, at)
        aimed = any(other in targets or "directed" in words[other].kinds for other in near)
        meant = self._meant(words, at, near, targets)
        alone, at_someone = _WEIGHTS[kind]
        weight = at_someone if (meant if kind == "hostile" else aimed) else alone
        weight = max(weight, _AT_GROUP) if kind in ("profanity", "insult") and targets & set(near) else weight
        if "threat" in word.kinds and meant and any("intent" in words[other].kinds for other in near if other < at):
            kind, weight = "threat", max(weight, _THREAT)
        if kind == "sexual" and any("minors" in words[other].kinds for other in near):
            kind, weight = "sexual_minors", _CHILD
        denied = any("negation" in words[other].kinds for other in near if at - BEFORE <= other < at)
        return kind, weight * (_DENIED if denied and kind != "slur" else 1)

    @staticmethod
    def _meant(words: list[Word], at: int, near: range, targets: set[int]) -> bool:
        """Whether someone is the object of a hostile verb, or a group is what somebody wants it to happen to."""
        after = [other for other in near if at < other <= at + AFTER]
        if any(other in targets for other in after) or any("directed" in words[other].kinds for other in after[:2]):
            return True
        before = [other for other in near if other < at and other in targets]
        return any("intent" in words[other].kinds for first in before[:1] for other in range(first, at))

    @staticmethod
    def _near(text: str, words: list[Word], at: int) -> range:
        """The words around one, without those of other sentences."""
        first, last = at, at
        while first > 0 and at - first < WINDOW and not _ends(text[words[first - 1].end : words[first].start]):
            first -= 1
        while last + 1 < len(words) and last - at < WINDOW and not _ends(text[words[last].end : words[last + 1].start]):
            last += 1
        return range(first, last + 1)

    def _words(self, text: str) -> list[Word]:
        lower = text.lower()
        if len(lower) != len(text):
            # A letter that changes its length in lower case would move every place after it.
            lower = "".join(sign.lower() if len(sign.lower()) == 1 else sign for sign in text)
        return list(self._spaced(lower, self._plain(lower)))

    def _plain(self, lower: str) -> list[Word]:
        return [Word(match[0], match.start(), match.end(), self._kinds_of(match[0])) for match in _WORD.finditer(lower)]

    def _spaced(self, lower: str, words: list[Word]) -> Iterator[Word]:
        """Joins what is spelled letter by letter, and phrases of the lexicon that are written with spaces."""
        spelled = {match.start(): match for match in _SPACED.finditer(lower)}
        skip = 0
        for at, word in enumerate(words):
            if word.start in spelled:
                joined, skip = spelled[word.start][0].replace(" ", ""), spelled[word.start].end()
                # The first letter may be the article before what is spelled.
                yield Word(joined, word.start, skip, self._kinds_of(joined) or self._kinds_of(joined[1:]))
            elif word.start >= skip:
                phrase = "-".join(each.text for each in words[at : at + 2])
                three = "-".join(each.text for each in words[at : at + 3])
                kinds = self._exact.get(three) or self._exact.get(phrase) or word.kinds
                yield Word(word.text, word.start, word.end, frozenset(kinds))

    def _kinds_of(self, word: str) -> frozenset[str]:
        if word not in self._kinds:
            if len(self._kinds) > 200_000:
                self._kinds.clear()
            plain = word.strip("*!'’").replace("’", "'")
            forms = {plain, plain.translate(_LEET)} if not plain.isdigit() else set()
            self._kinds[word] = frozenset().union(*(self._known(form) for form in forms)) if forms else frozenset()
        return self._kinds[word]

    def _known(self, word: str) -> set[str]:
        found = set(self._exact.get(word, ()))
        for size in range(2, len(word) + 1):
            found |= self._stems.get(word[:size], set())
        return found


def _ends(between: str) -> bool:
    return any(sign in between for sign in ".!?\n")
