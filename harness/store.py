"""Digests, and a content-addressed folder of finished artifacts and the entries that made them.

::

    <root>/objects/<hex>/     an artifact, read-only, named by the digest of its bytes
    <root>/entries/<hex>.json what was run to make it, written once, named by its key
    <root>/work/<hex>/        a stage in progress; what a killed run left here is resumed or discarded, never read as whole

A file appears under ``objects`` or ``entries`` only by a rename after its bytes reached the disk, so that whatever is there
is whole; it is hashed again whenever it is read, so that whatever was changed is noticed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.errors import DataError, IntegrityError
from harness.types import Artifact, Entry


def canonical_json(value: Any) -> bytes:
    """Encodes a JSON value in one way only: sorted keys, no spaces, UTF-8, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest_bytes(data: bytes) -> str:
    """Returns ``sha256:<hex>`` of some bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest_of(value: Any) -> str:
    """Returns the digest of a JSON value in its canonical encoding."""
    return digest_bytes(canonical_json(value))


def digest_file(path: Path) -> str:
    """Returns ``sha256:<hex>`` of a file's bytes."""
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def folder_manifest(folder: Path) -> list[list[Any]]:
    """Lists a folder as sorted ``[relative path, size in bytes, digest]`` rows.

    Raises:
        IntegrityError: The folder holds something that is neither a file nor a folder, or a link.
    """
    rows = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise IntegrityError(
                f"'{path}' is a link or a special file", "plain files only", "copy its target in its place"
            )
        if path.is_file():
            rows.append([path.relative_to(folder).as_posix(), path.stat().st_size, digest_file(path)])
    return rows


def digest_path(path: Path) -> str:
    """Returns the digest of a file's bytes, or of a folder's manifest.

    Raises:
        DataError: There is no such file or folder.
    """
    if path.is_dir():
        return digest_of(folder_manifest(path))
    if not path.is_file():
        raise DataError(f"'{path}' does not exist", "a file or a folder")
    return digest_file(path)


def write_atomic(path: Path, data: bytes) -> None:
    """Writes a file so that a reader sees the old bytes or the new ones, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def place(source: Path, target: Path) -> None:
    """Puts a copy of a finished file or folder at a place that people read, whole or not at all."""
    if target.exists() and not target.is_symlink() and digest_path(target) == digest_path(source):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    remove(aside)
    try:
        if source.is_dir():
            shutil.copytree(source, aside, copy_function=shutil.copyfile)
        else:
            shutil.copyfile(source, aside)
    except shutil.Error as error:
        remove(aside)
        # A list of every file that failed; the first says why.
        raise OSError(f"'{source}' cannot be copied to '{target}': {error.args[0][0][2]}") from error
    except BaseException:
        remove(aside)
        raise
    remove(target)
    os.rename(aside, target)


def remove(path: Path) -> None:
    """Removes a file or a folder tree, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sync_tree(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class Store:
    """The content-addressed folder."""

    def __init__(self, root: Path) -> None:
        """Opens a store; nothing is created before something is written."""
        self.root = root

    def entry(self, key: str) -> Entry | None:
        """Returns the entry of that key, or None where that stage has not been run.

        Raises:
            IntegrityError: The entry's file was changed after it was written.
        """
        path = self._entry_path(key)
        try:
            entry = Entry.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise IntegrityError(
                f"'{path}' is not an entry ({error.error_count()} faults)", remedy="delete it"
            ) from error
        if entry.key != key:
            raise IntegrityError(f"'{path}' holds the entry '{entry.key}'", f"'{key}'", "delete it")
        return entry

    def artifact(self, digest: str) -> Artifact:
        """Returns a finished artifact after hashing its bytes again.

        Raises:
            IntegrityError: The artifact is gone, or its bytes are not those of its name.
        """
        path = self.root / "objects" / digest.removeprefix("sha256:")
        if not path.exists():
            raise IntegrityError(f"artifact '{digest}' is not in the store '{self.root}'", remedy="run its stage again")
        found = digest_path(path)
        if found != digest:
            raise IntegrityError(
                f"artifact '{path}' was changed: its bytes hash to '{found}'", f"'{digest}'", "delete it and run again"
            )
        return Artifact(path=str(path), digest=digest)

    def has(self, digest: str) -> bool:
        """Whether the artifact's folder is there; its bytes are not read."""
        return (self.root / "objects" / digest.removeprefix("sha256:")).exists()

    def adopt(self, folder: Path) -> Artifact:
        """Takes a finished folder over into the store: hashes it, makes it read-only, renames it to its digest."""
        digest = digest_path(folder)
        target = self.root / "objects" / digest.removeprefix("sha256:")
        if target.exists():
            remove(folder)
            return self.artifact(digest)
        _sync_tree(folder)
        for path in folder.rglob("*"):
            if path.is_file():
                path.chmod(0o444)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.rename(folder, target)
        except OSError:
            if not target.exists():
                raise
            # Another process made the same bytes meanwhile.
            remove(folder)
            return self.artifact(digest)
        return Artifact(path=str(target), digest=digest)

    def put(self, entry: Entry) -> Entry:
        """Writes an entry once; if another process was first, its entry is returned instead."""
        existing = self.entry(entry.key)
        if existing is not None and self.has(existing.output):
            return existing
        write_atomic(self._entry_path(entry.key), entry.model_dump_json(indent=1).encode())
        return entry

    @contextlib.contextmanager
    def working(self, key: str) -> Iterator[Path]:
        """Lends the work folder of one key to one process at a time; it stays after a failure, for resuming."""
        folder = self.root / "work" / key.removeprefix("sha256:")
        folder.mkdir(parents=True, exist_ok=True)
        with (folder.parent / f"{folder.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            folder.mkdir(parents=True, exist_ok=True)
            yield folder

    def _entry_path(self, key: str) -> Path:
        return self.root / "entries" / (key.removeprefix("sha256:") + ".json")
