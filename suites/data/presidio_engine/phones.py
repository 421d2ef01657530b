"""Phone numbers without eight passes: what Presidio's phone recognizer finds, asking each region only where it can answer.

Presidio asks phonenumbers for the numbers of a text once for each of eight regions, and each time every run of digits
is searched for, parsed and mostly thrown away. Here the runs are searched for once, and a region is only asked about
those whose digits could be a number of that region, whole or in part. What could be is read off the region's metadata:
a number is valid only if its digits, but for an international prefix, a country code and a national prefix, have a
length and a form that a region with that country code allows. Whatever is written in another way is asked about.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import phonenumbers.phonenumbermatcher as matching
import phonenumbers.phonenumberutil as util
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberMatch, PhoneNumberMatcher
from presidio_analyzer import RecognizerResult
from presidio_analyzer.predefined_recognizers import PhoneRecognizer

from suites.data.presidio_engine.necessary import DIGIT, Condition, beyond_digits
from suites.data.presidio_engine.results import Finder, deduplicated, result

# Between digits phonenumbers allows up to four of these; an "x" or a tilde may also begin an extension.
_BETWEEN = re.compile(f"[{util._VALID_PUNCTUATION}]", re.IGNORECASE)
_BETWEEN_CODES = tuple(code for code in range(0x10000) if _BETWEEN.match(chr(code)))
# An optional plus, then digits and what may stand between them.
_PLAIN = re.compile(rf"[^+\uff0b\d]*([+\uff0b]*)((?:\d|[{util._VALID_PUNCTUATION}X])*)")
_EXTENSION = re.compile(r"[xX~\u2053\u223c\uff5e]")
_OTHER, _NO_DIGITS = re.compile(r"[\W_]+"), re.compile(r"\D+")
# Words for an extension in other scripts begin with one of these.
_WIDE_WORDS = r"\x{434}\x{414}\x{ff45}\x{ff25}\x{ff58}\x{ff38}\x{ff49}\x{ff29}\x{130}\x{131}"
# After a plus come a country code and at least two digits; before a country code without one, at least two more.
_AFTER_PLUS, _FROM_ABROAD = 3, 5
_KINDS = ("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip", "pager", "uan",
          "voicemail")  # fmt: skip
# A text of more runs than phonenumbers tries before it gives up is left to it.
_MOST_TRIES = 65535


def shortcut(recognizer: PhoneRecognizer) -> tuple[Finder, list[Condition]] | None:
    """Returns how to find what the recognizer finds, and what a text must have; None for another strictness."""
    if recognizer.leniency != matching.Leniency.VALID or set(recognizer.supported_regions) - util.SUPPORTED_REGIONS:
        return None
    regions = {code: _Region(code) for code in recognizer.supported_regions}
    fewest = min(region.fewest for region in regions.values())
    return functools.partial(_find, recognizer, regions), [_digits_in_a_row(fewest)]


def _digits_in_a_row(fewest: int) -> Condition:
    """So many digits with what may stand between them, fewer after a plus, or one before the word for an extension."""
    digits = f"0-9{beyond_digits()}"
    between = "".join(rf"\x{{{code:x}}}" for code in _BETWEEN_CODES)
    ascii_only = "".join(rf"\x{{{code:x}}}" for code in _BETWEEN_CODES if code < 128)
    words = "[eE]?[xX][tT]|[iI][nN][tT]|[aA][nN][eE][xX][oO]"
    return Condition(
        _row("0-9", ascii_only, "+", fewest) + rf"|[0-9][ \t,]*(?:{words})",
        _row(digits, between, r"+\x{ff0b}", fewest) + rf"|[{digits}][ \x{{a0}}\t,]*(?:{words}|[{_WIDE_WORDS}])",
        frozenset({DIGIT}),
    )


def _row(digits: str, between: str, plus: str, fewest: int) -> str:
    more = f"(?:[{between}]{{0,4}}[{digits}])"
    return f"[{digits}]{more}{{{fewest - 1}}}|[{plus}][{between}{plus}]{{0,9}}[{digits}]{more}{{{_AFTER_PLUS - 1}}}"


def _find(
    recognizer: PhoneRecognizer,
    regions: dict[str, _Region],
    text: str,
    possible: Sequence[int],
    timed_out: Callable[[], None],
) -> list[RecognizerResult]:
    runs = _Runs(text)
    first = [run for _, run in runs.from_the_start()]
    if sum(8 * len(run) + 16 for run in first) >= _MOST_TRIES:
        return recognizer.analyze(text, recognizer.supported_entities, None)
    fewest = min(region.fewest for region in regions.values())
    parts = {part for run in first if _is_enough(run, fewest) for part in runs.parts(run) if _is_enough(part, fewest)}
    readings = [_readings(part) for part in parts]
    found = [
        result(recognizer, match.start, match.end, recognizer.SCORE)
        for code, region in regions.items()
        if any(map(region.could_be, readings))
        for match in _Matcher(runs, region, code)
    ]
    return deduplicated(found)


def _is_enough(part: str, fewest: int) -> bool:
    """Tells whether something has digits enough; letters can stand for digits."""
    if len(part) < _AFTER_PLUS:
        return False
    return len(_OTHER.sub("", part)) >= (_AFTER_PLUS if util._PLUS_CHARS_PATTERN.search(part) else fewest)


@dataclass(frozen=True)
class _Reading:
    """Digits as which something could be read, with a plus before them or not."""

    plus: bool
    digits: str


def _readings(candidate: str) -> tuple[_Reading, ...] | None:
    """Lists the ways in which phonenumbers could read a candidate; None where they are not known."""
    match = _PLAIN.fullmatch(candidate)
    # Three letters and more stand for digits.
    if match is None or sum(map(candidate.count, "xX")) > 2:
        return None
    plus, rest = match.groups()
    # What follows an "x" can be an extension, or the number goes on.
    ends = [len(rest), *(each.start() for each in _EXTENSION.finditer(rest))]
    return tuple(_Reading(bool(plus), _digits(rest[:end])) for end in ends)


def _digits(text: str) -> str:
    return _NO_DIGITS.sub("", text) if text.isascii() else util.normalize_digits_only(text)


class _Runs:
    """The runs of digits in a text that phonenumbers would look at; each is searched for once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._next: dict[int, tuple[int, str] | None] = {}
        self._parts: dict[str, list[str]] = {}

    def next(self, index: int) -> tuple[int, str] | None:
        """Returns the first run at or after an index, with its start."""
        if index not in self._next:
            match = matching._PATTERN.search(self.text, index)
            self._next[index] = None if match is None else (match.start(), _until(util._SECOND_NUMBER_START_PATTERN, match.group()))
        return self._next[index]

    def from_the_start(self) -> Iterator[tuple[int, str]]:
        """Yields the runs of a text in which no region finds a number."""
        found = self.next(0)
        while found is not None:
            yield found
            found = self.next(found[0] + len(found[1]))

    def parts(self, run: str) -> list[str]:
        """Lists what phonenumbers tries of a run: the whole, then what stands before, between and after its separators."""
        if run not in self._parts:
            self._parts[run] = [run, *_inner(run)]
        return self._parts[run]


