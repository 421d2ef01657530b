"""The parts that were scanned before, by what they hold: one SQLite file, which several processes may share.

A row is found by everything that its content depends on: the suite, its settings, its code and packages, and the bytes of
the part. It lies beside its digest, which is checked when it is read. The file may be deleted at any time; it saves work
and is no evidence.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.errors import IntegrityError

WAIT_SECONDS = 60
_CHUNK = 500
_TABLE = "CREATE TABLE IF NOT EXISTS parts (key TEXT PRIMARY KEY, digest TEXT NOT NULL, value BLOB NOT NULL)"


class Parts:
    """The parts kept in one file."""

    def __init__(self, path: Path) -> None:
        """Names the file; it is made when something is kept."""
        self._path = path

    def known(self, keys: Sequence[str]) -> set[str]:
        """Returns the keys of which something is kept.

        Raises:
            IntegrityError: The file is not one of kept parts.
        """
        found: set[str] = set()
        if self._path.exists():
            with self._open() as connection:
                for start in range(0, len(keys), _CHUNK):
                    asked = keys[start : start + _CHUNK]
                    marks = ",".join("?" * len(asked))
                    found |= {
                        row[0] for row in connection.execute(f"SELECT key FROM parts WHERE key IN ({marks})", asked)
                    }
        return found

    def find(self, key: str) -> bytes | None:
        """Returns what is kept under a key.

        Raises:
            IntegrityError: It was changed after it was written.
        """
        if not self._path.exists():
            return None
        with self._open() as connection:
            row = connection.execute("SELECT digest, value FROM parts WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        if hashlib.sha256(key.encode() + row[1]).hexdigest() != row[0]:
            raise self._broken(f"the part '{key}' was changed")
        return bytes(row[1])

    def keep(self, found: Mapping[str, bytes]) -> None:
        """Adds scanned parts in one transaction; where another process was first, its part stays."""
        rows = [(key, hashlib.sha256(key.encode() + value).hexdigest(), value) for key, value in found.items()]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as connection, connection:
            connection.executemany("INSERT OR IGNORE INTO parts VALUES (?, ?, ?)", rows)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with contextlib.closing(sqlite3.connect(self._path, timeout=WAIT_SECONDS)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute(_TABLE)
                yield connection
        except sqlite3.OperationalError as error:
            if "disk" in str(error) or "full" in str(error):
                raise OSError(0, f"a scanned part cannot be kept: {error}", str(self._path)) from error
            raise self._broken(str(error)) from error
        except sqlite3.DatabaseError as error:
            raise self._broken(str(error)) from error

    def _broken(self, reason: str) -> IntegrityError:
        return IntegrityError(
            f"'{self._path}' cannot be used as the store of parts: {reason}", "the file that tunegate made", "delete it"
        )
