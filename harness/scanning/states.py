"""What a scanner has counted, as text: plain values only, so that reading it back runs no code.

A pickle would run whatever whoever can write to the store's folder puts there. The attributes of a scanner are written
one by one instead; one that is no plain value has to be what the scanner's own constructor makes of its settings.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from harness.errors import MeasurementError

# What a scanner is made with; what is kept lies under a key that holds both.
_GIVEN = ("settings", "_salt")
# What is kept in an object of its own, which the constructor has made.
_INNER = "attributes"
_LEAVES = (str, int, float, bool, type(None))


def state_of(scanner: Any, fresh: Any) -> dict[str, Any]:
    """Writes the attributes of a scanner as JSON values.

    Args:
        scanner: Which has scanned something.
        fresh: One of the same settings which has not.

    Raises:
        MeasurementError: An attribute is neither a plain value nor what the constructor makes.
    """
    found = {}
    for name, value in vars(scanner).items():
        # What a scanner works out from its settings when it first needs it is no state.
        if name in _GIVEN or isinstance(getattr(type(scanner), name, None), cached_property):
            continue
        own = getattr(fresh, name, None)
        try:
            found[name] = _written(value)
        except TypeError as error:
            if own != value and type(own) is type(value) and hasattr(value, "__dict__"):
                found[name] = {_INNER: state_of(value, own)}
            elif own != value:
                raise MeasurementError(
                    f"the scanner '{type(scanner).__module__}' keeps {error} in '{name}'",
                    "numbers, texts, bytes, and lists, tuples, sets, dicts and counters of them",
                    "say 'BY_ROW = False' in the suite, or keep something plainer",
                ) from None
    return found


def restore(fresh: Any, state: Mapping[str, Any]) -> Any:
    """Gives a scanner that has scanned nothing the attributes that :func:`state_of` wrote."""
    for name, value in state.items():
        if isinstance(value, dict) and _INNER in value:
            restore(getattr(fresh, name), value[_INNER])
        else:
            setattr(fresh, name, _read(value))
    return fresh


def _written(value: Any) -> Any:
    kind = type(value)
    if kind in _LEAVES:
        return value
    if kind is bytes:
        return {"bytes": base64.b64encode(value).decode()}
    if kind in (set, frozenset):
        # The order of a set is another one in every process.
        return {kind.__name__: [_written(each) for each in sorted(value, key=repr)]}
    if kind in (list, tuple):
        return {kind.__name__: [_written(each) for each in value]}
    if kind is Counter:
        value = Counter(dict(sorted(value.items(), key=repr)))
    if kind in (dict, Counter):
        if all(type(key) is str for key in value):
            return {kind.__name__: {key: _written(each) for key, each in value.items()}}
        return {kind.__name__: [[_written(key), _written(each)] for key, each in value.items()]}
    raise TypeError(f"a value of the type '{kind.__name__}'")


def _read(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, inner),) = value.items()
    if kind == "bytes":
        return base64.b64decode(inner)
    if kind in _PAIRED:
        pairs = inner.items() if isinstance(inner, dict) else ((_read(key), each) for key, each in inner)
        return _PAIRED[kind]({key: _read(each) for key, each in pairs})
    return _LISTED[kind](map(_read, inner))


_PAIRED: Mapping[str, Any] = {"dict": dict, "Counter": Counter}
_LISTED: Mapping[str, Any] = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}
