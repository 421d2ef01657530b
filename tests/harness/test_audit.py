"""A run's folder: read whole, or refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from harness.audit import Training, read_audit, write_arm
from harness.errors import IntegrityError, UsageError
from harness.store import digest_bytes
from harness.types import Decision, Measurement, Promotion, Record


@pytest.fixture
def run(
    tmp_path: Path,
    measured: Callable[..., Measurement],
    counted: Callable[..., Measurement],
    decision: Callable[..., Decision],
    digests: Mapping[str, str],
) -> Path:
    folder = tmp_path / "run"
    files = write_arm(folder, "scan", counted(3))
    files |= write_arm(folder, "candidate", measured([1, 0, 1]))
    files |= write_arm(folder, "candidate", measured([1, 1], suite="refusal"))
    files |= write_arm(folder, "baseline", measured([1, 1, 1], digests["baseline"]))
    texts = {
        "decision.json": decision().model_dump_json(indent=1),
        "training.json": json.dumps({"curve": [{"step": 1, "loss": 2.0}], "facts": {"rows": 9}}),
        "findings.jsonl": '{"row": 1}\n{"row": 2}\n',
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
        files[name] = digest_bytes(text.encode())
    record = Record(
        project="support", tunegate="0.1", run_file=digests["items"], run_file_text="", settings={}, entries=(), files=files,
        candidate=digests["candidate"], baseline=digests["baseline"],
    )  # fmt: skip
    (folder / "record.json").write_text(record.model_dump_json())
    return folder


def test_an_audit_holds_everything_that_was_written(
    run: Path, measured: Callable[..., Measurement], counted: Callable[..., Measurement], digests: Mapping[str, str]
) -> None:
    audit = read_audit(run)
    assert audit.decision.allowed
    assert audit.arm("scan") == (counted(3),)
    assert audit.arm("candidate") == (measured([1, 1], suite="refusal"), measured([1, 0, 1]))
    assert audit.arm("baseline") == (measured([1, 1, 1], digests["baseline"]),)
    assert list(audit.findings) == [{"row": 1}, {"row": 2}] == list(audit.findings)
    assert audit.training == Training(curve=({"step": 1, "loss": 2.0},), facts={"rows": 9})
    assert audit.promotion is None


def test_a_promotion_is_read_where_there_is_one(run: Path, digests: Mapping[str, str]) -> None:
    promotion = Promotion(
        project="support", version=1, alias="champion", subject=digests["candidate"], decision=digests["items"], path="p",
        promoted_at="now", by="ann",
    )  # fmt: skip
    (run / "promotion.json").write_text(promotion.model_dump_json())
    assert read_audit(run).promotion == promotion


NAMES = [
    "decision.json", "training.json", "findings.jsonl", "measurements/scan.pii.json", "measurements/candidate.task.json",
    "samples/candidate.task.parquet", "samples/baseline.task.parquet",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_file_is_refused_by_its_name(run: Path, name: str) -> None:
    content = bytearray((run / name).read_bytes())
    content[len(content) // 2] ^= 1
    (run / name).write_bytes(content)
    with pytest.raises(IntegrityError, match=f"{name}' was changed"):
        read_audit(run)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_gone_is_refused_by_its_name(run: Path, name: str) -> None:
    (run / name).unlink()
    with pytest.raises(IntegrityError, match=f"{name}' is gone"):
        read_audit(run)


def test_a_folder_without_a_record_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the folder of a finished run"):
        read_audit(tmp_path)


@pytest.mark.parametrize("change", [{"schema_number": 2}, {"approved": True}, {"files": {"decision.json": "md5:1"}}])
def test_a_foreign_record_is_refused(run: Path, change: Mapping[str, object]) -> None:
    record = json.loads((run / "record.json").read_text()) | change
    (run / "record.json").write_text(json.dumps(record))
    with pytest.raises(IntegrityError, match="is not a record"):
        read_audit(run)


def test_the_record_of_another_run_is_refused(run: Path) -> None:
    record = json.loads((run / "record.json").read_text())
    record["files"]["decision.json"] = digest_bytes(b"another run's decision")
    (run / "record.json").write_text(json.dumps(record))
    with pytest.raises(IntegrityError, match=r"decision\.json' was changed"):
        read_audit(run)


def test_a_file_that_the_record_does_not_name_is_no_evidence(run: Path, measured: Callable[..., Measurement]) -> None:
    before = read_audit(run)
    write_arm(run, "candidate", measured([1] * 9, suite="safety"))
    assert read_audit(run) == before
