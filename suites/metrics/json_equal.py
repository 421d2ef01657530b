"""Whether the one JSON value in an answer equals the target; numbers are compared by value, keys in any order.

*How it can be fooled.* By nothing that is not the value; text around one value is forgiven, a second value is not.
"""

from __future__ import annotations

from typing import Any

from pydantic import JsonValue

from suites.metrics.found_json import equal, only_value

VERSION = "1"


def score(output: str, target: JsonValue) -> float:
    """Scores 1.0 where the answer holds exactly one JSON value and it equals the target, else 0.0.

    A target that is text and reads as an object or a list is taken as that, since table files hold JSON as text.
    """
    one, found = only_value(output)
    return float(one and equal(found, _wanted(target)))


def _wanted(target: JsonValue) -> Any:
    if isinstance(target, str):
        one, value = only_value(target)
        return value if one and isinstance(value, dict | list) else target
    return target
