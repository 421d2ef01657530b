"""A run's folder: emptied when a run starts, filled with its evidence when it ends."""

from __future__ import annotations

from pathlib import Path

from harness.audit import write_arm
from harness.errors import UsageError
from harness.gathered import Findings
from harness.scanning.written import join
from harness.store import digest_file, place, remove, write_atomic

EVIDENCE = (
    "record.json", "decision.json", "training.json", "promotion.json", "findings.jsonl", "report.html", "summary.md",
    "junit.xml", "measurements", "samples", "waivers", "candidate", "checkpoints", "selection.json", "selftest.json",
    "policies", "redaction.json", "findings.sarif",
)  # fmt: skip


def claim(out: Path) -> None:
    """Empties a run's folder of what a former run left, so that no old verdict outlives the start of a new one.

    Raises:
        UsageError: The folder holds something that is not of a run.
    """
    foreign = [path.name for path in out.iterdir() if path.name not in EVIDENCE] if out.is_dir() else []
    foreign = [name for name in foreign if not name.startswith(".")]
    if foreign:
        raise UsageError(
            f"'{out}' holds '{sorted(foreign)[0]}'", "an empty folder, or one of a former run", "choose --out"
        )
    for name in EVIDENCE:
        if name != "candidate":
            remove(out / name)
    out.mkdir(parents=True, exist_ok=True)


def write_evidence(out: Path, found: Findings) -> dict[str, str]:
    """Writes measurements, samples, findings and the training's curve; returns the digest of each file."""
    files: dict[str, str] = {}
    for name, measurements in (("scan", found.scan), ("candidate", found.candidate), ("baseline", found.baseline)):
        for measurement in measurements:
            files |= write_arm(out, name, measurement)
    if found.scanned:
        join(found.scanned, out / "findings.jsonl")
        files["findings.jsonl"] = digest_file(out / "findings.jsonl")
    if found.redaction is not None:
        write_atomic(out / "redaction.json", found.redaction.read_bytes())
        files["redaction.json"] = digest_file(out / "redaction.json")
    if found.trained is not None:
        write_atomic(out / "training.json", (found.trained / "training.json").read_bytes())
        files["training.json"] = digest_file(out / "training.json")
        place(Path(found.arm.model.path) if found.arm else found.trained / "candidate", out / "candidate")
        if (found.trained / "checkpoints").is_dir():
            place(found.trained / "checkpoints", out / "checkpoints")
    if found.selection is not None:
        write_atomic(out / "selection.json", found.selection.model_dump_json(indent=1).encode())
        files["selection.json"] = digest_file(out / "selection.json")
    return files
