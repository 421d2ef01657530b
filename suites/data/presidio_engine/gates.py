"""Necessary conditions of patterns, derived from the patterns themselves: a text that lacks one cannot match.

Running a regular expression over a text that has no digit, when every match of it has one, is wasted. Which
characters a match must have is read off the parsed expression of the recognizer at hand, never from a list of
recognizers, so that a release that changes a pattern changes its gate. What is not understood is not gated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import regex

try:
    from re import _constants as sre
    from re import _parser as parser
except ImportError:  # Another Python: every pattern runs on every text, which is slower and finds the same.
    parser = None

NOTHING: frozenset[str] = frozenset()
_DIGIT, _DOT_WORD = r"\d", r"\.\w"
_KNOWN_FLAGS = regex.IGNORECASE | regex.MULTILINE | regex.DOTALL
# What the ``regex`` module reads otherwise than the standard parser: fuzzy counts, named lists, set operations.
_FOREIGN = regex.compile(
    r"(?<!\\)\{(?!\d*,?\d*\})|\\[LpPXGKRhHN]|\(\?[|&R0-9+]|\(\?[a-zA-Z]*[bepwVx]|--|&&|~~|\|\||\[\["
)


def needed(pattern: str, flags: int) -> frozenset[str]:
    """Returns small expressions that occur in every text which the pattern matches; none where nothing is known."""
    if parser is None or flags & ~_KNOWN_FLAGS or _FOREIGN.search(pattern):
        return NOTHING
    try:
        return _of_sequence(list(parser.parse(pattern)))
    except Exception:
        # A pattern that only the other module can parse.
        return NOTHING


def _of_sequence(elements: Sequence[tuple[Any, Any]]) -> frozenset[str]:
    found = NOTHING.union(*(_of_element(op, value) for op, value in elements)) if elements else NOTHING
    for (op, value), following in pairwise(elements):
        if op is sre.LITERAL and chr(value) == "." and _starts_a_word([following]):
            found |= {_DOT_WORD}
    return found


def _of_element(op: Any, value: Any) -> frozenset[str]:
    if op is sre.LITERAL:
        return _of_character(chr(value))
    if op is sre.IN:
        return frozenset({_DIGIT}) if all(_only_digits(*item) for item in value) else NOTHING
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        return _of_sequence(list(value[2])) if value[0] >= 1 else NOTHING
    if op is sre.SUBPATTERN:
        return _of_sequence(list(value[3]))
    if op is sre.ATOMIC_GROUP:
        return _of_sequence(list(value))
    if op is sre.BRANCH:
        return frozenset.intersection(*(_of_sequence(list(branch)) for branch in value[1]))
    return NOTHING


def _of_character(character: str) -> frozenset[str]:
    if character in "0123456789":
        return frozenset({_DIGIT})
    # A letter has case variants, some of them surprising; what has none stands for itself.
    return NOTHING if character.isalnum() or not character.isascii() else frozenset({regex.escape(character)})


def _only_digits(op: Any, value: Any) -> bool:
    if op is sre.LITERAL:
        return chr(value) in "0123456789"
    if op is sre.RANGE:
        return ord("0") <= value[0] and value[1] <= ord("9")
    return op is sre.CATEGORY and value is sre.CATEGORY_DIGIT


def _starts_a_word(elements: Sequence[tuple[Any, Any]]) -> bool:
    if not elements:
        return False
    op, value = elements[0]
    if op is sre.LITERAL:
        return _word(value)
    if op is sre.IN:
        return all(_word_item(*item) for item in value)
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        return value[0] >= 1 and _starts_a_word(list(value[2]))
    if op is sre.SUBPATTERN:
        return _starts_a_word(list(value[3]))
    return op is sre.BRANCH and all(_starts_a_word(list(branch)) for branch in value[1])


def _word_item(op: Any, value: Any) -> bool:
    if op is sre.RANGE:
        return all(_word(code) for code in range(value[0], value[1] + 1))
    return op is sre.LITERAL and _word(value)


def _word(code: int) -> bool:
    return code < 128 and chr(code).isalnum()


class Gates:
    """Which of the derived expressions occur in a text; every recognizer asks about the same text in turn."""

    def __init__(self) -> None:
        """Knows no text yet."""
        self._tests: dict[str, Callable[[str], Any]] = {}
        self._text: str | None = None
        self._found: dict[str, bool] = {}

    def opener(self, alternatives: Sequence[frozenset[str]]) -> Callable[[str], bool] | None:
        """Returns a test that is true where any of some patterns could match; None where it could never be false."""
        if not alternatives or not all(alternatives):
            return None
        for name in frozenset().union(*alternatives):
            self._tests.setdefault(name, regex.compile(name).search)
        return lambda text: any(all(self._has(text, name) for name in wanted) for wanted in alternatives)

    def _has(self, text: str, name: str) -> bool:
        if text is not self._text:
            self._text, self._found = text, {}
        if name not in self._found:
            self._found[name] = self._tests[name](text) is not None
        return self._found[name]
