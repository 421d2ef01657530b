"""One part of a dataset, read once and scanned by several suites: the whole of what a worker does."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import plugins
from harness.dataset import FINDINGS, BadRow, Part, Row, batches, read
from harness.dataset.parsing import Unreadable
from harness.errors import IntegrityError
from harness.scanning.locating import with_columns
from harness.scanning.states import state_of
from harness.settings import Settings

if TYPE_CHECKING:
    import pyarrow

Finding = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """What a worker is given.

    Attributes:
        path: The file.
        name: What findings call it.
        part: The rows.
        suites: The settings of each suite that scans them.
        salt: With which values are hashed.
    """

    path: Path
    name: str
    part: Part
    suites: Mapping[str, Settings]
    salt: bytes


@dataclass(frozen=True)
class Scanned:
    """What one suite made of one part; findings and bad rows as if the part began a file.

    Attributes:
        state: What its scanner counted, see :mod:`harness.scanning.states`.
        findings: In order; an ``id`` is None where it is only the row's place.
        bad: Rows that cannot be read.
    """

    state: dict[str, Any]
    findings: list[Finding]
    bad: list[BadRow]

    def packed(self) -> bytes:
        """As bytes to keep."""
        bad = [[each.number, each.line, each.why.found, each.why.expected, each.why.remedy] for each in self.bad]
        findings = [[each[name] for name in _NAMES] for each in self.findings]
        text = json.dumps({"state": self.state, "findings": findings, "bad": bad}, ensure_ascii=False)
        return zlib.compress(text.encode("utf-8", "surrogatepass"), 1)


_NAMES = (*(field.name for field in FINDINGS), "column", "end_column")


def unpacked(data: bytes) -> Scanned:
    """Reads what :meth:`Scanned.packed` wrote.

    Raises:
        IntegrityError: It is something else.
    """
    try:
        found = json.loads(zlib.decompress(data).decode("utf-8", "surrogatepass"))
        findings = [dict(zip(_NAMES, each, strict=True)) for each in found["findings"]]
        bad = [BadRow("", number, line, Unreadable(*why)) for number, line, *why in found["bad"]]
        return Scanned(found["state"], findings, bad)
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise IntegrityError(f"a part of a scan cannot be read: {error}", remedy="delete 'parts.sqlite'") from error


def scan_part(job: Job) -> dict[str, bytes]:
    """Reads the rows of a part once and lets every suite scan them; nothing of a part counts before its last row."""
    modules = {name: plugins.load("data suite", name) for name in job.suites}
    scanners = {name: modules[name].Scanner(settings, job.salt) for name, settings in job.suites.items()}
    findings: dict[str, list[Finding]] = {name: [] for name in scanners}
    bad: list[BadRow] = []
    for batch in batches(admitted(read(job.path, job.part), bad), job.name):
        for name, scanner in scanners.items():
            findings[name] += in_order(scanner.scan_batch(batch))
    own = [_from_start(each, job) for each in bad]
    findings = {name: with_columns(found, job.path, job.part) for name, found in findings.items()}
    return {
        name: Scanned(
            state_of(scanner, modules[name].Scanner(job.suites[name], job.salt)),
            [_moved(each, -job.part.number, 1 - job.part.span.line) for each in _placeless(findings[name], job)],
            own,
        ).packed()
        for name, scanner in scanners.items()
    }


def admitted(found: Iterator[Row | BadRow], bad: list[BadRow]) -> Iterator[Row]:
    """Yields the rows that can be read and collects the others."""
    for row in found:
        if isinstance(row, Row):
            yield row
        else:
            bad.append(row)


def in_order(findings: pyarrow.RecordBatch) -> list[Finding]:
    """Lists the findings of a batch by row, field and place; rows come in order, and a batch holds whole rows."""
    found: list[Finding] = findings.to_pylist()
    hidden = {each["row"] for each in found if each["field"] == "id"}
    # An id in which something was found is not shown; the row's place is.
    shown = [each | {"id": None} if each["row"] in hidden else each for each in found]
    return sorted(shown, key=lambda each: (each["row"], each["field"], each["start"], each["end"], each["entity"]))


def placed(found: Finding, name: str, part: Part) -> Finding:
    """A finding of a part where it stands in its file."""
    moved = _moved(found, part.number, part.span.line - 1) | {"file": name}
    return moved if moved["id"] is not None else moved | {"id": f"{name}:{moved['row']}"}


def placed_bad(found: BadRow, name: str, part: Part) -> BadRow:
    """A bad row of a part where it stands in its file."""
    return BadRow(name, found.number + part.number, found.line + part.span.line - 1, found.why)


def _placeless(findings: list[Finding], job: Job) -> Iterator[Finding]:
    for each in findings:
        own = each["id"] in (f"{job.path.name}:{each['row']}", f"{job.name}:{each['row']}")
        yield each | {"file": "", "id": None if own else each["id"]}


def _moved(found: Finding, rows: int, lines: int) -> Finding:
    return found | {"row": found["row"] + rows, "line": found["line"] + lines}


def _from_start(found: BadRow, job: Job) -> BadRow:
    part = job.part
    return replace(found, file="", number=found.number - part.number, line=found.line - part.span.line + 1)
