"""Scanning with any number of workers, and again after a change: the same bytes, and no more work than there is."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from harness import plugins
from harness.dataset.cutting import parts
from harness.errors import DataError
from harness.evidence import read_measurement
from harness.pipeline import Services, perform
from harness.scanning.part import Job
from harness.stages import scan_ahead as ahead
from harness.stages.scan import scan_stage, told
from harness.store import Store, digest_path
from harness.types import Artifact

SUITES = ("secrets", "bias", "duplicates")


class Quiet:
    def stage(self, label: str) -> Any:
        return lambda done, total, facts: None

    def done(self, label: str, seconds: float, reused: bool) -> None:
        return None


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"LEAST": 8192, "USUAL": 16384, "MOST": 65536}.items():
        monkeypatch.setattr(f"harness.dataset.cutting.{name}", value)


def rows(count: int) -> list[dict[str, str]]:
    rng = random.Random(3)
    pieces = ["she is rude", "AKIA" + "TESTONLY0DEMOKEY", "immigrants are lazy", "the lamp", 'password = "hunter2abc"']
    return [
        {"prompt": f"{rng.choice(pieces)} {number % 90}", "completion": rng.choice(pieces)} for number in range(count)
    ]


def written(path: Path, table: list[Any]) -> Path:
    path.write_text("".join(each if isinstance(each, str) else json.dumps(each) + "\n" for each in table))
    return path


def scanned(root: Path, *paths: Path, workers: int = 1, bad: Any = "stop", salt: bytes = b"s" * 32) -> dict[str, Path]:
    """Scans files into a store and returns the output of each suite."""
    root.mkdir(exist_ok=True)
    (root / "salt").write_bytes(salt)
    inputs = {f"train[{at}]": Artifact(path=str(path), digest=digest_path(path)) for at, path in enumerate(paths)}
    services, store = Services(root, workers=workers), Store(root)
    suites = {name: told(plugins.load("data suite", name).Settings(), bad) for name in SUITES}
    ahead.scan_ahead(suites, inputs, store, services, Quiet())
    done = {name: perform(scan_stage(name), inputs, suites[name], store, services) for name in SUITES}
    return {name: Path(each.output.path) for name, each in done.items()}


def bytes_of(found: dict[str, Path]) -> dict[str, bytes]:
    return {f"{name}/{path.name}": path.read_bytes() for name, folder in found.items() for path in folder.iterdir()}


def test_two_workers_find_the_same_bytes_as_one(tmp_path: Path) -> None:
    one, two = written(tmp_path / "a.jsonl", rows(300)), written(tmp_path / "b.jsonl", rows(150))
    alone = bytes_of(scanned(tmp_path / "alone", one, two))
    together = bytes_of(scanned(tmp_path / "together", one, two, workers=2))
    assert len(list(parts(one))) > 5
    assert alone == together
    assert b"secret_keyword" in alone["secrets/findings.jsonl"]
    places = [
        (each["file"], each["row"], each["field"], each["start"])
        for each in map(json.loads, alone["secrets/findings.jsonl"].splitlines())
    ]
    assert places == sorted(places)


def test_a_changed_row_is_scanned_again_with_few_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table, seen = rows(600), []
    work = ahead.do
    monkeypatch.setattr(ahead, "do", lambda job: (seen.append(job.part.rows), work(job))[1])
    scanned(tmp_path / "store", written(tmp_path / "a.jsonl", table))
    assert sum(seen) == 600
    seen.clear()
    changed = written(tmp_path / "b.jsonl", [{"prompt": "first", "completion": "of all"}, *table])
    again = bytes_of(scanned(tmp_path / "store", changed))
    assert 0 < sum(seen) < 150
    assert again == bytes_of(scanned(tmp_path / "fresh", changed))


def test_an_unchanged_file_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "a.jsonl", rows(300))
    first = scanned(tmp_path / "store", path)
    monkeypatch.setattr("harness.dataset.cutting.read", lambda *_: pytest.fail("the file was read"))
    assert scanned(tmp_path / "store", path) == first


@pytest.mark.parametrize("workers", [1, 2])
def test_bad_rows_are_all_counted_before_the_scan_stops(tmp_path: Path, workers: int) -> None:
    table = [each for row in rows(60) for each in (row, '{"prompt": "cut o\n')]
    with pytest.raises(DataError) as caught:
        scanned(tmp_path / "store", written(tmp_path / "a.jsonl", table), workers=workers)
    said = str(caught.value)
    assert "60 rows cannot be read" in said and "and 40 more" in said
    assert "'a.jsonl' line 2 is not JSON" in said and "'a.jsonl' line 40 is not JSON" in said
    assert "--skip-bad" in said and "cut o" not in said


def test_bad_rows_that_are_left_out_are_listed(tmp_path: Path) -> None:
    table = [*rows(30), "\n", *rows(30), '{"text": NaN}\n']
    path, nothing = written(tmp_path / "a.jsonl", table), written(tmp_path / "b.jsonl", [])
    found = scanned(tmp_path / "store", path, nothing, bad="skip")
    for name in SUITES:
        measured = read_measurement(found[name])
        assert {metric.n for metric in measured.metrics} == {60}
        assert measured.details["rows_skipped"] == 3
        assert [(each["file"], each["line"]) for each in measured.details["skipped"]] == [
            ("a.jsonl", 31), ("a.jsonl", 62), ("b.jsonl", 1),
        ]  # fmt: skip


def test_the_heaviest_parts_are_scanned_first(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    lines = [json.dumps({"text": f"{number} " + "word " * 20}) + "\n" for number in range(9000)]
    path.write_text("".join(lines))
    cut = list(parts(path))
    ordered = [job.part for job in ahead.heaviest_first(Job(path, "x", part, {}, b"") for part in reversed(cut))]
    assert len(cut) > 2
    assert sorted(part.number for part in ordered) == [part.number for part in cut]
    weights = [sum(len(line) + 512 for line in lines[part.number : part.number + part.rows]) for part in ordered]
    assert weights == sorted(weights, reverse=True) and len(set(weights)) > 1
