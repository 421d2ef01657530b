"""A run's folder: everything a report, a comparison or an auditor reads, and nothing else.

::

    record.json               what was run, and the digest of every file below
    decision.json             the verdict and its checks
    measurements/<arm>.<suite>.json   arm: scan, candidate or baseline
    samples/<arm>.<suite>.parquet     every prompt, answer and score
    findings.jsonl            the scan's findings, masked
    redaction.json            which rows were written in place of which, where findings were redacted or dropped
    training.json             the loss curve and the counts of the training
    selftest.json             how often the gate errs on these items by these rules, where that was measured
    selection.json            which kept checkpoint was taken, and every one that was looked at for it
    waivers/*.json            every waiver that was read, as it was signed
    promotion.json            where it was registered, if it was
    candidate/                the model itself
    checkpoints/step-000050/  the model after so many steps, where the run file keeps them
    report.html summary.md junit.xml findings.sarif  the same decision, for people and tools
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from harness.errors import IntegrityError, UsageError
from harness.evidence import read_samples, write_samples
from harness.scanning.findings import FindingsFile
from harness.selection import Selection
from harness.selftest import FILENAME, SelfTest
from harness.store import digest_bytes, digest_file, write_atomic
from harness.types import Decision, Measurement, Noun, Promotion, Record, Rule

ARMS = ("scan", "candidate", "baseline")

Kind = TypeVar("Kind", bound=Noun)


@dataclass(frozen=True)
class Training:
    """What a trainer handed back, as it stands on disk.

    Attributes:
        curve: One mapping a logged step: ``step``, ``loss``, ``learning_rate``, where measured ``validation_loss``.
        facts: Counts and figures: rows, tokens, truncated, dropped, replayed, steps, seconds, parameters …
        checkpoints: One mapping a kept checkpoint: ``step``, ``path`` in the run's folder, ``digest``.
    """

    curve: tuple[Mapping[str, float], ...]
    facts: Mapping[str, Any]
    checkpoints: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Audit:
    """Everything known about one run, read from its folder.

    Attributes:
        record: What was run.
        decision: The verdict.
        scan: Measurements of the training data.
        candidate: Measurements of the candidate.
        baseline: Measurements of the baseline.
        findings: The scan's findings, as dictionaries with the columns of :data:`harness.dataset.FINDINGS`; read anew each
            time they are iterated, since there may be more of them than memory.
        training: The trainer's curve and facts; None where nothing was trained.
        promotion: Where the candidate was registered; None where it was not.
        selection: Which kept checkpoint the candidate is; None where the last one was taken.
        selftest: How often the gate errs on these items by these rules; None where that was not measured.
    """

    record: Record
    decision: Decision
    scan: tuple[Measurement, ...] = ()
    candidate: tuple[Measurement, ...] = ()
    baseline: tuple[Measurement, ...] = ()
    findings: Iterable[Mapping[str, Any]] = ()
    training: Training | None = None
    promotion: Promotion | None = None
    selection: Selection | None = None
    selftest: SelfTest | None = None
    folder: Path = field(default=Path(), compare=False)

    def arm(self, name: str) -> tuple[Measurement, ...]:
        """The measurements of one arm: ``scan``, ``candidate`` or ``baseline``."""
        return {"scan": self.scan, "candidate": self.candidate, "baseline": self.baseline}[name]


def read_audit(folder: Path, arms: Sequence[str] = ARMS) -> Audit:
    """Reads a run's folder after verifying every file that its record names.

    Args:
        folder: The run's folder.
        arms: The arms whose measurements are wanted; those of the others are verified and left out.

    Raises:
        UsageError: The folder holds no finished run.
        IntegrityError: A file is absent, was changed, or is not what this version reads.
    """
    if not (folder / "record.json").is_file():
        raise UsageError(f"'{folder}' holds no 'record.json'", "the folder of a finished run")
    record = _noun(folder / "record.json", Record)
    verify_files(folder, record)
    training = json.loads((folder / "training.json").read_bytes()) if "training.json" in record.files else None
    promotion = folder / "promotion.json"
    return Audit(
        record=record,
        decision=_noun(folder / "decision.json", Decision),
        scan=tuple(_measurements(folder, record, "scan")) if "scan" in arms else (),
        candidate=tuple(_measurements(folder, record, "candidate")) if "candidate" in arms else (),
        baseline=tuple(_measurements(folder, record, "baseline")) if "baseline" in arms else (),
        findings=FindingsFile(folder / "findings.jsonl") if "findings.jsonl" in record.files else (),
        training=_training(training) if training else None,
        promotion=_noun(promotion, Promotion) if promotion.is_file() else None,
        selection=_noun(folder / "selection.json", Selection) if "selection.json" in record.files else None,
        selftest=_noun(folder / FILENAME, SelfTest) if FILENAME in record.files else None,
        folder=folder,
    )


def _training(found: Mapping[str, Any]) -> Training:
    return Training(tuple(found["curve"]), found["facts"], tuple(found.get("checkpoints", ())))


def waiver_files(audit: Audit) -> tuple[Path, ...]:
    """The waivers that a run kept with its evidence, verified as every file of its record was."""
    return tuple(audit.folder / name for name in sorted(audit.record.files) if name.startswith("waivers/"))


def own_rules(audit: Audit) -> tuple[Rule, ...]:
    """The rules that the run itself was decided by, as its run file has them."""
    told = audit.record.settings.get("gates")
    if not isinstance(told, list):
        return tuple(check.rule for check in audit.decision.checks)
    rules, scanned = tuple(map(Rule.model_validate, told)), set(audit.record.settings.get("scan") or {})
    return rules if audit.decision.stage == "model" else tuple(rule for rule in rules if rule.suite in scanned)


def verify_files(folder: Path, record: Record) -> None:
    """Hashes every file of evidence again.

    Raises:
        IntegrityError: A file is absent or its bytes are not those of the record.
    """
    if "decision.json" not in record.files:
        raise IntegrityError(f"'{folder}' has a record of no decision", "'decision.json' among its files", "run again")
    for name, digest in record.files.items():
        path = folder / name
        if not path.is_file():
            raise IntegrityError(f"'{path}' is gone", f"the file that 'record.json' names as {digest}", "run again")
        found = digest_file(path)
        if found != digest:
            raise IntegrityError(f"'{path}' was changed: its bytes hash to {found}", digest, "run again")


def write_arm(folder: Path, arm: str, measurement: Measurement) -> dict[str, str]:
    """Writes one measurement into a run's folder and returns the digests of its files."""
    name = f"measurements/{arm}.{measurement.suite}.json"
    head = measurement.model_copy(update={"samples": ()}).model_dump_json(indent=1).encode()
    write_atomic(folder / name, head)
    files = {name: digest_bytes(head)}
    if measurement.samples:
        samples = f"samples/{arm}.{measurement.suite}.parquet"
        (folder / samples).parent.mkdir(parents=True, exist_ok=True)
        write_samples(folder / samples, measurement.samples)
        files[samples] = digest_file(folder / samples)
    return files


def _measurements(folder: Path, record: Record, arm: str) -> Iterator[Measurement]:
    for name in sorted(record.files):
        if not name.startswith(f"measurements/{arm}."):
            continue
        head = _noun(folder / name, Measurement)
        samples = f"samples/{arm}.{head.suite}.parquet"
        yield head.model_copy(update={"samples": read_samples(folder / samples)}) if samples in record.files else head


def _noun(path: Path, kind: type[Kind]) -> Kind:
    try:
        return kind.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise IntegrityError(f"'{path}' is not a {kind.__name__.lower()}: {error}", remedy="run again") from error
