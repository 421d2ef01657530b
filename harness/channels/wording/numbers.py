"""Numbers as people read them: a rate as a percentage, its change in percentage points, everything else as it is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from harness.audit import ARMS, Audit

Unit = Literal["rate", "number"]

# U+202F keeps a number and its unit on one line; U+2212 is as wide as the plus sign.
THIN, MINUS = "\u202f", "\u2212"
MOST_DECIMALS = 4


@dataclass(frozen=True)
class Shown:
    """A number to be read, and the same number exactly."""

    text: str
    exact: str


def units(audit: Audit) -> dict[str, Unit]:
    """Lists the unit of every metric of a run; one is a rate where every arm says so, and a slice where all of it is."""
    found: dict[str, Unit] = {}
    for metric in (metric for arm in ARMS for measurement in audit.arm(arm) for metric in measurement.metrics):
        found[metric.name] = metric.unit if found.get(metric.name, metric.unit) == metric.unit else "number"
    return {name: "number" if found.get(name.partition("@")[0]) == "number" else unit for name, unit in found.items()}


def level(value: float | None, unit: Unit, near: float | None = None) -> Shown | None:
    """Shows a measured value.

    Args:
        value: The value; None where it was not measured.
        unit: How it is read.
        near: A bound that the text must not be rounded onto, so that a reader never sees a contradiction.
    """
    return (
        None
        if value is None
        else Shown(_text(value, unit, near) + (f"{THIN}%" if unit == "rate" else ""), exact(value))
    )


def change(value: float | None, unit: Unit, near: float | None = None) -> Shown | None:
    """Shows a difference, always with its sign."""
    if value is None:
        return None
    return Shown(signed(value, unit, near) + (f"{THIN}points" if unit == "rate" else ""), exact(value))


def size(value: float | None, unit: Unit) -> Shown | None:
    """Shows how large a difference is, whichever way it goes."""
    shown = change(value, unit)
    return None if shown is None else Shown(shown.text.lstrip("+"), shown.exact)


def span(interval: tuple[float, float] | None, unit: Unit, is_change: bool, near: float | None = None) -> Shown | None:
    """Shows an interval as ``low to high``, which stays readable where both ends are negative."""
    if interval is None:
        return None
    ends = [signed(end, unit, near) if is_change else _text(end, unit, near) for end in interval]
    suffix = "" if unit == "number" else f"{THIN}points" if is_change else f"{THIN}%"
    return Shown(" to ".join(ends) + suffix, " to ".join(exact(end) for end in interval))


def signed(value: float, unit: Unit, near: float | None = None) -> str:
    """Writes a number with its sign, without a unit."""
    text = _text(value, unit, near)
    return text if text.startswith(MINUS) or not math.isfinite(value) else f"+{text}" if value > 0 else text


def exact(value: float) -> str:
    """Writes a number so that it can be read back without loss."""
    return repr(value)


def _text(value: float, unit: Unit, near: float | None = None) -> str:
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "+∞" if value > 0 else f"{MINUS}∞"
    if unit == "rate":
        return _fixed(100 * value, None if near is None else 100 * near)
    if value.is_integer() and abs(value) < 1e15:
        return count(int(value))
    return f"{value:.4g}".replace("-", MINUS)


def _fixed(value: float, near: float | None) -> str:
    places = 1
    while near is not None and places < MOST_DECIMALS and _collides(value, near, places):
        places += 1
    text = f"{value:.{places}f}"
    return f"{0:.{places}f}" if float(text) == 0 else text.replace("-", MINUS)


def _collides(value: float, near: float, places: int) -> bool:
    # Equality but for the last bits of a float is equality: 100 * 0.8 must not be shown as 80.0000.
    apart = not math.isclose(abs(value), abs(near), rel_tol=1e-9, abs_tol=1e-12)
    return apart and round(abs(value), places) == round(abs(near), places)


def count(number: int) -> str:
    """Writes a whole number in groups of three."""
    return f"{number:,}".replace(",", THIN).replace("-", MINUS)


def seconds(value: float) -> str:
    """Writes a duration in the two units that matter."""
    if value < 60:
        return f"{value:.1f}{THIN}s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}{THIN}h {minutes:02}{THIN}min" if hours else f"{minutes}{THIN}min {rest:02}{THIN}s"


def plural(number: int, noun: str) -> str:
    """Writes a count with its noun."""
    return f"{count(number)} {noun}" + ("" if number == 1 else "s")


def listed(words: Iterable[str]) -> str:
    """Joins words as a sentence does."""
    *most, last = list(words) or [""]
    return f"{', '.join(most)} and {last}" if most else last
