"""Whether an answer is, or contains, exactly one JSON value; the target does not matter.

*How it can be fooled.* By an empty object. Use ``json_equal`` where the content is known.
"""

from __future__ import annotations

from pydantic import JsonValue

from suites.metrics.found_json import only_value

VERSION = "1"


def score(output: str, target: JsonValue = None) -> float:
    """Scores 1.0 where there is exactly one JSON value, else 0.0."""
    del target
    return float(only_value(output)[0])
