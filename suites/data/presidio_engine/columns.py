"""Which conditions hold in which texts of an Arrow column: Python only sees the texts in which one does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy
import pyarrow
import pyarrow.compute as arrow

from suites.data.presidio_engine.necessary import DIGIT, Condition, strange

Fired = Mapping[int, Mapping[int, Sequence[int]]]

# Arrow reads an expression anew for each column: over fewer texts than these it is quicker to run the pattern itself.
_FEW = 16
# RE2 falls back to a slow way where an expression has too many states; so long ones are not joined.
_LONGEST = 20_000


class Prefilter:
    """Groups of conditions, one group a recognizer and one condition a pattern."""

    def __init__(self, groups: Mapping[int, Sequence[Condition]]) -> None:
        """Joins the conditions of each group."""
        self._groups = {number: (Condition.any_of(group), group) for number, group in groups.items()}

    def __call__(self, texts: pyarrow.Array) -> Fired:
        """Returns, for each text in which something could match, the numbers of the conditions that hold by group."""
        found: dict[int, Any] = defaultdict(lambda: defaultdict(list))
        is_ascii = _flags(arrow.string_is_ascii(texts))
        is_strange = ~is_ascii
        if is_strange.any():
            is_strange = _flags(arrow.match_substring_regex(texts, strange()))
        for place in numpy.flatnonzero(is_strange).tolist():
            found[place] = {number: range(len(group)) for number, (_, group) in self._groups.items()}
        self._look(_Some.of(texts, is_ascii, "ascii"), found)
        self._look(_Some.of(texts, ~is_ascii & ~is_strange, "other"), found)
        return found

    def _look(self, some: _Some, found: dict[int, Any]) -> None:
        for number, (joined, group) in self._groups.items():
            of_group = some.with_any([each.needs for each in group])
            if len(group) > 1 and len(joined.other) < _LONGEST:
                of_group = of_group.matching(joined)
            for at, each in enumerate(group if len(of_group.places) else ()):
                for place in of_group.matching(each).places.tolist():
                    found[place][number].append(at)


class _Some:
    """Some texts of a column, all of ASCII or none, and their places in it."""

    @classmethod
    def of(cls, texts: pyarrow.Array, flags: numpy.ndarray, kind: str) -> _Some:
        """Takes the texts that are flagged."""
        return cls(texts if flags.all() else texts.filter(pyarrow.array(flags)), numpy.flatnonzero(flags), kind)

    def __init__(
        self, texts: pyarrow.Array, places: numpy.ndarray, kind: str, having: dict[str, numpy.ndarray] | None = None
    ) -> None:
        self._texts, self.places, self._kind = texts, places, kind
        self._having: dict[str, numpy.ndarray] = having or {}

    def matching(self, condition: Condition) -> _Some:
        """The texts in which a condition holds, and perhaps a few in which it does not."""
        some = self._with(condition.needs)
        if len(some.places) < _FEW:
            return some
        return some._where(_flags(arrow.match_substring_regex(some._texts, getattr(condition, self._kind))))

    def with_any(self, needs: Sequence[frozenset[str]]) -> _Some:
        """The texts that have what one of several conditions needs."""
        if not all(needs) or not len(self.places):
            return self
        return self._where(numpy.logical_or.reduce([self._all_of(each) for each in dict.fromkeys(needs)]))

    def _with(self, needed: frozenset[str]) -> _Some:
        if not needed or not len(self.places):
            return self
        return self._where(self._all_of(needed))

    def _all_of(self, needed: frozenset[str]) -> numpy.ndarray:
        for each in needed - self._having.keys():
            self._having[each] = _flags(self._has(each))
        return numpy.logical_and.reduce([self._having[each] for each in needed])

    def _has(self, needed: str) -> pyarrow.Array:
        if needed == DIGIT:
            return arrow.match_substring_regex(self._texts, "[0-9]")
        return arrow.match_substring(self._texts, needed)

    def _where(self, flags: numpy.ndarray) -> _Some:
        if flags.all():
            return self
        having = {needed: has[flags] for needed, has in self._having.items()}
        return _Some(self._texts.filter(pyarrow.array(flags)), self.places[flags], self._kind, having)


def _flags(mask: pyarrow.Array) -> numpy.ndarray:
    return mask.to_numpy(zero_copy_only=False)
