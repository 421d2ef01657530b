"""What a scanner has counted, written as plain values and read back."""

import json
from collections import Counter
from functools import cached_property
from types import SimpleNamespace

import pytest

from harness.errors import MeasurementError
from harness.scanning.states import restore, state_of

KEPT = {
    "_rows": 3,
    "_share": 0.1,
    "_none": None,
    "_bytes": b"\x00\xff",
    "_counts": Counter(a=2),
    "_by_group": {("axis", "group"): Counter({"word": 1}), ("axis", "other"): Counter()},
    "_seen": {"a", "b"},
    "_nested": [(1, {2: "three"}), frozenset({4})],
}


def test_plain_values_come_back_as_they_were() -> None:
    state = state_of(SimpleNamespace(settings=object(), _salt=b"s", **KEPT), SimpleNamespace())
    found = vars(restore(SimpleNamespace(), state))
    assert found == KEPT
    assert {name: type(value) for name, value in found.items()} == {name: type(value) for name, value in KEPT.items()}


def test_the_order_in_which_something_was_counted_is_not_kept() -> None:
    one, two = (SimpleNamespace(_n=Counter(order), _s=set(order)) for order in (["b", "a", "c"], ["c", "a", "b"]))
    written = [json.dumps(state_of(each, SimpleNamespace())) for each in (one, two)]
    assert written[0] == written[1]


def test_what_the_constructor_makes_is_left_to_it() -> None:
    made = SimpleNamespace(a=1)
    assert state_of(SimpleNamespace(_terms=made, _rows=1), SimpleNamespace(_terms=SimpleNamespace(a=1))) == {"_rows": 1}


def test_counts_in_an_object_of_their_own_come_back_into_the_one_that_was_made() -> None:
    class Tally:
        def __init__(self) -> None:
            self.seen: Counter[str] = Counter()

    used, fresh = SimpleNamespace(_tally=Tally()), SimpleNamespace(_tally=Tally())
    used._tally.seen["a"] += 2
    own, state = fresh._tally, state_of(used, fresh)
    assert restore(fresh, json.loads(json.dumps(state)))._tally is own
    assert own.seen == Counter(a=2)


def test_what_is_worked_out_from_the_settings_when_needed_is_no_state() -> None:
    class Lazy:
        @cached_property
        def engine(self) -> object:
            return SimpleNamespace(a=1)

    used = Lazy()
    assert used.engine
    assert state_of(used, Lazy()) == {}


def test_anything_else_is_refused_by_its_name() -> None:
    with pytest.raises(MeasurementError, match="'SimpleNamespace' in '_engine'; expected numbers"):
        state_of(SimpleNamespace(_engine=SimpleNamespace(a=1)), SimpleNamespace(_engine=None))
