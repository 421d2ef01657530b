"""Scanning: one data suite over every row that would be trained, to one measurement and its findings."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from harness import plugins
from harness.dataset import texts
from harness.errors import DataError, MeasurementError
from harness.evidence import write_measurement
from harness.pipeline import Stage, Work
from harness.settings import keyed
from harness.store import digest_of, digest_path
from harness.types import Artifact, Measurement

if TYPE_CHECKING:
    import pyarrow

    from harness.suite import Scanner


def scan_stage(plugin: str) -> Stage:
    """Returns the stage that runs one data suite; the packages that the suite names count towards its key."""
    module = plugins.load("data suite", plugin)
    packages = tuple(dict.fromkeys((*getattr(module, "PACKAGES", ()), "pyarrow")))
    return Stage("scan", plugin, scan, ("harness.stages.scan", module.__name__), packages)


def dataset_digest(artifacts: Mapping[str, Artifact]) -> str:
    """Returns the one digest of all files of rows, by their names."""
    return digest_of({name: artifact.digest for name, artifact in artifacts.items()})


def scan(work: Work) -> None:
    """Scans ``work.inputs`` with the suite ``work.plugin`` into ``measurement.json`` and ``findings.jsonl``.

    Raises:
        DataError: A row cannot be read; nothing counts as scanned then.
        MeasurementError: The suite returned a metric that it does not declare.
    """
    module = plugins.load("data suite", work.plugin)
    scanner = module.Scanner(work.settings, work.services.salt)
    digests = {name: digest_path(path) for name, path in work.inputs.items()}
    beside = work.out / "findings.jsonl.part"
    try:
        with beside.open("w", encoding="utf-8") as file:
            for finding in _findings(scanner, work):
                file.write(json.dumps(finding, ensure_ascii=False) + "\n")
        measurement = _measurement(module, scanner, work, digest_of(digests))
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    beside.rename(work.out / "findings.jsonl")
    write_measurement(work.out, measurement)


def _findings(scanner: Scanner, work: Work) -> Iterator[dict[str, Any]]:
    """Yields findings sorted by file, row, field and start: files and rows come in order, batches hold whole rows."""
    done = 0
    for name, path in _files(work.inputs):
        for batch in texts([path], names=[name]):
            found = _shown(scanner.scan_batch(batch))
            yield from sorted(
                found, key=lambda each: (each["row"], each["field"], each["start"], each["end"], each["entity"])
            )
            done += len(set(batch.column("row").to_pylist()))
            work.tick(done, 0, {})


def _files(inputs: Mapping[str, Path]) -> list[tuple[str, Path]]:
    """Names each file by its own name, or by its input's and its own where two have the same; never by its folder."""
    if not inputs:
        raise DataError("there is nothing to scan", "at least one file of rows")
    count = Counter(path.name for path in inputs.values())
    return sorted(
        (path.name if count[path.name] == 1 else f"{name}/{path.name}", path) for name, path in inputs.items()
    )


def _shown(findings: pyarrow.RecordBatch) -> list[dict[str, Any]]:
    """Lists findings, with the place instead of the id of a row in whose id something was found."""
    found = findings.to_pylist()
    hidden = {each["row"] for each in found if each["field"] == "id"}
    return [each | {"id": f"{each['file']}:{each['row']}"} if each["row"] in hidden else each for each in found]


def _measurement(module: ModuleType, scanner: Scanner, work: Work, subject: str) -> Measurement:
    scanned = scanner.result()
    prefix = f"{work.plugin}."
    for metric in scanned.metrics:
        declared = (better for name, better in module.METRICS.items() if fnmatchcase(metric.name, prefix + name))
        if next(declared, None) != metric.better:
            raise MeasurementError(
                f"suite '{work.plugin}' returned '{metric.name}' ({metric.better} is better)",
                "one of " + ", ".join(f"{prefix}{name} ({better})" for name, better in sorted(module.METRICS.items())),
            )
    return Measurement(
        suite=work.plugin,
        version=module.VERSION,
        subject=subject,
        items=digest_of(keyed(work.settings)),
        metrics=scanned.metrics,
        details=dict(scanned.details),
    )