def _until(end: re.Pattern[str], text: str) -> str:
    match = end.search(text)
    return text[: match.start()] if match else text


def _inner(run: str) -> Iterator[str]:
    for separator in matching._INNER_MATCHES:
        match = separator.search(run)
        if match:
            yield _until(util._UNWANTED_END_CHAR_PATTERN, run[: match.start()])
        while match:
            yield _until(util._UNWANTED_END_CHAR_PATTERN, match.group(1))
            match = separator.search(run, match.start() + 1)


class _Matcher(PhoneNumberMatcher):
    """The matcher of phonenumbers, over runs that were searched for before, without trying what cannot be a number."""

    def __init__(self, runs: _Runs, region: _Region, code: str) -> None:
        super().__init__(runs.text, code, leniency=matching.Leniency.VALID)
        self._runs, self._region = runs, region

    def _find(self, index: int) -> PhoneNumberMatch | None:
        run = self._runs.next(index)
        while run is not None:
            start, candidate = run
            if any(map(self._could_be, self._runs.parts(candidate))):
                match = self._extract_match(candidate, start)
                if match is not None:
                    return match
            run = self._runs.next(start + len(candidate))
        return None

    def _parse_and_verify(self, candidate: str, offset: int) -> PhoneNumberMatch | None:
        return super()._parse_and_verify(candidate, offset) if self._could_be(candidate) else None

    def _could_be(self, candidate: str) -> bool:
        return _is_enough(candidate, self._region.fewest) and self._region.could_be(_readings(candidate))


