"""Finding the one JSON value in an answer, and comparing JSON values."""

from __future__ import annotations

import json
from typing import Any

_NONE = object()
#: Openings that are tried before giving up: an answer is untrusted, and each try may read to its end.
MOST = 200


def only_value(text: str) -> tuple[bool, Any]:
    """Finds the one JSON value that an answer is or contains.

    The whole answer may be any value; amid other text, or in a code fence, it has to be an object or a list. NaN,
    infinities and keys that stand twice are not JSON here: two readers could take them differently.

    Returns:
        Whether there is exactly one, and the value.
    """
    whole = _read(text.strip())
    if whole is not _NONE:
        return True, whole
    found = _embedded(text)
    return (True, found[0]) if len(found) == 1 else (False, None)


def _decoder() -> json.JSONDecoder:
    return json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _refuse(name: str) -> float:
    raise ValueError(f"'{name}' is not JSON")


def _read(text: str) -> Any:
    try:
        return _decoder().decode(text)
    except (ValueError, RecursionError):
        return _NONE


def _embedded(text: str) -> list[Any]:
    decoder, found, at, tries = _decoder(), [], 0, 0
    while (at := _next_opening(text, at)) >= 0 and len(found) < 2 and (tries := tries + 1) <= MOST:
        try:
            value, at = decoder.raw_decode(text, at)
            found.append(value)
        except (ValueError, RecursionError):
            at += 1
    return found


def _next_opening(text: str, start: int) -> int:
    places = [place for bracket in "{[" if (place := text.find(bracket, start)) >= 0]
    return min(places, default=-1)


def equal(left: Any, right: Any) -> bool:
    """Compares JSON values: numbers by value (1 is 1.0), true is not 1, objects in any order, lists in theirs."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(value, right[key]) for key, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(equal(one, other) for one, other in zip(left, right, strict=True))
    return bool(left == right)
