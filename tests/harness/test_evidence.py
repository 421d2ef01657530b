"""Measurements on disk: what is read is what was written, whatever a model said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import IntegrityError
from harness.evidence import read_measurement, read_samples, write_measurement, write_samples
from harness.types import Measurement, Sample

HOSTILE = [
    "",
    "\x00\x01\x7f",
    "line\nline\r\n\ttab",
    "<script>alert(1)</script>&amp;'\"",
    "\u202eright to left\u202c \u200bzero width",
    "e\u0301 \U0001f469\u200d\U0001f469\u200d\U0001f467 漢字",
    '{"scores": {"accuracy": 1}}',
    "=HYPERLINK(\"http://example.org\")",
    "../../etc/passwd",
    "a" * 100_000,
]


def hostile(text: str, name: str = "a") -> Sample:
    return Sample(
        id=f"{name}{text}", prompt=text, output=text, target=text, scores={"s" + text: 0.1}, label=text, note=text,
        tags={"t" + text: text}, cluster=text,
    )  # fmt: skip


def test_hostile_text_is_read_as_it_was_written(tmp_path: Path) -> None:
    samples = tuple(hostile(text, str(index)) for index, text in enumerate(HOSTILE))
    write_samples(tmp_path / "samples.parquet", samples)
    assert read_samples(tmp_path / "samples.parquet") == samples


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"])), st.floats(allow_nan=False))
def test_any_text_and_number_is_read_as_it_was_written(tmp_path: Path, text: str, score: float) -> None:
    sample = hostile(text).model_copy(update={"scores": {"accuracy": score}, "cluster": None})
    write_samples(tmp_path / "samples.parquet", [sample])
    assert read_samples(tmp_path / "samples.parquet") == (sample,)


def test_a_measurement_is_read_with_its_samples_in_order(tmp_path: Path, measured: Callable[..., Measurement]) -> None:
    found = measured([1, 0, 0.5], clusters=["a", None, "a"], tags=[{"lang": "de"}, {}, {"lang": "en"}])
    write_measurement(tmp_path, found)
    assert read_measurement(tmp_path) == found
    assert json.loads((tmp_path / "measurement.json").read_text())["samples"] == []


def test_a_count_has_no_samples_file(tmp_path: Path, counted: Callable[..., Measurement]) -> None:
    write_measurement(tmp_path, counted(3))
    assert [path.name for path in tmp_path.iterdir()] == ["measurement.json"]
    assert read_measurement(tmp_path) == counted(3)


@pytest.mark.parametrize("name", ["measurement.json", "samples.parquet"])
@pytest.mark.parametrize("damage", ["absent", "empty", "cut", "other"])
def test_a_damaged_file_is_an_integrity_error(
    tmp_path: Path, measured: Callable[..., Measurement], name: str, damage: str
) -> None:
    write_measurement(tmp_path, measured([1, 0]))
    path = tmp_path / name
    whole = path.read_bytes()
    path.unlink()
    if damage != "absent":
        path.write_bytes({"empty": b"", "cut": whole[:-20], "other": b"{}"}[damage])
    with pytest.raises(IntegrityError, match="is not a measurement"):
        read_measurement(tmp_path)
