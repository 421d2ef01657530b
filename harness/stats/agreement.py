"""How far a judge agrees with people: a table of counts in, figures with their doubt out.

Cohen's kappa (J. Cohen, Educational and Psychological Measurement 20 (1960), 37-46) is agreement beyond what both would reach
by drawing labels at random in their own proportions. Its interval, and that of F1, is the percentile bootstrap over rows with
a fixed seed; shares have the exact interval of Clopper and Pearson.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.stats.intervals import clopper_pearson_high
from harness.stats.judged import Errors, share_low

Table = Mapping[str, Mapping[str, int]]

DRAWS, SEED = 2000, 1


@dataclass(frozen=True)
class Figure:
    """A number and its two-sided 95 % interval; both None where nothing was there to reckon it from."""

    value: float | None
    interval: tuple[float, float] | None


def collapsed(table: Table, positive: Iterable[str]) -> Errors:
    """The counts of a table of labels (people's, then the judge's) where some labels are told from all others."""
    of = frozenset(positive)
    both = sum(count for label, row in table.items() if label in of for said, count in row.items() if said in of)
    yes = sum(sum(row.values()) for label, row in table.items() if label in of)
    alarms = sum(count for label, row in table.items() if label not in of for said, count in row.items() if said in of)
    no = sum(sum(row.values()) for label, row in table.items() if label not in of)
    return Errors(both, yes, no - alarms, no)


def two_by_two(errors: Errors) -> Table:
    """The table of a two-way judgement."""
    alarms = errors.negatives - errors.cleared
    return {
        "yes": {"yes": errors.found, "no": errors.positives - errors.found},
        "no": {"yes": alarms, "no": errors.cleared},
    }


def share(successes: int, n: int) -> Figure:
    """A share with its exact interval."""
    if not n:
        return Figure(None, None)
    return Figure(successes / n, (share_low(successes, n, 0.025), clopper_pearson_high(successes, n, 0.025)))


def kappa(table: Table) -> Figure:
    """Cohen's kappa; None where people, or both, used one label only."""
    return _bootstrapped(table, _kappa)


def kappa_value(table: Table) -> float | None:
    """Cohen's kappa without its interval."""
    value = float(_kappa(_array(table)))
    return value if value == value else None


def f1(errors: Errors) -> Figure:
    """The harmonic mean of precision and recall; None where neither people nor judge said yes."""
    return _bootstrapped(two_by_two(errors), _f1)


def _array(table: Table) -> Any:
    """The counts, shape (labels, labels): a row for each label of people, a column for each of the judge."""
    import numpy

    labels = sorted({*table, *(said for row in table.values() for said in row)})
    return numpy.array([[table.get(label, {}).get(said, 0) for said in labels] for label in labels], dtype=float)


def _bootstrapped(table: Table, figure: Callable[[Any], Any]) -> Figure:
    import numpy

    counts = _array(table)
    n, value = int(counts.sum()), float(figure(counts))
    if value != value:
        return Figure(None, None)
    drawn = numpy.random.default_rng(SEED).multinomial(n, (counts / n).ravel(), size=DRAWS)
    found = figure(drawn.reshape(DRAWS, *counts.shape).astype(float))
    low, high = numpy.nanquantile(found, [0.025, 0.975])
    return Figure(value, (float(low), float(high)))


def _kappa(counts: Any) -> Any:
    """Kappa of tables, shape (..., labels, labels); NaN where chance alone agrees always, or there is nothing."""
    import numpy

    n = counts.sum(axis=(-1, -2))
    said, heard = counts.sum(axis=-1), counts.sum(axis=-2)
    with numpy.errstate(invalid="ignore", divide="ignore"):
        agreed = numpy.trace(counts, axis1=-2, axis2=-1) / n
        chance = (said * heard).sum(axis=-1) / (n * n)
        return (agreed - chance) / (1 - chance)


def _f1(counts: Any) -> Any:
    """F1 of two-way tables whose labels are sorted: no, yes."""
    import numpy

    both, either = counts[..., 1, 1], counts[..., 1, :].sum(axis=-1) + counts[..., :, 1].sum(axis=-1)
    with numpy.errstate(invalid="ignore", divide="ignore"):
        return 2 * both / either
