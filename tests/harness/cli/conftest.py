"""A finished run whose one failure is waived, as a run would leave it, and the keys that signed the waiver."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.attest.keys import make_keys, read_private_key, read_public_key
from harness.attest.waivers import read_waivers, signed_waiver, write_waivers
from harness.audit import write_arm
from harness.cli import run as tunegate
from harness.gate import decide
from harness.store import digest_bytes, digest_path
from harness.types import Decision, Measurement, Record, Rule
from harness.waiver import Waiver

RULE = Rule(kind="at_least", metric="task.accuracy", bound=0.8)
TODAY = datetime.now(UTC).date()


@dataclass(frozen=True)
class Said:
    """What the command said, with its exit code."""

    code: int
    out: str
    err: str


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    def call(*arguments: object) -> Said:
        capsys.readouterr()
        code = tunegate([str(each) for each in arguments])
        found = capsys.readouterr()
        return Said(code, found.out, found.err)

    return call


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """The folder of two pairs of keys: release and other."""
    for name in ("release", "other"):
        make_keys(tmp_path / "keys" / name)
    return tmp_path / "keys"


@pytest.fixture
def finished(
    tmp_path: Path, keys: Path, measured: Callable[..., Measurement], digests: Mapping[str, str]
) -> Callable[..., Path]:
    """Writes a run's folder: decided so many days ago, with a waiver until so many days from now."""

    def write(ago: int = 0, left: int = 10, share: float = 0.0, by: str = "release", **changes: Any) -> Path:
        folder, day = tmp_path / "run", TODAY - timedelta(days=ago)
        (folder / "candidate").mkdir(parents=True)
        (folder / "candidate" / "config.json").write_text("{}")
        subject = digest_path(folder / "candidate")
        scores = [1.0] * int(200 * share) + [0.0] * (200 - int(200 * share))
        evidence = measured(scores, subject)
        facts = {"project": "support", "rule": RULE.text(), "owner": "ann", "reason": "agreed", "issued": day,
                 "until": TODAY + timedelta(days=left)}  # fmt: skip
        path = tmp_path / "waivers" / "a.json"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(signed_waiver(Waiver.model_validate(facts | changes), read_private_key(keys / f"{by}.pem")))
        waivers = read_waivers([path], [read_public_key(keys / "release.pub")], "support", [RULE.text()])
        decision = decide(
            "model", [RULE], [evidence], [], candidate_digest=subject, baseline_digest=digests["baseline"],
            problems=waivers.problems, waivers=waivers.verified, on=day, notes=waivers.notes,
        )  # fmt: skip
        return filed(folder, decision, evidence, day, write_waivers(folder, waivers))

    return write


def filed(folder: Path, decision: Decision, evidence: Measurement, day: date, files: dict[str, str]) -> Path:
    text = decision.model_dump_json(indent=1).encode()
    (folder / "decision.json").write_bytes(text)
    files = files | write_arm(folder, "candidate", evidence) | {"decision.json": digest_bytes(text)}
    record = Record(
        project="support", tunegate="0.1.0", run_file=digest_bytes(b""), run_file_text="", settings={"base": "demo"},
        candidate=decision.candidate, baseline=decision.baseline, entries=(), files=files, decided_on=day,
    )  # fmt: skip
    (folder / "record.json").write_text(record.model_dump_json())
    return folder


@pytest.fixture
def verdict() -> Callable[[Said], tuple[str, int]]:
    def read(found: Said) -> tuple[str, int]:
        return json.loads(found.out)["verdict"], found.code

    return read