class _Region:
    """What a number must be to be valid when it is read as one of a region."""

    def __init__(self, code: str) -> None:
        own = PhoneMetadata.metadata_for_region(code)
        self._country, self._code = _country(own.country_code), str(own.country_code)
        self._own = own
        self._abroad = re.compile(own.international_prefix) if own.international_prefix else None
        self.fewest = max(2, min(self._country.fewest, _FROM_ABROAD))

    def could_be(self, readings: tuple[_Reading, ...] | None) -> bool:
        """Tells whether something that can be read so could be a valid number; False only where it surely is not."""
        return readings is None or any(map(self._could_be, readings))

    def _could_be(self, reading: _Reading) -> bool:
        if not reading.plus:
            return self._could_be_national(reading.digits)
        code, rest = util._extract_country_code(reading.digits)
        # A plus before no country code is passed over.
        return _country(code).could_be({rest}) if code else self._could_be_national(reading.digits)

    def _could_be_national(self, digits: str) -> bool:
        if len(digits) < self.fewest:
            return False
        if self._abroad is not None and self._abroad.match(digits):
            return True
        read: set[str | None] = {digits}
        if digits.startswith(self._code):
            read.add(digits[len(self._code) :])
        return self._country.could_be(read | {_without_prefix(each, self._own) for each in read if each})


class _Country:
    """The numbers of all regions that share a country code."""

    def __init__(self, code: int) -> None:
        regions = COUNTRY_CODE_TO_REGION_CODE[code]
        rules = [PhoneMetadata.metadata_for_region_or_calling_code(code, region) for region in regions]
        # With the code in front, a number is read by the rules of the code's main region.
        self._main = rules[0]
        self._forms = [form for each in rules for form in _forms(each, len(rules) == 1)]
        self.fewest = min((min(lengths, default=0) for lengths, _ in self._forms), default=0)

    def could_be(self, read: set[str | None]) -> bool:
        """Tells whether one of these could be a valid number, with a national prefix or without."""
        for each in {*read, *(_without_prefix(each, self._main) for each in read if each)}:
            if each is None or any((not of or len(each) in of) and form.fullmatch(each) for of, form in self._forms):
                return True
        return False


@functools.cache
def _country(code: int) -> _Country:
    return _Country(code)


def _without_prefix(digits: str, rules: PhoneMetadata) -> str | None:
    """Cuts off a national prefix; None where a rule makes another number of it."""
    prefix = rules.national_prefix_for_parsing
    match = re.match(prefix, digits) if prefix else None
    if match is None:
        return digits
    groups = match.groups()
    rewritten = rules.national_prefix_transform_rule and (not groups or groups[-1] is not None)
    return None if rewritten else digits[match.end() :]


def _forms(rules: PhoneMetadata, by_kind: bool) -> Iterator[tuple[frozenset[int], re.Pattern[str]]]:
    """The lengths and the form that the valid numbers of a region have."""
    kinds = [getattr(rules, kind) for kind in _KINDS] if by_kind else [rules.general_desc]
    written = [kind.national_number_pattern for kind in kinds if kind is not None and kind.national_number_pattern]
    if written:
        yield frozenset(rules.general_desc.possible_length), re.compile("|".join(f"(?:{each})" for each in written))
