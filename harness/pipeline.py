"""Doing each thing once: a stage is run when its key is new, reused when it is not, resumed when it was cut off.

The key of a stage is the digest of its name, the digests of its inputs, its settings (files in them by their bytes), the
code that it reaches and the versions of the packages that it names. Its output is a folder in the store.
"""

from __future__ import annotations

import functools
import getpass
import platform
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.code import code_digest
from harness.settings import inputs_of, keyed
from harness.store import Store, digest_of, digest_path, remove, write_atomic
from harness.types import Artifact, Entry, Noun

if TYPE_CHECKING:
    from harness.dataset import Part
    from harness.model.pool import Models
    from harness.scanning.engines import Engine

Tick = Callable[[int, int, Mapping[str, float]], None]


def silent(done: int, total: int, facts: Mapping[str, float]) -> None:
    """A progress callback that shows nothing."""


@dataclass(frozen=True)
class Services:
    """What stages share within one process; nothing here may change what a stage puts out.

    Attributes:
        root: The store's folder; the sample store and the salt live there.
        models: Loaded models, so that candidate and baseline share one base.
        workers: How many processes a scan may use; 0 for as many as the cores and the work are good for.
        engine: What runs them: ``processes`` or ``ray``.
        plans: How the files that were scanned are cut into parts, by their digest.
    """

    root: Path
    models: Models | None = None
    workers: int = 1
    engine: Engine = "processes"
    plans: dict[str, tuple[Part, ...]] = field(default_factory=dict)

    @property
    def answers(self) -> Path:
        """The sample store's file."""
        return self.root / "answers.sqlite"

    @property
    def parts(self) -> Path:
        """The file of the parts of data that were scanned before."""
        return self.root / "parts.sqlite"

    @functools.cached_property
    def salt(self) -> bytes:
        """The secret with which personal values are hashed in findings; made once a store."""
        path = self.root / "salt"
        if not path.exists():
            write_atomic(path, secrets.token_bytes(32))
            path.chmod(0o600)
        return path.read_bytes()


@dataclass(frozen=True)
class Work:
    """What a stage's function is given.

    Attributes:
        plugin: The plug-in that does the work, by name.
        inputs: Folders and files to read, by name.
        settings: The plug-in's settings.
        out: Empty folder to fill.
        scratch: Folder that outlives a killed run, for checkpoints.
        services: What stages share within the process.
        tick: Called with (done, total, facts to show).
    """

    plugin: str
    inputs: Mapping[str, Path]
    settings: Any
    out: Path
    scratch: Path
    services: Services
    tick: Tick = silent


@dataclass(frozen=True)
class Stage:
    """A function from folders to one folder, and what counts towards its key.

    Attributes:
        name: Such as ``scan``.
        plugin: Such as ``pii``.
        run: Fills ``work.out``.
        modules: The modules whose code, with all that they import of ours, decides what comes out.
        packages: The distributions whose versions do.
    """

    name: str
    plugin: str
    run: Callable[[Work], None]
    modules: tuple[str, ...]
    packages: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The stage's name in a record."""
        return f"{self.name}.{self.plugin}" if self.plugin else self.name


@dataclass(frozen=True)
class Done:
    """A stage's entry, its output, and whether it had been run before."""

    entry: Entry
    output: Artifact
    reused: bool = field(compare=False)


def perform(
    stage: Stage,
    inputs: Mapping[str, Artifact],
    settings: Noun,
    store: Store,
    services: Services,
    tick: Tick = silent,
) -> Done:
    """Runs a stage unless the store holds what it would put out.

    Raises:
        IntegrityError: The store's copy was changed after it was written.
        TunegateError: The stage failed; what it left in its scratch folder stays for the next try.
    """
    facts = _facts(stage, inputs, settings)
    key = digest_of(facts)
    found = _finished(store, key)
    if found is not None:
        return found
    with store.working(key) as folder:
        found = _finished(store, key)
        if found is not None:
            return found
        return _run(stage, inputs, settings, store, services, tick, facts, key, folder)


def is_done(stage: Stage, inputs: Mapping[str, Artifact], settings: Noun, store: Store) -> bool:
    """Whether the store names what the stage would put out; its bytes are not read."""
    entry = store.entry(digest_of(_facts(stage, inputs, settings)))
    return entry is not None and store.has(entry.output)


def _finished(store: Store, key: str) -> Done | None:
    entry = store.entry(key)
    if entry is None or not store.has(entry.output):
        return None
    return Done(entry=entry, output=store.artifact(entry.output), reused=True)


def _facts(stage: Stage, inputs: Mapping[str, Artifact], settings: Noun) -> dict[str, Any]:
    return {
        "stage": stage.label,
        "inputs": {name: artifact.digest for name, artifact in inputs.items()},
        "settings": keyed(settings),
        "code": code_digest(stage.modules),
        "environment": environment(stage.packages),
    }


def _run(
    stage: Stage,
    inputs: Mapping[str, Artifact],
    settings: Noun,
    store: Store,
    services: Services,
    tick: Tick,
    facts: Mapping[str, Any],
    key: str,
    folder: Path,
) -> Done:
    out, scratch = folder / "out", folder / "scratch"
    remove(out)
    out.mkdir()
    scratch.mkdir(exist_ok=True)
    started, clock = datetime.now(UTC), time.monotonic()
    paths = {name: Path(artifact.path) for name, artifact in inputs.items()}
    stage.run(Work(stage.plugin, paths, settings, out, scratch, services, tick))
    output = store.adopt(out)
    entry = store.put(
        Entry(
            stage=stage.label,
            key=key,
            inputs={**facts["inputs"], **{name: digest_path(path) for name, path in inputs_of(settings).items()}},
            settings=facts["settings"],
            code=facts["code"],
            environment=facts["environment"],
            output=output.digest,
            started_at=started.isoformat(timespec="seconds"),
            seconds=round(time.monotonic() - clock, 3),
            host=platform.node(),
            user=getpass.getuser(),
        )
    )
    remove(folder)
    return Done(entry=entry, output=store.artifact(entry.output), reused=False)


def environment(packages: tuple[str, ...]) -> dict[str, str]:
    """Returns the versions of Python and of the named distributions, without importing any of them."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found
