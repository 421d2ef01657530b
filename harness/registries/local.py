"""A registry in one SQLite file: versions of a project, and aliases that point at them."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from harness.errors import IntegrityError, UsageError
from harness.plugins import suggestion
from harness.types import Promotion

TABLES = """
CREATE TABLE IF NOT EXISTS versions (
    project TEXT NOT NULL, version INTEGER NOT NULL, subject TEXT NOT NULL, decision TEXT NOT NULL,
    path TEXT NOT NULL, promoted_at TEXT NOT NULL, by TEXT NOT NULL,
    PRIMARY KEY (project, version), UNIQUE (project, subject, decision)
);
CREATE TABLE IF NOT EXISTS aliases (
    project TEXT NOT NULL, alias TEXT NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (project, alias)
);
"""

VERSIONS = """
SELECT v.project, v.version, coalesce(min(a.alias), ''), v.subject, v.decision, v.path, v.promoted_at, v.by
FROM versions v LEFT JOIN aliases a ON a.project = v.project AND a.version = v.version
WHERE v.project = ? GROUP BY v.version ORDER BY v.version DESC
"""


def open_registry(path: Path) -> LocalRegistry:
    """Opens a registry's file; it is made when something is promoted first."""
    return LocalRegistry(path)


class LocalRegistry:
    """Versions and aliases in one file that several processes may share."""

    def __init__(self, path: Path) -> None:
        """Remembers the file; nothing is opened yet."""
        self.path = path

    def promote(
        self, *, project: str, subject: str, decision: str, alias: str, path: str, by: str, when: str
    ) -> Promotion:
        """Adds a version, unless this subject with this decision already is one, and points the alias at it.

        Raises:
            UsageError: The alias is a number, and so would be taken for a version.
            IntegrityError: The file is not a registry.
        """
        if not alias or alias.isdecimal():
            raise UsageError(f"'{alias}' is no name for a version", "a word such as 'champion'")
        with self._write() as db:
            row = db.execute(
                "SELECT version FROM versions WHERE project = ? AND subject = ? AND decision = ?",
                (project, subject, decision),
            ).fetchone()
            version = row[0] if row else self._next(db, project)
            if not row:
                db.execute(
                    "INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (project, version, subject, decision, path, when, by),
                )
            db.execute("INSERT OR REPLACE INTO aliases VALUES (?, ?, ?)", (project, alias, version))
            found = next(each for each in _versions(db, project) if each.version == version)
        return found.model_copy(update={"alias": alias})

    def resolve(self, project: str, name: str) -> Promotion:
        """Finds a version by its alias or number.

        Raises:
            UsageError: There is no such project, alias or version.
        """
        versions = {each.version: each for each in self.versions(project)}
        if name.isdecimal() and int(name) in versions:
            return versions[int(name)]
        with self._read() as db:
            rows = (
                db.execute("SELECT alias, version FROM aliases WHERE project = ?", (project,)).fetchall() if db else []
            )
        aliases = {alias: version for alias, version in rows}
        if name in aliases:
            if aliases[name] not in versions:
                raise IntegrityError(
                    f"'{name}' points at version {aliases[name]} of '{project}'", "a version that exists"
                )
            return versions[aliases[name]].model_copy(update={"alias": name})
        if not versions:
            raise UsageError(
                f"'{self.path}' has no project '{project}'", suggestion(project, self.projects() or ("none yet",))
            )
        raise UsageError(f"'{project}' has no version '{name}'", suggestion(name, [*aliases, *map(str, versions)]))

    def versions(self, project: str) -> tuple[Promotion, ...]:
        """Lists a project's versions, the newest first; each with the first of its aliases, if any."""
        with self._read() as db:
            return _versions(db, project) if db else ()

    def projects(self) -> tuple[str, ...]:
        """Lists the projects that have a version."""
        with self._read() as db:
            rows = db.execute("SELECT DISTINCT project FROM versions ORDER BY project").fetchall() if db else []
        return tuple(row[0] for row in rows)

    @staticmethod
    def _next(db: sqlite3.Connection, project: str) -> int:
        return 1 + (db.execute("SELECT max(version) FROM versions WHERE project = ?", (project,)).fetchone()[0] or 0)

    @contextlib.contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._connection() as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(TABLES)
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    @contextlib.contextmanager
    def _read(self) -> Iterator[sqlite3.Connection | None]:
        if not self.path.exists():
            yield None
            return
        with self._connection() as db:
            yield db

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        try:
            yield db
        except sqlite3.DatabaseError as error:
            raise IntegrityError(f"'{self.path}' cannot be used: {error}", "a registry's SQLite file") from error
        finally:
            db.close()


def _versions(db: sqlite3.Connection, project: str) -> tuple[Promotion, ...]:
    rows = db.execute(VERSIONS, (project,)).fetchall()
    return tuple(Promotion(**dict(zip(Promotion.model_fields, row, strict=True))) for row in rows)
