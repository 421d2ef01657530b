"""Hostile, threatening and obscene texts in training rows, by a lexicon or by a classifier of one's own.

*What it measures*: rows with a text that scores at or above the threshold, rows in which it is an answer (what the model
is taught to say), and texts by kind. The scorer that is built in is a heuristic over our own list of English words: whom
a word is aimed at, whether it is denied or quoted. On public test data at the default threshold it has precision .76 and
recall .59 against all labels of openai-moderation (AUC .83), .98 and .70 against offensive tweets (AUC .93), and .86 and
.54 on HateCheck (AUC .62), which is made to fool such lists. ``classifier`` names a folder of transformers instead.

*Why it can block promotion*: a model that is trained on abuse answers with it.

*How it can be fooled*: it reads no meaning. Contempt in polite words, irony, other languages, misspelled words and whatever
the list lacks are not found; reports of abuse, reclaimed slurs, fiction and medicine are flagged. A low figure never means
that the data is harmless, and none of these figures holds for data of another kind.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from harness.settings import InputFile
from harness.settings import Settings as PluginSettings
from harness.suite import Scanned
from suites.data.findings import Found, as_batch, census, salted_hash, spans_of_rows
from suites.data.row_faults.turns import conversations

if TYPE_CHECKING:
    import pyarrow

    from suites.data.toxicity_scorers import Judged, Scorer

VERSION = "1"
BY_ROW = True
METRICS = {
    "rows_with_findings": "lower",
    "answers_with_findings": "lower",
    "share_of_rows": "lower",
    "findings": "lower",
    "kind.*": "lower",
}
PACKAGES = ("torch", "transformers")
# Precision, recall and AUC of the lexicon at the default threshold: python -m benchmarks.toxicity
MEASURED = {
    "openai-moderation, any label": {"n": 840, "precision": 0.757, "recall": 0.593, "auc": 0.831},
    "offensive or hateful tweets (Davidson)": {"n": 3000, "precision": 0.983, "recall": 0.703, "auc": 0.932},
    "HateCheck": {"n": 1910, "precision": 0.857, "recall": 0.539, "auc": 0.615},
}


class Settings(PluginSettings):
    """Who judges, and from where on a text counts."""

    threshold: float = Field(default=0.5, gt=0, le=1, description="lowest score of a finding")
    classifier: InputFile | None = Field(
        default=None, description="folder of a sequence classifier; the lexicon if None"
    )
    label: str = Field(default="toxic", description="label of the classifier whose probability is the score")
    on_finding: Literal["block", "report"] = "report"


def scorer(settings: Settings) -> Scorer:
    """Makes the scorer that the settings name."""
    if settings.classifier is not None:
        from suites.data.toxicity_scorers.classifier import Classifier

        return Classifier(settings.classifier, settings.label)
    from suites.data.toxicity_scorers.lexical import Lexical

    return Lexical()


class Scanner:
    """Counts texts that score high; the scorer is made with the first batch."""

    def __init__(self, settings: Settings, salt: bytes) -> None:
        """Starts at zero."""
        self.settings, self._salt = settings, salt
        self._counts: Counter[str] = Counter()
        self._rows = self._found_in = self._answered = 0

    @cached_property
    def _scorer(self) -> Scorer:
        return scorer(self.settings)

    def scan_batch(self, batch: pyarrow.RecordBatch) -> pyarrow.RecordBatch:
        """Judges every text of a batch but ids; equal texts are judged once."""
        columns = {name: batch.column(name).to_pylist() for name in ("field", "role", "text")}
        distinct = list(dict.fromkeys(columns["text"]))
        judged = dict(zip(distinct, self._scorer.judge(distinct), strict=True))
        found = {
            at: self._found(at, text, judged[text])
            for at, (field, text) in enumerate(zip(columns["field"], columns["text"], strict=True))
            if field != "id" and judged[text].score >= self.settings.threshold
        }
        for row in spans_of_rows(batch):
            self._count(row, columns, found)
        return as_batch(batch, "toxicity", list(found.values()))

    def _count(self, row: range, columns: dict[str, list[Any]], found: dict[int, Found]) -> None:
        talks = conversations((at, *(columns[name][at] for name in ("field", "role", "text"))) for at in row)
        answers = {turn.at for talk in talks for turn in talk.turns if turn.role == "assistant"}
        self._rows += 1
        self._found_in += any(at in found for at in row)
        self._answered += any(at in found for at in answers)
        self._counts.update(found[at].entity.lower() for at in row if at in found)

    def _found(self, at: int, text: str, judged: Judged) -> Found:
        hashed = salted_hash(text[judged.start : judged.end], self._salt)
        message = f"seems toxic: {judged.kind or 'unnamed'}, score {judged.score:.2f}"
        return Found(at, judged.kind.upper() or "TOXIC", judged.start, judged.end, judged.score, message, hashed)

    def merge(self, other: Scanner) -> None:
        """Adds what another scanner counted."""
        self._counts += other._counts
        self._rows += other._rows
        self._found_in += other._found_in
        self._answered += other._answered

    def result(self) -> Scanned:
        """Returns the counts, who judged, and how far that can be trusted."""
        rows, lexicon = self._rows, self.settings.classifier is None
        metrics = (
            census("toxicity.rows_with_findings", self._found_in, rows),
            census("toxicity.answers_with_findings", self._answered, rows),
            census("toxicity.share_of_rows", self._found_in / rows if rows else 0.0, rows),
            census("toxicity.findings", self._counts.total(), rows),
            *(census(f"toxicity.kind.{kind}", count, rows) for kind, count in sorted(self._counts.items())),
        )
        details = {
            "scorer": "lexicon, a heuristic over English words" if lexicon else f"classifier, '{self.settings.label}'",
            "threshold": self.settings.threshold,
            "measured_error": MEASURED if lexicon else "not measured here: measure the classifier on labelled texts",
            "not_looked_for": ["irony and contempt in polite words", "other languages"] if lexicon else [],
        }
        return Scanned(metrics=metrics, details=details)
