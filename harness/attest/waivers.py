"""The files of waivers: written with a signature, read with the keys that a run trusts.

A file that cannot be read as a waiver at all stops the run, since a person meant something by it. One that is sound but
does not count here (unsigned, signed by somebody else, of another project, of a rule that is not in the gates) is named in a
note. One that was changed after it was signed breaks the integrity of the decision.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from harness.attest.envelope import Opened, opened, sealed
from harness.attest.keys import PrivateKey, PublicKey, read_public_key
from harness.errors import IntegrityError, UsageError
from harness.store import canonical_json, digest_bytes, write_atomic
from harness.types import Problem
from harness.waiver import Verified, Waiver

if TYPE_CHECKING:
    from harness.spec import RunFile

PAYLOAD_TYPE = "application/vnd.tunegate.waiver+json"


@dataclass(frozen=True)
class Waivers:
    """What the files of waivers held.

    Attributes:
        verified: Signed by a trusted key, of this project, of a rule in the gates.
        notes: Why each of the others is not applied.
        problems: Files that were changed after they were signed.
        files: The bytes of every file, by its name, to be kept with the evidence.
    """

    verified: tuple[Verified, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    files: dict[str, bytes] = field(default_factory=dict)


def signed_waiver(waiver: Waiver, key: PrivateKey) -> bytes:
    """Signs a waiver and returns the bytes of its file."""
    return sealed(PAYLOAD_TYPE, canonical_json(waiver.model_dump(mode="json")), key)


def waivers_of(run: RunFile, folder: Path, trusted: Sequence[PublicKey] = ()) -> Waivers:
    """Reads the waivers that a run file names, with the keys that it trusts.

    Args:
        run: The run file.
        folder: Its folder.
        trusted: Keys that count besides.

    Raises:
        UsageError: A file cannot be read as a waiver or as a key, or two waivers have one name.
    """
    if run.waivers is None:
        return Waivers()
    keys = [*trusted, *map(read_public_key, run.waivers.trust)]
    return read_waivers(run.waivers.found(folder), keys, run.project, {rule.text() for rule in run.gates})


def read_waivers(paths: Iterable[Path], trusted: Sequence[PublicKey], project: str, rules: Collection[str]) -> Waivers:
    """Reads files of waivers and verifies each of them.

    Args:
        paths: The files.
        trusted: The keys whose signature counts; from the run file or the command line, never from beside the waivers.
        project: The project that is decided.
        rules: The rules of its gates, as text.

    Raises:
        UsageError: A file cannot be read as a waiver, or two files have one name.
    """
    files = _files(paths)
    verified, notes, problems = [], [], []
    for name, data in files.items():
        try:
            found = _read(name, data, trusted)
        except IntegrityError as error:
            problems.append(Problem(stage="waivers", kind="integrity", message=f"waiver '{name}': {error}"))
            continue
        refusal = found if isinstance(found, str) else _refusal(found.waiver, project, rules)
        if refusal:
            notes.append(f"waiver '{name}' is not applied: {refusal}")
        elif isinstance(found, Verified):
            verified.append(found)
    return Waivers(tuple(verified), tuple(notes), tuple(problems), files)


def write_waivers(folder: Path, waivers: Waivers) -> dict[str, str]:
    """Keeps every waiver that was read, applied or not, in a run's folder; returns the digest of each file."""
    for name, data in waivers.files.items():
        write_atomic(folder / "waivers" / name, data)
    return {f"waivers/{name}": digest_bytes(data) for name, data in waivers.files.items()}


def _files(paths: Iterable[Path]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for path in sorted(set(paths), key=lambda path: (path.name, path)):
        try:
            data = path.read_bytes()
        except OSError as error:
            raise UsageError(f"waiver '{path}' cannot be read: {error.strerror}", "a file") from error
        if files.setdefault(path.name, data) != data:
            raise UsageError(f"two waivers are called '{path.name}'", "a name for each", f"rename '{path}'")
    return files


def _read(name: str, data: bytes, trusted: Sequence[PublicKey]) -> Verified | str:
    """The waiver, or why its signature does not count."""
    try:
        found = _opened(data, trusted)
        if not found.signed:
            return "it is not signed"
        if found.key is None:
            return "no key that is trusted here signed it"
        return Verified(_waiver(found.payload), name, found.key, digest_bytes(data))
    except UsageError as error:
        raise UsageError(
            f"waiver '{name}' cannot be read: {error}", remedy="write it with 'tunegate waive', or remove it"
        ) from error


def _opened(data: bytes, trusted: Sequence[PublicKey]) -> Opened:
    try:
        return opened(data, PAYLOAD_TYPE, trusted)
    except UsageError:
        try:
            Waiver.model_validate_json(data)
        except ValidationError:
            pass
        else:
            return Opened(data, None, False)
        raise


def _waiver(payload: bytes) -> Waiver:
    try:
        return Waiver.model_validate_json(payload)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"{place + ': ' if place else ''}{message}", "a waiver as this version writes it") from error


def _refusal(waiver: Waiver, project: str, rules: Collection[str]) -> str:
    if waiver.project != project:
        return f"it is of the project '{waiver.project}'; this is '{project}'"
    return "" if waiver.rule in rules else f"no rule in the gates reads '{waiver.rule}'"
