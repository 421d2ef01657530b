"""Who takes part in a comparison: finished runs are read and verified, models are asked what is not known of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from harness import plugins
from harness.arms.measuring import Ready, asked, make_ready
from harness.arms.named import Named, named, names
from harness.arms.retrieval import Indexes
from harness.attest.keys import PublicKey
from harness.attest.waivers import Waivers, read_waivers, waivers_of
from harness.audit import Audit, own_rules, read_audit, waiver_files
from harness.comparison.arms import Arm, step_of
from harness.comparison.whole import Policy
from harness.errors import ExitCode, IntegrityError, TunegateError, UsageError
from harness.gathered import arm, artifact
from harness.job import Show
from harness.model.load import resolve_model
from harness.model.pool import Models
from harness.pipeline import Services
from harness.policy import PolicyFile
from harness.selection import held
from harness.spec import RunFile, read_run_file
from harness.types import Artifact, Measurement, Problem

# What the gate finds by itself; of a finished run's problems, those are found again or are about another baseline.
FOUND_BY_THE_GATE = ("gate", "candidate", "baseline")


@dataclass
class Lineup:
    """Reads and asks the arms of one comparison; each once.

    Attributes:
        sources: What was named, in the order of the command line; an arms file stands for all of its arms.
        rules: The run file whose rules decide and whose suites are asked; None takes the rules of a finished run.
        runs: The folder of all runs; the store lies there.
        show: Shows what is being asked.
        own_baselines: Whether every arm is a finished run that is compared with what it measured of its own baseline.
        policies: Shared files of rules, which hold besides those of the run file, or in place of a finished run's.
        trust: The keys that a waiver has to be signed with; those of the run file count besides.
    """

    sources: Sequence[str]
    rules: Path | None
    runs: Path
    show: Show
    own_baselines: bool = False
    policies: Sequence[PolicyFile] = ()
    trust: Sequence[PublicKey] = ()
    entrants: list[Named] = field(init=False)
    names: list[str] = field(init=False)
    plan: RunFile | None = field(init=False, default=None)
    services: Services = field(init=False)
    _waivers: Waivers = field(init=False, default_factory=Waivers)
    _audits: dict[str, Audit] = field(init=False, default_factory=dict)
    _models: dict[str, Ready] = field(init=False, default_factory=dict)
    _indexes: Indexes = field(init=False, default_factory=Indexes)
    _base: Artifact | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Checks what was named, before anything is asked.

        Raises:
            UsageError: A model is among the arms and there is no run file to say what to ask it.
            RunFileError: With every mistake of the run file, or of an arms file.
            ModelError: There is no such model.
        """
        self.entrants = named(self.sources)
        self.names = names(self.entrants)
        self.services = Services(self.runs / ".store", Models())
        if self.rules is not None:
            self.plan = read_run_file(self.rules)[0]
            self._waivers = waivers_of(self.plan, self.rules.resolve().parent, self.trust)
        models = [each for each in self.entrants if not _finished(each)]
        if models and self.own_baselines:
            raise UsageError(f"'{models[0].source}' is no finished run", "finished runs only, with --own-baselines")
        if models and self.plan is None:
            raise UsageError(
                f"'{models[0].source}' is no finished run",
                "--rules RUNFILE, which says what models are asked and what decides them",
            )
        for each in models:
            self._ready(each)

    def policy(self, first: int) -> Policy:
        """The rules: of the run file and the policies, else of the run of the first candidate, whose place is given."""
        shared = [rule for each in self.policies for rule in each.rules]
        said = [f"the policy '{each.name}'" for each in self.policies]
        known = frozenset(plugins.names("data suite")) if shared else frozenset()
        if self.plan is not None:
            rules, source = self.plan.gates, [f"the rules of '{self.rules}'", *said]
            return Policy(tuple(dict.fromkeys([*rules, *shared])), known | set(self.plan.scan), " and ".join(source))
        if shared:
            return Policy(tuple(dict.fromkeys(shared)), known, " and ".join(said))
        source = self.entrants[first].source
        audit = self.audit(source)
        own = held((*own_rules(audit), *audit.record.unreached), audit.selection)
        scanned = audit.record.settings.get("scan") or {}
        data = frozenset(scanned if isinstance(scanned, Mapping) else ())
        return Policy(tuple(dict.fromkeys(own)), data, f"the rules of the run '{source}'")

    def arm(self, index: int, suites: Iterable[str] | None = None) -> Arm:
        """Reads or asks one arm.

        Args:
            index: Its place in ``entrants``.
            suites: Asks a model only these; None is all of the run file's.

        Raises:
            IntegrityError: Evidence of a finished run was changed.
        """
        each, name = self.entrants[index], self.names[index]
        found = self._run(each.source, name) if _finished(each) else self._asked(each, name, suites)
        if self.plan is None:
            return found
        # As with 'tunegate gate --rules': the waivers of the run file count, as of today.
        problems = tuple(dict.fromkeys((*found.problems, *self._waivers.problems)))
        today = datetime.now(UTC).date()
        return replace(found, problems=problems, waivers=self._waivers.verified, on=today, notes=self._waivers.notes)

    def own_baseline(self, index: int) -> Arm:
        """What the run of that place measured of its own baseline; for a lineup of own baselines."""
        source = self.entrants[index].source
        audit = self.audit(source)
        return Arm(f"baseline of {self.names[index]}", source, audit.decision.baseline, audit.baseline)

    def step(self, index: int) -> int | None:
        """The training step of an arm, without asking it; an arm of a file stands where the file has it."""
        each = self.entrants[index]
        if _finished(each):
            return step_of(Path(each.source).name, worded=True)
        return None if each.plan else _step(Path(self._ready(each).model.model.path))

    def audit(self, source: str) -> Audit:
        """The finished run in a folder, verified once."""
        if source not in self._audits:
            # Samples that nobody compares are verified and not read: that is half of the time.
            arms = ("scan", "candidate", *(("baseline",) if self.own_baselines else ()))
            self._audits[source] = read_audit(Path(source), arms)
        return self._audits[source]

    def _run(self, source: str, name: str) -> Arm:
        audit = self.audit(source)
        old, signed = audit.decision, self._signed(audit)
        return Arm(
            name=name,
            source=source,
            subject=old.candidate,
            measurements=audit.candidate,
            data=audit.scan,
            step=step_of(Path(source).name, worded=True),
            kind="run",
            stage=old.stage,
            problems=(*(each for each in old.problems if each.stage not in FOUND_BY_THE_GATE), *signed.problems),
            waivers=signed.verified,
            on=audit.record.decided_on or date.min,
            notes=signed.notes,
            excused={check.rule.text(): check.waiver for check in old.checks if check.waived and check.waiver},
        )

    def _signed(self, audit: Audit) -> Waivers:
        """The waivers of a finished run that count here: where its own rules decide, and a key is given that signed them."""
        if self.plan is not None or self.policies or not self.trust:
            return Waivers()
        texts = {rule.text() for rule in (*own_rules(audit), *audit.record.unreached)}
        return read_waivers(waiver_files(audit), self.trust, audit.record.project, texts)

    def _asked(self, each: Named, name: str, suites: Iterable[str] | None) -> Arm:
        ready, plan = replace(self._ready(each), name=name), self.plan
        known: list[Measurement] = []
        problems: list[Problem] = []
        settings = plan.evaluate if plan else {}
        for suite in settings if suites is None else [wanted for wanted in suites if wanted in settings]:
            try:
                known.append(asked(ready, suite, settings[suite], self.services, self.show, self._indexes))
            except UsageError:
                raise
            except TunegateError as error:
                kind = "integrity" if error.exit_code == ExitCode.INTEGRITY else "incomplete"
                problems.append(Problem(stage=f"evaluate.{suite}", kind=kind, message=str(error)))
        step = None if each.plan else _step(Path(ready.model.model.path))
        return Arm(name, each.source, ready.subject, tuple(known), step=step, problems=tuple(problems))

    def _ready(self, each: Named) -> Ready:
        if each.source not in self._models:
            ready = make_ready(each.plan, self._indexes) if each.plan else self._bare(each.source)
            _check_kept(Path(ready.model.model.path), ready.model.model.digest)
            self._models[each.source] = ready
        return self._models[each.source]

    def _bare(self, source: str) -> Ready:
        return Ready(source, arm(artifact(resolve_model(source, Path())), self._under()))

    def _under(self) -> Artifact:
        """The base of adapters, hashed once."""
        if self._base is None:
            assert self.plan is not None and self.rules is not None
            self._base = artifact(resolve_model(self.plan.base, self.rules.resolve().parent))
        return self._base


def _finished(each: Named) -> bool:
    return each.plan is None and is_run(each.source)


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
