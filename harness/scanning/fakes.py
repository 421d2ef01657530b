"""Stand-ins for personal values: the same for the same value, and nothing without the key tells which.

A fake has the form of what it stands for and fails the check that makes one real: a card number that begins with 9 and
that Luhn's sum refuses, an account with the check digits 00, a social security number of the area 000, a mail address
below ``.invalid`` (RFC 2606), an IP address with parts above 255, a telephone number of letters. So a second scan does not
find it, and nobody's telephone rings. A kind without such a form gets a name instead: the kind, and letters made from the
value.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator

_LETTERS = 16


def pseudonym(kind: str, value: str, key: bytes) -> str:
    """The kind and sixteen letters: a keyed hash of 64 bits, without digits that could look like a number."""
    return f"<{kind}:{''.join(chr(97 + half) for half, _ in zip(_halves(kind, value, key), range(_LETTERS), strict=False))}>"


def fake(kind: str, value: str, key: bytes) -> str:
    """A value of the same form that cannot exist, or a name where there is no such form."""
    make = _MAKERS.get(kind)
    made = make(value, _halves(kind, value, key)) if make else None
    return made if made is not None else pseudonym(kind, value, key)


def _halves(kind: str, value: str, key: bytes) -> Iterator[int]:
    """Numbers from 0 to 15 without end, made from the value."""
    block = 0
    while True:
        text = f"{block}\0{kind}\0{value}".encode("utf-8", "surrogatepass")
        for byte in hmac.new(key, text, hashlib.sha256).digest():
            yield byte >> 4
            yield byte & 15
        block += 1


def _digits(value: str, halves: Iterator[int], fixed: str = "") -> str:
    """Puts other digits into the places of the digits, the first of them given."""
    first = iter(fixed)
    return re.sub(r"\d", lambda _: next(first, None) or str(_digit(halves)), value)


def _digit(halves: Iterator[int]) -> int:
    return next(half for half in halves if half < 10)


def _email(value: str, halves: Iterator[int]) -> str:
    letters = "".join(chr(97 + next(halves)) for _ in range(14))
    return f"{letters[:5]}.{letters[5:9]}@{letters[9:]}.invalid"


def _card(value: str, halves: Iterator[int]) -> str | None:
    made = _digits(value, halves, "9")
    numbers = [int(each) for each in re.findall(r"\d", made)]
    if not numbers:
        return None
    doubled = [sum(divmod(2 * each, 10)) if at % 2 else each for at, each in enumerate(reversed(numbers))]
    if sum(doubled) % 10:
        return made
    return re.sub(r"\d(?=\D*$)", str((numbers[-1] + 1) % 10), made)


def _account(value: str, halves: Iterator[int]) -> str | None:
    return f"{value[:2].upper()}00{_lettered(value[4:], halves).upper()}" if value[:2].isalpha() else None


def _lettered(value: str, halves: Iterator[int]) -> str:
    """Puts letters into the places of digits and letters: a long run of other digits is too often some other number."""
    return re.sub(r"[^\W_]", lambda _: chr(97 + next(halves)), value)


def _address(value: str, halves: Iterator[int]) -> str | None:
    if value.count(".") != 3:
        return None
    return ".".join(f"{3 + next(halves) % 6}{_digit(halves)}{_digit(halves)}" for _ in range(4))


_MAKERS: dict[str, Callable[[str, Iterator[int]], str | None]] = {
    "EMAIL_ADDRESS": _email,
    "CREDIT_CARD": _card,
    "IBAN_CODE": _account,
    "US_SSN": lambda value, halves: _digits(value, halves, "000"),
    "IP_ADDRESS": _address,
    "PHONE_NUMBER": _lettered,
}
