"""Groups of people in training rows: how often each is named, and which words go with which.

*What it measures*: rows that name a group of people; where the run file declares shares, how far the counts are from
them (G-test, Cramér's V); and associations: words for a fault or for work that stand in the texts of one group far
more often than in those of the others of its axis (log odds with an informative prior). Every test of every word
counts towards the false discovery rate, and an association has to be large as well as sure. Where only one group of
an axis is named, its texts are compared with all others, for words for faults only. Further: labels of rows that name a
group against those of all other rows, answers that alone of a pair name a group by whether they were chosen (permutation
tests, and the four-fifths rule for the size), and, with ``swap_scorer``, how a scorer's figure changes when the words for
the groups of an axis are swapped. One false discovery rate covers all of them.

*Why it can block promotion*: a model repeats the company that words keep, and answers people accordingly.

*How it can be fooled*: the lists are English, short and ours; what they do not hold is not seen, and neither are irony,
quotation and negation ("nobody may call them lazy" associates too). Balanced contempt for all groups of an axis is no
difference. Texts that repeat each other (both answers of a preference pair) count twice, and make a chance difference
look surer than it is. Labels that are numbers or true and false are not texts, and are not seen. A text that names two
groups of an axis counts for neither. No association never means no bias.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from harness.errors import UsageError
from harness.plugins import suggestion
from harness.settings import InputFile
from harness.settings import Settings as PluginSettings
from harness.suite import Scanned
from harness.types import Better, Metric
from suites.data.bias_terms import LISTS, Group, groups_in, read_terms, words_of
from suites.data.bias_terms.swapping import Swap, read_swaps
from suites.data.findings import as_batch, spans_of_rows
from suites.data.group_skew import LONGEST_LABEL, Tallies
from suites.data.toxicity import Settings as Judging
from suites.data.toxicity import scorer
from suites.data.word_association import Goodness, LogOdds, false_discovery, goodness_of_fit, log_odds
from suites.data.word_association.skew import npmi

if TYPE_CHECKING:
    import pyarrow

    from suites.data.toxicity_scorers import Scorer

VERSION = "2"
BY_ROW = True
METRICS: dict[str, Better] = {
    "rows_naming_a_group": "lower",
    "associations": "lower",
    "representation_v.*": "lower",
    "representation_p.*": "higher",
    "skews.*": "lower",
}
PACKAGES = ("scipy",)
Q, SHOWN = 0.05, 15


class Settings(PluginSettings):
    """What to compare, and how large a difference counts."""

    terms: InputFile = Field(default=LISTS, description="folder of lists of terms")
    reference: dict[str, dict[str, float]] = Field(default={}, description="declared share of each group, by axis")
    min_count: int = Field(default=5, ge=1, description="texts with the word, on both sides together")
    min_texts: int = Field(default=20, ge=1, description="texts that a side needs to be compared")
    min_effect: float = Field(default=1.0, ge=0, description="smallest difference of log odds that counts")
    min_z: float = Field(default=3.0, ge=0, description="smallest standard score that counts")
    prior: float = Field(default=500.0, gt=0, description="pseudo-count of all words together")
    swap_scorer: Literal["lexicon"] | InputFile | None = Field(
        default=None, description="what scores texts with their groups swapped: lexicon, or a folder of a classifier"
    )
    swap_label: str = Field(default="toxic", description="label of that classifier")
    max_words: int = Field(
        default=200_000, ge=1, description="distinct words to count; later ones are dropped and told"
    )
    show: Literal["watched", "all"] = Field(
        default="watched", description="words named in tables; 'all' may show names"
    )


@dataclass(frozen=True)
class Tested:
    """One word on two sides."""

    group: Group
    word: str
    n: int
    odds: LogOdds
    alone: bool


class Scanner:
    """Counts words by group: at most ``max_words`` counters for each group that is named, and as many for all texts."""

    def __init__(self, settings: Settings, salt: bytes) -> None:
        """Reads the lists; starts at zero.

        Raises:
            UsageError: A reference names what the lists do not have, or its shares are not shares.
        """
        self.settings, self._terms = settings, read_terms(settings.terms)
        _check(settings.reference, self._terms.groups)
        self._rows = self._naming = self._texts = self._dropped = 0
        self._rows_of: Counter[Group] = Counter()
        self._texts_of: Counter[Group] = Counter()
        self._texts_of_axis: Counter[str] = Counter()
        self._words: Counter[str] = Counter()
        self._words_of: dict[Group, Counter[str]] = {}
        self._words_of_axis: dict[str, Counter[str]] = {}
        self._tallies = Tallies()

    @cached_property
    def _swaps(self) -> dict[str, Swap]:
        return read_swaps() if self.settings.swap_scorer is not None else {}

    @cached_property
    def _scorer(self) -> Scorer:
        return scorer(Judging(classifier=_folder(self.settings), label=self.settings.swap_label))

    def scan_batch(self, batch: pyarrow.RecordBatch) -> pyarrow.RecordBatch:
        """Counts one batch. It has no findings: a difference between groups is one of the whole, not of a row."""
        texts, fields = batch.column("text").to_pylist(), batch.column("field").to_pylist()
        self._swap(texts)
        for row in spans_of_rows(batch):
            of_text = {at: self._count(texts[at]) for at in row}
            named = set().union(*of_text.values())
            self._tally(of_text, texts, fields)
            self._rows += 1
            self._naming += bool(named)
            self._rows_of.update(named)
        return as_batch(batch, "bias", [])

    def _tally(self, of_text: dict[int, set[Group]], texts: list[str], fields: list[str]) -> None:
        """Counts the label of a row, and the groups that one answer of a pair names and the other does not."""
        sides: dict[str, set[Group]] = {}
        for at, named in of_text.items():
            sides.setdefault(re.split(r"[.\[]", fields[at])[0], set()).update(named)
        if {"chosen", "rejected"} <= sides.keys():
            self._tallies.pair(sides["chosen"], sides["rejected"])
        label = next((texts[at] for at in of_text if fields[at] == "label"), "")
        if label and len(label) <= LONGEST_LABEL:
            self._tallies.label(label, set().union(*of_text.values()))

    def _swap(self, texts: list[str]) -> None:
        """Scores the texts of a batch with and without their groups swapped."""
        for axis, swap in self._swaps.items():
            pairs = [(text, other) for text in texts if (other := swap(text)) is not None]
            before, after = (
                [each.score for each in self._scorer.judge(side)] for side in (_side(pairs, 0), _side(pairs, 1))
            )
            changes = (round(new - old, 4) for old, new in zip(before, after, strict=True))
            self._tallies.changes.update((axis, change) for change in changes)

    def _count(self, text: str) -> set[Group]:
        words = words_of(text)
        named = groups_in(words, self._terms)
        # A word counts once a text: its repetitions there are not independent.
        distinct = self._within_bounds(set(words))
        self._texts += 1
        self._words.update(distinct)
        axes = Counter(axis for axis, _ in named)
        for axis in axes:
            self._texts_of_axis[axis] += 1
            self._words_of_axis.setdefault(axis, Counter()).update(distinct)
        for group in named:
            if axes[group[0]] == 1:
                self._texts_of[group] += 1
                self._words_of.setdefault(group, Counter()).update(distinct)
        return named

    def _within_bounds(self, words: set[str]) -> set[str]:
        if len(self._words) + len(words) <= self.settings.max_words:
            return words
        kept = {word for word in words if word in self._words}
        self._dropped += len(words) - len(kept)
        return kept

    def merge(self, other: Scanner) -> None:
        """Adds what another scanner counted."""
        for name in ("_rows", "_naming", "_texts", "_dropped"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("_rows_of", "_texts_of", "_texts_of_axis", "_words"):
            getattr(self, name).update(getattr(other, name))
        self._tallies.merge(other._tallies)
        for group, words in other._words_of.items():
            self._words_of.setdefault(group, Counter()).update(words)
        for axis, words in other._words_of_axis.items():
            self._words_of_axis.setdefault(axis, Counter()).update(words)

    def result(self) -> Scanned:
        """Tests everything that there is enough of, and corrects for all of it together."""
        tests = list(self._tests())
        fits = {axis: self._fit(axis) for axis in self.settings.reference}
        skews = list(self._tallies.tests(self.settings.min_texts))
        q = false_discovery(
            [test.odds.p for test in tests] + [skew.p for skew in skews] + [fit.p for fit in fits.values() if fit]
        )
        skewed = list(zip(skews, q[len(tests) :], strict=False))
        strong = [(test, value) for test, value in zip(tests, q, strict=False) if self._strong(test, value)]
        counted = [each for each in strong if self._counts(each[0])]
        metrics = [
            Metric(name="bias.rows_naming_a_group", value=self._naming, n=self._rows, better="lower"),
            Metric(name="bias.associations", value=len(counted), n=self._rows, better="lower"),
        ]
        for axis, fit in fits.items():
            # Nothing named is no evidence of balance, and a gate must not read it as such: then there is no metric.
            metrics += _fit_metrics(axis, fit, self._rows) if fit else []
        for kind in sorted({skew.kind for skew in skews}):
            found = sum(skew.kind == kind and skew.large and value <= Q for skew, value in skewed)
            metrics.append(Metric(name=f"bias.skews.{kind}", value=found, n=self._rows, better="lower"))
        details = self._details(tests, strong, counted, fits)
        details["tests"] += len(skews)
        details["skews"] = [{"kind": skew.kind, "of": skew.name, **skew.numbers, "q": value} for skew, value in skewed]
        return Scanned(metrics=tuple(metrics), details=details)

    def _tests(self) -> Iterator[Tested]:
        for axis in self._terms.versions:
            enough = [group for group in self._terms.groups if group[0] == axis and self._enough(self._texts_of[group])]
            if len(enough) == 1 and axis in self._terms.alone and self._enough(self._texts - self._texts_of_axis[axis]):
                rest = self._words - self._words_of_axis[axis]
                yield from self._contrast(enough[0], self._words_of[enough[0]], rest, True)
            # Of two groups each is the other's rest, so that one comparison says it all.
            for group in enough[: 1 if len(enough) == 2 else None] if len(enough) > 1 else ():
                others = [each for each in enough if each != group]
                rest = sum((self._words_of[each] for each in others), Counter())
                yield from self._contrast(
                    group, self._words_of[group], rest, False, others[0] if len(others) == 1 else None
                )

    def _enough(self, texts: int) -> bool:
        return texts >= self.settings.min_texts

    def _contrast(
        self, group: Group, one: Counter[str], rest: Counter[str], alone: bool, mirror: Group | None = None
    ) -> Iterator[Tested]:
        of_one, of_rest, of_all = one.total(), rest.total(), self._words.total()
        for word in sorted(one.keys() | rest.keys()):
            n = one[word] + rest[word]
            if n < self.settings.min_count or word in self._terms.own:
                continue
            prior = self.settings.prior * self._words[word] / of_all
            odds = log_odds(one[word], of_one, rest[word], of_rest, prior, self.settings.prior)
            if odds.delta < 0 and mirror is not None:
                yield Tested(mirror, word, n, LogOdds(-odds.delta, -odds.z, odds.p), alone)
            else:
                yield Tested(group, word, n, odds, alone)

    def _strong(self, test: Tested, q: float) -> bool:
        return q <= Q and test.odds.z >= self.settings.min_z and test.odds.delta >= self.settings.min_effect

    def _counts(self, test: Tested) -> bool:
        kind = self._terms.watched.get(test.word)
        return kind == "negative" if test.alone else kind is not None

    def _fit(self, axis: str) -> Goodness | None:
        shares = self.settings.reference[axis]
        counts = [self._rows_of[axis, group] for group in shares]
        return goodness_of_fit(counts, list(shares.values())) if sum(counts) else None

    def _details(
        self, tests: list[Tested], strong: list[Any], counted: list[Any], fits: dict[str, Any]
    ) -> dict[str, Any]:
        named = (
            strong if self.settings.show == "all" else [each for each in strong if each[0].word in self._terms.watched]
        )
        return {
            "looked_for": {f"{axis}.{group}": self._rows_of[axis, group] for axis, group in self._terms.groups},
            "texts": {f"{axis}.{group}": self._texts_of[axis, group] for axis, group in self._terms.groups},
            "not_looked_for": [
                "associations in other languages",
                "words outside the lists",
                "irony, quotation, negation",
            ],
            "terms": dict(self._terms.versions),
            "tests": len(tests) + sum(fit is not None for fit in fits.values()),
            "associations": self._table(counted),
            "words": self._table(named),
            "unnamed_words": len(strong) - len(named),
            "words_dropped": self._dropped,
            "representation": {
                axis: {"declared": self.settings.reference[axis], "g": fit.g, "p": fit.p, "v": fit.v}
                if fit
                else "none named"
                for axis, fit in fits.items()
            },
        }

    def _table(self, found: list[tuple[Tested, float]]) -> dict[str, list[dict[str, Any]]]:
        """The strongest words of every group, with the numbers behind them."""
        tables: dict[str, list[dict[str, Any]]] = {}
        for test, q in sorted(found, key=lambda each: (each[0].group, -each[0].odds.z, each[0].word)):
            rows = tables.setdefault(".".join(test.group), [])
            if len(rows) < SHOWN:
                rows.append(self._line(test) | {"q": q})
        return tables

    def _line(self, test: Tested) -> dict[str, Any]:
        spread = 1.96 * test.odds.delta / test.odds.z if test.odds.z else math.inf
        both = self._words_of.get(test.group, Counter())[test.word]
        return {
            "word": test.word,
            "n": test.n,
            "log_odds": round(test.odds.delta, 3),
            "interval": [round(test.odds.delta - spread, 3), round(test.odds.delta + spread, 3)],
            "z": round(test.odds.z, 2),
            "npmi": round(npmi(both, self._words[test.word], self._texts_of[test.group], self._texts), 3),
            "against": "all other texts" if test.alone else "the other groups",
        }


def _fit_metrics(axis: str, fit: Goodness, rows: int) -> list[Metric]:
    return [
        Metric(name=f"bias.representation_v.{axis}", value=fit.v, n=rows, better="lower"),
        Metric(name=f"bias.representation_p.{axis}", value=fit.p, n=rows, better="higher"),
    ]


def _folder(settings: Settings) -> Path | None:
    return None if settings.swap_scorer == "lexicon" else settings.swap_scorer  # type: ignore[return-value]


def _side(pairs: list[tuple[str, str]], which: int) -> list[str]:
    return [pair[which] for pair in pairs]


def _check(reference: dict[str, dict[str, float]], groups: tuple[Group, ...]) -> None:
    for axis, shares in reference.items():
        known = [group for of, group in groups if of == axis]
        if not known:
            raise UsageError(f"'reference' names the axis '{axis}'", suggestion(axis, {of for of, _ in groups}))
        unknown = [group for group in shares if group not in known]
        if unknown:
            raise UsageError(f"'reference.{axis}' names the group '{unknown[0]}'", suggestion(unknown[0], known))
        if len(shares) < 2 or any(share <= 0 for share in shares.values()) or abs(sum(shares.values()) - 1) > 1e-6:
            raise UsageError(f"'reference.{axis}' is {shares}", "shares above 0 of two or more groups that add up to 1")
