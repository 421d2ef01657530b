"""Who takes part in a comparison: finished runs are read and verified, models are asked what is not known of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.audit import Audit, read_audit
from harness.comparison.arms import Arm, labels, step_of
from harness.comparison.whole import Policy
from harness.errors import ExitCode, IntegrityError, TunegateError, UsageError
from harness.evidence import read_measurement
from harness.gathered import Arm as Measured
from harness.gathered import arm, artifact
from harness.job import Show
from harness.model.load import resolve_model
from harness.model.pool import Models
from harness.pipeline import Services, perform
from harness.spec import RunFile, read_run_file
from harness.stages.evaluate import evaluate_stage
from harness.store import Store
from harness.types import Artifact, Measurement, Problem

# What the gate finds by itself; of a finished run's problems, those are found again or are about another baseline.
FOUND_BY_THE_GATE = ("gate", "candidate", "baseline")


@dataclass
class Lineup:
    """Reads and asks the arms of one comparison; each once.

    Attributes:
        sources: What was named, in the order of the command line.
        rules: The run file whose rules decide and whose suites are asked; None takes the rules of a finished run.
        runs: The folder of all runs; the store lies there.
        show: Shows what is being asked.
        own_baselines: Whether every arm is a finished run that is compared with what it measured of its own baseline.
    """

    sources: Sequence[str]
    rules: Path | None
    runs: Path
    show: Show
    own_baselines: bool = False
    names: list[str] = field(init=False)
    plan: RunFile | None = field(init=False, default=None)
    services: Services = field(init=False)
    _audits: dict[str, Audit] = field(init=False, default_factory=dict)
    _models: dict[str, Measured] = field(init=False, default_factory=dict)
    _base: Artifact | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Checks what was named, before anything is asked.

        Raises:
            UsageError: A model is among the arms and there is no run file to say what to ask it.
            ModelError: There is no such model.
        """
        self.names = labels(self.sources)
        self.services = Services(self.runs / ".store", Models())
        if self.rules is not None:
            self.plan = read_run_file(self.rules)[0]
        models = [source for source in self.sources if not is_run(source)]
        if models and self.own_baselines:
            raise UsageError(f"'{models[0]}' is no finished run", "finished runs only, with --own-baselines")
        if models and self.plan is None:
            raise UsageError(
                f"'{models[0]}' is no finished run",
                "--rules RUNFILE, which says what models are asked and what decides them",
            )
        for source in models:
            self._measured(source)

    def policy(self, first: int) -> Policy:
        """The rules: those of the run file, or those of the run of the first candidate, whose place is given."""
        if self.plan is not None:
            return Policy(self.plan.gates, frozenset(self.plan.scan), f"the rules of '{self.rules}'")
        audit = self.audit(self.sources[first])
        rules = (*(check.rule for check in audit.decision.checks), *audit.record.unreached)
        scanned = audit.record.settings.get("scan") or {}
        data = frozenset(scanned if isinstance(scanned, Mapping) else ())
        return Policy(rules, data, f"the rules of the run '{self.sources[first]}'")

    def arm(self, index: int, suites: Iterable[str] | None = None) -> Arm:
        """Reads or asks one arm.

        Args:
            index: Its place in ``sources``.
            suites: Asks a model only these; None is all of the run file's.

        Raises:
            IntegrityError: Evidence of a finished run was changed.
        """
        source, name = self.sources[index], self.names[index]
        return self._run(source, name) if is_run(source) else self._asked(source, name, suites)

    def own_baseline(self, index: int) -> Arm:
        """What the run of that place measured of its own baseline; for a lineup of own baselines."""
        audit = self.audit(self.sources[index])
        return Arm(f"baseline of {self.names[index]}", self.sources[index], audit.decision.baseline, audit.baseline)

    def step(self, source: str) -> int | None:
        """The training step of what was named, without asking it."""
        if is_run(source):
            return step_of(Path(source).name, worded=True)
        return _step(Path(self._measured(source).model.path))

    def audit(self, source: str) -> Audit:
        """The finished run in a folder, verified once."""
        if source not in self._audits:
            # Samples that nobody compares are verified and not read: that is half of the time.
            arms = ("scan", "candidate", *(("baseline",) if self.own_baselines else ()))
            self._audits[source] = read_audit(Path(source), arms)
        return self._audits[source]

    def _run(self, source: str, name: str) -> Arm:
        audit = self.audit(source)
        old = audit.decision
        return Arm(
            name=name,
            source=source,
            subject=old.candidate,
            measurements=audit.candidate,
            data=audit.scan,
            step=self.step(source),
            kind="run",
            stage=old.stage,
            problems=tuple(each for each in old.problems if each.stage not in FOUND_BY_THE_GATE),
        )

    def _asked(self, source: str, name: str, suites: Iterable[str] | None) -> Arm:
        measured, plan = self._measured(source), self.plan
        known: list[Measurement] = []
        problems: list[Problem] = []
        for suite in plan.evaluate if plan and suites is None else suites or ():
            try:
                known.append(self._evaluated(suite, measured, name))
            except UsageError:
                raise
            except TunegateError as error:
                kind = "integrity" if error.exit_code == ExitCode.INTEGRITY else "incomplete"
                problems.append(Problem(stage=f"evaluate.{suite}", kind=kind, message=str(error)))
        return Arm(name, source, measured.subject, tuple(known), step=self.step(source), problems=tuple(problems))

    def _evaluated(self, suite: str, measured: Measured, name: str) -> Measurement:
        settings = self.plan.evaluate[suite] if self.plan else None
        stage, store = evaluate_stage(suite, settings), Store(self.services.root)
        label = f"{name} {suite}"
        done = perform(stage, measured.inputs, settings, store, self.services, self.show.stage(label))
        self.show.done(label, done.entry.seconds, done.reused)
        return read_measurement(Path(done.output.path))

    def _measured(self, source: str) -> Measured:
        if source not in self._models:
            folder = artifact(resolve_model(source, Path()))
            _check_kept(Path(folder.path), folder.digest)
            self._models[source] = arm(folder, self._under())
        return self._models[source]

    def _under(self) -> Artifact:
        """The base of adapters, hashed once."""
        if self._base is None:
            assert self.plan is not None and self.rules is not None
            self._base = artifact(resolve_model(self.plan.base, self.rules.resolve().parent))
        return self._base


def is_run(source: str) -> bool:
    """Whether a finished run lies there."""
    return (Path(source) / "record.json").is_file()


def _check_kept(folder: Path, digest: str) -> None:
    """Refuses a kept checkpoint that is not the one its training wrote.

    Raises:
        IntegrityError: It was changed.
    """
    listed = _json(folder.resolve().parent.parent / "training.json").get("checkpoints", ())
    wanted = {Path(each["path"]).name: each["digest"] for each in listed}.get(folder.name)
    if wanted is not None and folder.resolve().parent.name == "checkpoints" and wanted != digest:
        raise IntegrityError(f"'{folder}' was changed: its bytes hash to {digest}", wanted, "train again")


def _step(folder: Path) -> int | None:
    """The training step of a model's folder: as its trainer wrote it, else as its name says it."""
    written = (
        _json(folder / "trainer_state.json").get("global_step"),
        (_json(folder / "tunegate.json").get("facts") or {}).get("steps"),
    )
    known = (each for each in written if isinstance(each, int))
    return next(known, step_of(folder.name, worded=False))


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
