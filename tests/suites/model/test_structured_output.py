"""Answers for programs: one JSON value, of the shape, with the values, and the same in every wording."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.errors import DataError
from harness.suite import Measured, measurement
from suites.model import structured_output as suite

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "people": {"type": "integer"}},
    "required": ["city", "people"],
    "additionalProperties": False,
}
VALUE = {"city": "Lund", "people": 3}
RIGHT = json.dumps(VALUE)


def items(path: Path, *rows: dict[str, Any]) -> Path:
    full = [
        {"id": f"i{at}", "prompt": f"q{at}", "target": {"schema": SCHEMA, "value": VALUE}, **row}
        for at, row in enumerate(rows)
    ]
    path.write_text("\n".join(json.dumps(row) for row in full))
    return path


@pytest.fixture
def measure(tmp_path: Path, canned: Callable[[Any], Any]) -> Callable[..., Measured]:
    def measured(*said: str, clusters: str = "", **row: Any) -> Measured:
        rows = [{**row, "cluster": clusters[at]} if clusters else dict(row) for at in range(len(said))]
        subject = canned({f"q{at}": text for at, text in enumerate(said)})
        return suite.measure(subject, suite.Settings(items=items(tmp_path / "i.jsonl", *rows)))

    return measured


SCORES = {
    "the value": (RIGHT, (1, 1, 1), "right"),
    "its keys in another order and a number written otherwise": ('{"people": 3.0, "city": "Lund"}', (1, 1, 1), "right"),
    "in a fence with words around": (f"Here it is:\n```json\n{RIGHT}\n```", (1, 1, 1), "right"),
    "a wrong value": ('{"city": "Lund", "people": 4}', (1, 1, 0), "wrong value"),
    "a number as text": ('{"city": "Lund", "people": "3"}', (1, 0, 0), "wrong shape"),
    "a key too many": ('{"city": "Lund", "people": 3, "note": ""}', (1, 0, 0), "wrong shape"),
    "an empty object": ("{}", (1, 0, 0), "wrong shape"),
    "two values": (f"{RIGHT} {RIGHT}", (0, 0, 0), "no JSON"),
    "a bracket too few": (RIGHT[:-1], (0, 0, 0), "no JSON"),
    "a key twice": ('{"city": "Lund", "city": "Lund", "people": 3}', (0, 0, 0), "no JSON"),
    "nothing": ("", (0, 0, 0), "no JSON"),
    "prose": ("Three people in Lund.", (0, 0, 0), "no JSON"),
}


@pytest.mark.parametrize(("said", "scores", "label"), SCORES.values(), ids=SCORES)
def test_syntax_shape_and_values_are_told_apart(
    measure: Callable[..., Measured], said: str, scores: tuple[int, ...], label: str
) -> None:
    (sample,) = measure(said).samples
    assert (tuple(sample.scores.values()), sample.label) == (scores, label)
    assert list(sample.scores) == ["valid", "schema_valid", "right"]


def test_a_task_is_stable_where_all_its_wordings_fit_and_say_the_same(measure: Callable[..., Measured]) -> None:
    other = '{"city": "Lund", "people": 4}'
    said = (RIGHT, RIGHT, RIGHT, other, other, other, "{}", "{}", RIGHT)
    found = measure(*said, clusters="aabbccdde")
    stable = {sample.cluster: sample.scores["stable"] for sample in found.samples if "stable" in sample.scores}
    # The same wrong value twice is stable; the same wrong shape twice is not; a task asked once says nothing of it.
    assert stable == {"a": 1.0, "b": 0.0, "c": 1.0, "d": 0.0}
    assert sum("stable" in sample.scores for sample in found.samples) == 4


def test_stability_is_counted_once_a_task(measure: Callable[..., Measured], canned: Callable[[Any], Any]) -> None:
    found = measure(*(RIGHT,) * 6, clusters="aaabbb")
    metrics = {each.name: each.n for each in measurement("s", "1", canned(""), suite.METRICS, found).metrics}
    assert (metrics["s.stable"], metrics["s.right"]) == (2, 6)


def test_an_answer_too_deep_or_too_large_to_check_does_not_fit(measure: Callable[..., Measured]) -> None:
    deep = {"schema": {"type": "array", "items": {"$ref": "#"}}, "value": []}
    (sample,) = measure("[" * 400 + "]" * 400, target=deep).samples
    assert (sample.scores["schema_valid"], sample.scores["right"]) == (0.0, 0.0)
    large = {"schema": {"multipleOf": 0.5}, "value": 1}
    (sample,) = measure("1" + "0" * 400, target=large).samples
    assert (sample.scores["valid"], sample.scores["schema_valid"], sample.scores["right"]) == (1.0, 0.0, 0.0)


def test_two_answers_too_deep_to_compare_are_not_stable(measure: Callable[..., Measured]) -> None:
    loose = {"schema": {"type": "array"}, "value": []}
    deep = "[" * 600 + "]" * 600
    found = measure(deep, deep, clusters="aa", target=loose)
    assert found.samples[0].scores == {"valid": 1.0, "schema_valid": 1.0, "right": 0.0, "stable": 0.0}


BAD = {
    "no schema": ({"city": "Lund"}, "item 'i0' has no schema"),
    "a text": ("Lund", "item 'i0' has no schema"),
    "a schema that is none": (
        {"schema": {"type": "objekt"}, "value": {}},
        "the 'schema' of item 'i0' is none: 'objekt'",
    ),
    "a value that does not fit": (
        {"schema": SCHEMA, "value": {}},
        "the 'value' of item 'i0' does not fit its 'schema'",
    ),
    "a schema from elsewhere": (
        {"schema": {"$ref": "http://127.0.0.1:9/schema.json"}, "value": {}},
        "a 'schema' refers to 'http://127.0.0.1:9/schema.json', which is not in it",
    ),
}


@pytest.mark.parametrize(("target", "message"), BAD.values(), ids=BAD)
def test_a_bad_item_is_named_before_anything_is_asked(
    tmp_path: Path, canned: Callable[[Any], Any], target: Any, message: str
) -> None:
    subject = canned(RIGHT)
    with pytest.raises(DataError) as raised:
        suite.measure(subject, suite.Settings(items=items(tmp_path / "i.jsonl", {"target": target})))
    assert message in str(raised.value)
    assert (subject.asked, "\n" in str(raised.value)) == ([], False)


def test_answers_may_be_longer_than_elsewhere_unless_told(tmp_path: Path, canned: Callable[[Any], Any]) -> None:
    path = items(tmp_path / "i.jsonl", {})
    asked = []
    for settings in (suite.Settings(items=path), suite.Settings(items=path, max_new_tokens=9)):
        subject = canned(RIGHT)
        suite.measure(subject, settings)
        asked += [request.max_new_tokens for request in subject.asked]
    assert asked == [256, 9]
