"""Personal data in training rows, found by Presidio's patterns, checksums and context words, and by a tagger of names.

*What it measures*: rows with at least one finding at or above its kind's threshold (``rows_with_identifiers``: of a kind
that points to someone by itself, which names, places, days and addresses of pages do not), and findings by kind: e-mail
addresses, phone, card, account and social-security numbers, IP addresses and the other kinds that have a recognisable
form; and names of people, places and organisations, which a small tagger that ships with this project finds in English
(setting ``ner``). The details say what was not looked for, and how much of each kind of name the tagger found in public
labelled data.

*Why it can block promotion*: what a model was trained on it can repeat to anyone who asks, and what it has learnt
cannot be deleted on request.

*How it can be fooled*: a value that is spelled out, split over two fields, written in another alphabet or stored as a
number is not found; on public test data about a fifth of labelled cards and a third of phones in unusual forms were
missed. Arithmetic (``23786-17509``) can look like a phone. A text on which a pattern runs out of time counts as a
finding of its own, so that a slow text hides nothing. The tagger misses names of forms that it has not learnt, above
all organisations and names in lower case, and takes some products and headings for names. No findings never means no
personal data.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pydantic import Field

from harness.errors import UsageError
from harness.plugins import suggestion
from harness.scanning.actions import OnFinding, RedactWith
from harness.settings import Settings as PluginSettings
from harness.suite import Scanned
from suites.data.findings import Found, as_batch, census, masked, spans_of_rows
from suites.data.names import KINDS, THRESHOLD, Finder, Name
from suites.data.names.choice import EMBEDDED, OFF, Engine, finder, measured

if TYPE_CHECKING:
    import pyarrow

    from suites.data.presidio_engine.engine import Detector

VERSION = "2"
BY_ROW = True
METRICS = {
    "rows_with_findings": "lower", "rows_with_identifiers": "lower", "findings": "lower", "share_of_rows": "lower",
    "entity.*": "lower",
}  # fmt: skip
PACKAGES = ("presidio-analyzer", "spacy", "phonenumbers", "tldextract", "regex")
NEEDS_A_MODEL = KINDS
TIMED_OUT = "TIMED_OUT"
#: What points to no one by itself: nearly every text names someone, a place or a day.
NO_IDENTIFIERS = frozenset({*KINDS, "DATE_TIME", "URL"})


class Settings(PluginSettings):
    """What to look for, and how sure to be."""

    language: str = Field(default="en", description="language of the texts, as a spaCy code")
    entities: tuple[str, ...] | None = Field(
        default=None, description="kinds to look for; all that have a form where None"
    )
    skip: tuple[str, ...] = Field(default=("URL",), description="kinds left out where 'entities' is None")
    ner: Engine = Field(
        default=EMBEDDED, description="who finds names: 'off', 'embedded', a model's folder or a spaCy package"
    )
    threshold: float = Field(default=0.35, ge=0, le=1, description="lowest score of a finding")
    thresholds: dict[str, float] = Field(default={"DATE_TIME": 0.9}, description="lowest score by kind")
    on_finding: OnFinding = "report"
    redact_with: RedactWith = "replace"


class Scanner:
    """Counts findings of personal data."""

    def __init__(self, settings: Settings, salt: bytes) -> None:
        """Starts at zero; the analyzer is made with the first batch."""
        self.settings, self._salt = settings, salt
        self._counts: Counter[str] = Counter()
        self._rows = self._found_in = self._identified = 0
        self._entities: tuple[str, ...] | None = None

    def scan_batch(self, batch: pyarrow.RecordBatch) -> pyarrow.RecordBatch:
        """Scans one batch; equal texts are analyzed once."""
        from suites.data.presidio_engine.engine import detector

        engine, namer = detector(self.settings.language), self._finder()
        known = tuple(sorted({*engine.entities, *(namer.kinds if namer else ())}))
        self._entities = self._entities or chosen(self.settings, known)
        texts = batch.column("text").to_pylist()
        distinct = list(dict.fromkeys(texts))
        names = namer.find(distinct) if namer and set(namer.kinds) & set(self._entities) else [[] for _ in distinct]
        seen = {
            text: self._findings(engine, text) + self._named(text, of_text)
            for text, of_text in zip(distinct, names, strict=True)
        }
        by_text = [seen[text] for text in texts]
        found = [
            Found(at, each.entity, each.start, each.end, each.score, each.message, each.hash)
            for at, of_text in enumerate(by_text)
            for each in of_text
        ]
        self._count(batch, found)
        return as_batch(batch, "pii", found)

    def _findings(self, engine: Detector, text: str) -> list[Found]:
        kinds = [kind for kind in self._entities or () if kind in engine.entities]
        if not text or not kinds:
            return []
        analysis = engine.analyze(text, kinds)
        found = [
            masked(each.entity_type, 0, each.start, each.end, each.score, text, self._salt)
            for each in analysis.results
            if each.score >= self._least(each.entity_type)
        ]
        return found + [masked(TIMED_OUT, 0, 0, len(text), 1.0, text, self._salt)] * (analysis.timed_out > 0)

    def _finder(self) -> Finder | None:
        return finder(self.settings.ner, self.settings.language)

    def _named(self, text: str, names: list[Name]) -> list[Found]:
        return [
            masked(each.kind, 0, each.start, each.end, each.score, text, self._salt)
            for each in names
            if each.kind in (self._entities or ()) and each.score >= self._least(each.kind)
        ]

    def _least(self, kind: str) -> float:
        named = kind in KINDS and self.settings.ner != OFF
        return self.settings.thresholds.get(kind, THRESHOLD if named else self.settings.threshold)

    def _count(self, batch: pyarrow.RecordBatch, found: list[Found]) -> None:
        hit = {each.at for each in found}
        pointing = {each.at for each in found if each.entity not in NO_IDENTIFIERS}
        for row in spans_of_rows(batch):
            self._rows += 1
            self._found_in += any(at in hit for at in row)
            self._identified += any(at in pointing for at in row)
        self._counts.update(each.entity for each in found)

    def merge(self, other: Scanner) -> None:
        """Adds what another scanner counted."""
        self._counts += other._counts
        self._rows += other._rows
        self._found_in += other._found_in
        self._identified += other._identified
        self._entities = self._entities or other._entities

    def result(self) -> Scanned:
        """Returns the counts, and what was looked for and what was not."""
        looked, rows = self._entities or (), self._rows
        counted = [*looked, *([TIMED_OUT] if self._counts[TIMED_OUT] else [])]
        metrics = (
            census("pii.rows_with_findings", self._found_in, rows),
            census("pii.rows_with_identifiers", self._identified, rows),
            census("pii.findings", self._counts.total(), rows),
            census("pii.share_of_rows", self._found_in / rows if rows else 0.0, rows),
            *(census(f"pii.entity.{kind}", self._counts[kind], rows) for kind in counted),
        )
        unknown = [kind for kind in NEEDS_A_MODEL if kind not in looked]
        left_out = () if self.settings.entities else self.settings.skip
        details = {
            "looked_for": {kind: self._counts[kind] for kind in looked},
            "not_looked_for": sorted({*unknown, *left_out}),
            "why_not": {kind: "needs a model that recognises names" for kind in unknown}
            | {kind: "left out by the setting 'skip'" for kind in left_out},
            "thresholds": {kind: self._least(kind) for kind in looked},
            "texts_with_timed_out_patterns": self._counts[TIMED_OUT],
        }
        if self.settings.ner == EMBEDDED and set(looked) & set(NEEDS_A_MODEL):
            details["names_found_in_public_data"] = measured()
        return Scanned(metrics=metrics, details=details)


def chosen(settings: Settings, known: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the kinds to look for.

    Raises:
        UsageError: A kind is named that nothing here can find.
    """
    for name in (*(settings.entities or ()), *settings.skip, *settings.thresholds):
        if name in NEEDS_A_MODEL and name not in known:
            raise UsageError(
                f"'{name}' can only be found by a model that recognises names",
                suggestion("", known),
                "drop it, or name an engine in 'ner'",
            )
        if name not in known:
            raise UsageError(f"there is no kind of personal data '{name}'", suggestion(name, known))
    return tuple(sorted(settings.entities or set(known) - set(settings.skip)))
