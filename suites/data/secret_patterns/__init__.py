"""Our own patterns beside those of detect-secrets, and what a text needs to be worth looking at with any of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

OWN = {
    "google_api_key": re.compile(r"(?<![0-9A-Za-z_-])AIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])"),
    "secret_key_with_a_prefix": re.compile(
        r"(?<![0-9A-Za-z_-])sk-(?=[A-Za-z_-]{0,99}[0-9])(?=[0-9a-z_-]{0,99}[A-Z])[0-9A-Za-z_-]{20,200}(?![0-9A-Za-z_-])"
    ),
    "hugging_face_token": re.compile(r"(?<![0-9A-Za-z_])hf_(?=[a-z]{0,40}[A-Z])[A-Za-z]{30,40}(?![0-9A-Za-z_])"),
}
# Letters that an expression regardless of case takes for "i" in Python, and RE2 does not.
ODD_LETTERS = "\u0130\u0131"
# A counted repeat is asked for at least so many times, so that the automaton stays small.
_TIMES = 20
_BEYOND = r"\x{80}-\x{10FFFF}"
_CATEGORIES = {
    sre.CATEGORY_DIGIT: "0-9" + _BEYOND,
    sre.CATEGORY_WORD: "0-9A-Za-z_" + _BEYOND,
    sre.CATEGORY_SPACE: r"\x09-\x0d\x1c-\x20" + _BEYOND,
    sre.CATEGORY_NOT_DIGIT: r"\x00-\x2f\x3a-\x7f" + _BEYOND,
    sre.CATEGORY_NOT_WORD: r"\x00-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f" + _BEYOND,
    sre.CATEGORY_NOT_SPACE: r"\x00-\x08\x0e-\x1b\x21-\x7f" + _BEYOND,
}


def needed(patterns: Iterable[re.Pattern[str]]) -> str:
    """Returns one expression of RE2 that matches every text in which any of some patterns of Python matches.

    It takes more than they do: what stands around a match does not count, nor do references, upper bounds and long
    counts of repeats, and every sign beyond ASCII passes for every class.

    Raises:
        ValueError: A pattern has a part that is not known here.
    """
    return "|".join(f"(?{_flags(each)}:{_sequence(_parser.parse(each.pattern, each.flags))})" for each in patterns)


def _flags(pattern: re.Pattern[str]) -> str:
    return "is" if pattern.flags & re.IGNORECASE else "s"


def _sequence(parts: Any) -> str:
    return "".join(_part(kind, value) for kind, value in parts)


def _part(kind: Any, value: Any) -> str:
    if kind is sre.LITERAL:
        return _sign(value)
    if kind in (sre.ANY, sre.NOT_LITERAL):
        return "."
    if kind is sre.IN:
        return _class(value)
    if kind is sre.SUBPATTERN:
        return f"(?:{_sequence(value[-1])})"
    if kind is sre.BRANCH:
        return "(?:" + "|".join(_sequence(branch) for branch in value[1]) + ")"
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        return _repeat(*value)
    if kind is sre.ATOMIC_GROUP:
        return f"(?:{_sequence(value)})"
    if kind is sre.GROUPREF:
        return ".*"
    if kind in (sre.AT, sre.ASSERT, sre.ASSERT_NOT):
        return ""
    raise ValueError(f"a pattern has a part '{kind}'")


def _repeat(least: int, most: Any, inner: Any) -> str:
    of = f"(?:{_sequence(inner)})"
    return of + "?" if (least, most) == (0, 1) else f"{of}{{{min(int(least), _TIMES)},}}"


def _class(members: Any) -> str:
    if members[0][0] is sre.NEGATE:
        # What a negated class leaves out is left out only where that is plain signs of ASCII.
        plain = all(kind is sre.LITERAL and value < 128 for kind, value in members[1:])
        return "[^" + "".join(_sign(value) for _, value in members[1:]) + "]" if plain else "."
    return "[" + "".join(_member(kind, value) for kind, value in members) + "]"


def _member(kind: Any, value: Any) -> str:
    if kind is sre.CATEGORY:
        return _CATEGORIES[value]
    return f"{_sign(value[0])}-{_sign(value[1])}" if kind is sre.RANGE else _sign(value)


def _sign(code: int) -> str:
    return chr(code) if code < 128 and chr(code).isalnum() else f"\\x{{{code:x}}}"
