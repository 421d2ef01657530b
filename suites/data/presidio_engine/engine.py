"""Presidio's analyzer over a blank spaCy pipeline, with its network switched off and its shortcuts proved harmless.

Three things make it faster and none changes what it finds: tokens are only made for a text in which a recognizer found
something (they serve context words alone), a pattern is only run where its necessary condition holds
(:mod:`suites.data.presidio_engine.gates`), and the phone recognizer is only run where its own candidate search, the
first thing that it does for each of its regions, finds a candidate.
"""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import phonenumbers.phonenumbermatcher
import spacy
import tldextract
from presidio_analyzer import AnalyzerEngine, EntityRecognizer, PatternRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts, SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import (
    EmailRecognizer,
    IbanRecognizer,
    PhoneRecognizer,
    SpacyRecognizer,
)
from presidio_analyzer.recognizer_registry import RecognizerRegistry

from harness.errors import MeasurementError, UsageError
from suites.data.presidio_engine.gates import Gates, needed

_LOG = logging.getLogger("presidio-analyzer")


@dataclass(frozen=True)
class Analysis:
    """What was found in one text, and how many patterns gave up on it."""

    results: tuple[RecognizerResult, ...]
    timed_out: int


class BlankNlp(SpacyNlpEngine):
    """A tokenizer whose lemmas are the lower-case words.

    A blank pipeline has empty lemmas, with which no context word would ever be recognised.
    """

    def __init__(self, language: str) -> None:
        """Makes the tokenizer of a language; nothing is downloaded."""
        super().__init__(models=[{"lang_code": language, "model_name": f"blank:{language}"}])
        pipeline = spacy.blank(language)
        # The limit protects parsers from running out of memory; there is none here.
        pipeline.max_length = sys.maxsize
        self.nlp = {language: pipeline}

    def load(self) -> None:
        """Does nothing: the tokenizer is there."""

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        """Splits a text into tokens and gives each its lemma."""
        doc = self.nlp[language].make_doc(text)
        for token in doc:
            token.lemma_ = token.lower_
        return self._doc_to_nlp_artifact(doc, language)


class _Later:
    """Artifacts of a text that are made when something first asks for one of them."""

    def __init__(self, make: Callable[[], NlpArtifacts]) -> None:
        self._make = make

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made, name)

    @functools.cached_property
    def _made(self) -> NlpArtifacts:
        return self._make()


class Detector:
    """The analyzer of one language."""

    def __init__(self, language: str, gated: bool = True) -> None:
        """Loads the recognizers of a language.

        Args:
            language: Such as ``en``.
            gated: Whether to skip what provably finds nothing.

        Raises:
            UsageError: There is no recognizer for that language.
        """
        self.language = language
        with _quiet():
            self._nlp = _tokenizer(language)
            registry = RecognizerRegistry(supported_languages=[language])
            registry.load_predefined_recognizers(languages=[language])
            # Without a model it would never find anything, and its kinds would count as looked for.
            registry.recognizers = [each for each in registry.recognizers if not isinstance(each, SpacyRecognizer)]
            for recognizer in registry.recognizers:
                _take_offline(recognizer)
            if gated:
                _gate(registry.recognizers)
            self._engine = AnalyzerEngine(registry=registry, nlp_engine=self._nlp, supported_languages=[language])
        kinds = {kind for each in registry.recognizers for kind in each.supported_entities}
        self.entities = tuple(sorted(kinds))

    def analyze(self, text: str, entities: Sequence[str]) -> Analysis:
        """Looks for some kinds of entities in a text; results of any score are returned.

        Raises:
            MeasurementError: The analyzer failed; the text is not repeated in the message.
        """
        later = _Later(lambda: self._nlp.process_text(text, self.language))
        with _quiet() as log:
            try:
                results = self._engine.analyze(
                    text, self.language, list(entities), score_threshold=0, nlp_artifacts=later
                )
            except Exception as error:
                # Its messages may quote the text, so neither they nor the traceback go on.
                raise MeasurementError(
                    f"the analyzer failed with {type(error).__name__}", "an analysis of every text"
                ) from None
        return Analysis(tuple(results), log.timed_out)


def _tokenizer(language: str) -> BlankNlp:
    try:
        return BlankNlp(language)
    except ImportError:
        raise UsageError(f"there are no rules for the language '{language}'", "a language code such as 'en'") from None


def _take_offline(recognizer: EntityRecognizer) -> None:
    """Gives the e-mail recognizer the list of domains of its package, whatever a cache or the network has."""
    if isinstance(recognizer, EmailRecognizer):
        domains = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
        recognizer.validate_result = lambda found: domains(found).fqdn != ""


def _gate(recognizers: Sequence[EntityRecognizer]) -> None:
    gates = Gates()
    for recognizer in recognizers:
        opens = _phone_opener(recognizer) or _pattern_opener(recognizer, gates)
        if opens is not None:
            recognizer.analyze = functools.partial(_analyze_where_open, opens, recognizer.analyze)


def _analyze_where_open(
    opens: Callable[[str], Any], analyze: Callable[..., Any], text: str, *args: Any, **named: Any
) -> Any:
    return analyze(text, *args, **named) if opens(text) else []


def _phone_opener(recognizer: EntityRecognizer) -> Callable[[str], Any] | None:
    pattern = getattr(phonenumbers.phonenumbermatcher, "_PATTERN", None)
    return pattern.search if type(recognizer) is PhoneRecognizer and pattern is not None else None


def _pattern_opener(recognizer: EntityRecognizer, gates: Gates) -> Callable[[str], bool] | None:
    """Gates a recognizer that is known to return nothing but matches of its own patterns."""
    plain = isinstance(recognizer, PatternRecognizer) and type(recognizer).analyze is PatternRecognizer.analyze
    if not plain and type(recognizer) is not IbanRecognizer:
        return None
    flags = int(recognizer.global_regex_flags or 0)
    return gates.opener([needed(pattern.regex, flags) for pattern in recognizer.patterns])


class _Watch(logging.Filter):
    """Counts patterns that ran out of time and lets no record through that could quote a text."""

    def __init__(self) -> None:
        super().__init__()
        self.timed_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        self.timed_out += "timed out" in record.getMessage() and record.levelno >= logging.WARNING
        return False


@contextmanager
def _quiet() -> Iterator[_Watch]:
    watch = _Watch()
    _LOG.addFilter(watch)
    try:
        yield watch
    finally:
        _LOG.removeFilter(watch)


@functools.cache
def detector(language: str) -> Detector:
    """Returns the detector of a language; making one takes a second, so a process makes one."""
    return Detector(language)
