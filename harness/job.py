"""The main job: scan, data gate, train, evaluate candidate and baseline, model gate, promote, report.

::

     run file ─► scan ─► data gate ─► train ─► evaluate (candidate + baseline) ─► model gate ─► promote ─► report
                            │ blocked: no training                                  │ blocked: nothing promoted  ▲
                            └───────────────────────────────────────────────────────┴────────────────────────────┘

A run always ends with its report: a stage that fails becomes a problem of the decision, never an exception that leaves
yesterday's verdict in the folder.
"""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from harness import __version__, plugins
from harness.audit import read_audit, write_arm
from harness.comparison import arms as comparison
from harness.dataset import resolve
from harness.errors import ExitCode, TunegateError, UsageError
from harness.evidence import read_measurement
from harness.gate import decide
from harness.model.identity import is_adapter, subject_digest
from harness.model.load import resolve_model
from harness.model.pool import Models
from harness.pipeline import Done, Services, Stage, Tick, perform
from harness.promotion import promote
from harness.selection import Selection, held, select
from harness.settings import keyed
from harness.spec import RunFile
from harness.stages.evaluate import evaluate_stage
from harness.stages.report import write_reports
from harness.stages.scan import dataset_digest, scan_stage
from harness.stages.sequential import items_needed
from harness.stages.train import TrainStageSettings, train_stage
from harness.store import Store, digest_bytes, digest_file, digest_of, digest_path, place, remove, write_atomic
from harness.types import Artifact, Decision, Entry, Measurement, Noun, Problem, Promotion, Record, Rule

EVIDENCE = (
    "record.json", "decision.json", "training.json", "promotion.json", "findings.jsonl", "report.html", "summary.md",
    "junit.xml", "measurements", "samples", "candidate", "checkpoints",
    "selection.json",
)  # fmt: skip


class Show(Protocol):
    """Shows a person what is going on."""

    def stage(self, label: str) -> Tick:
        """A stage starts; returns what it calls to show its progress."""

    def done(self, label: str, seconds: float, reused: bool) -> None:
        """A stage is over."""


@dataclass(frozen=True)
class Arm:
    """A model that is measured: its folder, the base of an adapter, and the digest of both."""

    model: Artifact
    base: Artifact | None
    subject: str

    @property
    def inputs(self) -> dict[str, Artifact]:
        """The artifacts that an evaluation of this arm reads."""
        return {"model": self.model} | ({"base": self.base} if self.base else {})


@dataclass
class Findings:
    """What a run has found so far; filled from the top of the flow to its end."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    scan: list[Measurement] = field(default_factory=list)
    candidate: list[Measurement] = field(default_factory=list)
    baseline: list[Measurement] = field(default_factory=list)
    scanned: list[Path] = field(default_factory=list)
    data: str | None = None
    trained: Path | None = None
    arm: Arm | None = None
    against: Arm | None = None
    selection: Selection | None = None


@dataclass(frozen=True)
class Job:
    """One run of one run file.

    Attributes:
        run: The run file, checked.
        text: Its text.
        folder: The run file's folder, against which names in it are resolved.
        out: The run's folder.
        runs: The folder of all runs; the store and the default registry lie there.
        show: Shows progress.
    """

    run: RunFile
    text: str
    folder: Path
    out: Path
    runs: Path
    show: Show

    def __call__(self) -> Decision:
        """Runs everything that the run file asks for and returns the one verdict.

        Raises:
            UsageError: The folder to write to holds something else.
        """
        claim(self.out)
        found, services = Findings(), Services(self.runs / ".store", Models())
        decision = self.decide(found, services)
        promotion = None
        if decision.allowed and decision.stage == "model" and self.run.promote is not None:
            promotion = self.promote(found, decision)
        self.write(found, decision, promotion)
        return decision

    def decide(self, found: Findings, services: Services) -> Decision:
        """Gathers the evidence, stopping at the first gate that does not allow the candidate."""
        run = self.run
        with failures("scan", found):
            self.scan(found, services)
        data = self.data_decision(found)
        if found.problems or not run.evaluate or (run.data_rules() and not data.allowed):
            return data
        with failures("train", found):
            found.arm, found.against = self.arms(found, services)
        if run.train is not None and run.train.select == "gate" and found.trained and found.against:
            with failures("select", found):
                self.select(found.trained, found.against, found, services)
        needed = self.needed(found, services)
        # One arm after the other: two whole models are then loaded once each.
        for arm_of, into in ((found.arm, found.candidate), (found.against, found.baseline)):
            for suite in run.evaluate if arm_of else ():
                with failures(f"evaluate.{suite}", found):
                    into.append(self.evaluate(suite, arm_of, found, services, needed.get(suite)))
        return decide(
            "model",
            held(run.gates, found.selection),
            (*found.scan, *found.candidate),
            found.baseline,
            candidate_digest=found.arm.subject if found.arm else None,
            baseline_digest=found.against.subject if found.against else None,
            data_digest=found.data,
            problems=found.problems,
        )

    def data_decision(self, found: Findings) -> Decision:
        """The verdict over the training data alone."""
        return decide(
            "data", self.run.data_rules(), found.scan, (), candidate_digest=None, baseline_digest=None,
            data_digest=found.data, problems=found.problems,
        )  # fmt: skip

    def scan(self, found: Findings, services: Services) -> None:
        """Runs every data suite over all rows that would train: those of the task and those that are replayed."""
        if self.run.data is None:
            return
        inputs = self.rows(services)
        if self.run.train is not None and self.run.train.replay is not None:
            inputs["replay"] = artifact(self.run.train.replay.data)
        found.data = dataset_digest(inputs)
        for suite, settings in self.run.scan.items():
            done = self.perform(scan_stage(suite), inputs, settings, services, found)
            found.scan.append(read_measurement(Path(done.output.path)))
            found.scanned.append(Path(done.output.path) / "findings.jsonl")

    def rows(self, services: Services) -> dict[str, Artifact]:
        """The files of training rows, by the name that a stage knows them by."""
        names = self.run.data.train if self.run.data else ()
        files = [resolve(name, self.folder, services.root / "data") for name in names]
        return {f"train[{index}]" if index else "train": artifact(path) for index, path in enumerate(files)}

    def arms(self, found: Findings, services: Services) -> tuple[Arm, Arm]:
        """The candidate, trained or given, and the baseline that it is compared with."""
        base = artifact(resolve_model(self.run.base, self.folder))
        against = arm(self.baseline_folder(base), base)
        if self.run.candidate is not None:
            return arm(artifact(resolve_model(self.run.candidate, self.folder)), base), against
        return arm(self.train(base, found, services), base), against

    def baseline_folder(self, base: Artifact) -> Artifact:
        """Resolves ``baseline``: the base itself, a folder or id, or what a registry holds under an alias."""
        name = self.run.baseline
        if name == "base":
            return base
        if not name.startswith("registry:"):
            return artifact(resolve_model(name, self.folder))
        project, _, alias = name.removeprefix("registry:").partition("@")
        return artifact(Path(self.registry().resolve(project, alias or "champion").path))

    def train(self, base: Artifact, found: Findings, services: Services) -> Artifact:
        """Trains the candidate, or finds it already trained."""
        plan, data = self.run.train, self.run.data
        if plan is None or data is None:
            raise UsageError("the run file trains nothing", "'train' and 'data'")
        # Which checkpoint is taken is decided after the training: it is no reason to train again.
        plugin = plan.model_copy(update={"select": "last"})
        settings = TrainStageSettings(validation=data.validation, plugin=plugin)
        inputs = {"base": base, **self.rows(services)}
        done = self.perform(train_stage(plan.method), inputs, settings, services, found)
        found.trained = Path(done.output.path)
        return artifact(found.trained / "candidate")

    def select(self, trained: Path, against: Arm, found: Findings, services: Services) -> None:
        """Takes the best kept checkpoint that every rule allows, at an alpha divided by how many there are."""
        base = artifact(resolve_model(self.run.base, self.folder))
        kept = {f"checkpoints/{path.name}": path for path in sorted((trained / "checkpoints").glob("step-*"))}
        arms = {name: arm(artifact(path), base) for name, path in kept.items()}
        known = [self.compared(name, each, found, services) for name, each in arms.items()]
        before = self.compared("baseline", against, found, services)
        found.selection = select(self.run.gates, frozenset(self.run.scan), known, before)
        found.arm = arms[found.selection.chosen]

    def compared(self, name: str, measured: Arm, found: Findings, services: Services) -> comparison.Arm:
        """A model with everything that is measured of it, as an arm of a comparison."""
        measurements = tuple(self.evaluate(suite, measured, found, services) for suite in self.run.evaluate)
        step = comparison.step_of(name, worded=True)
        return comparison.Arm(name, name, measured.subject, measurements, data=tuple(found.scan), step=step)

    def needed(self, found: Findings, services: Services) -> dict[str, int]:
        """How many items of each suite its rules need, where items are asked in blocks."""
        if not self.run.sequential or found.arm is None or found.against is None:
            return {}
        needed = {}
        rules = held(self.run.gates, found.selection)
        for suite, settings in self.run.evaluate.items():
            with failures(f"evaluate.{suite}", found):
                count = items_needed(suite, settings, rules, (found.arm.inputs, found.against.inputs), services, self.show)
                if count is not None:
                    needed[suite] = count
        return needed

    def evaluate(
        self, suite: str, measured: Arm, found: Findings, services: Services, first: int | None = None
    ) -> Measurement:
        """Asks one model the items of one suite, or the first of them."""
        settings = self.run.evaluate[suite]
        if first is not None:
            settings = settings.model_copy(update={"first": first})
        done = self.perform(evaluate_stage(suite, settings), measured.inputs, settings, services, found)
        return read_measurement(Path(done.output.path))

    def perform(
        self, stage: Stage, inputs: Mapping[str, Artifact], settings: Noun, services: Services, found: Findings
    ) -> Done:
        """Runs one stage, shows it, and keeps its entry for the record."""
        done = perform(stage, inputs, settings, Store(services.root), services, self.show.stage(stage.label))
        self.show.done(stage.label, done.entry.seconds, done.reused)
        # What a selection looked at is not computed again, and stands in the record once.
        if done.entry not in found.entries:
            found.entries.append(done.entry)
        return done

    def registry(self) -> Any:
        """The registry that the run file names, or the one in the runs folder."""
        path = self.run.promote.registry if self.run.promote else None
        location = self.folder / path if path else self.runs / "registry.db"
        return plugins.load("registry", "local").open_registry(location)

    def promote(self, found: Findings, decision: Decision) -> Promotion | None:
        """Registers the candidate that the decision allowed, after hashing its bytes again."""
        if self.run.promote is None or found.arm is None:
            return None
        place(Path(found.arm.model.path), self.out / "candidate")
        return promote(
            self.registry(),
            decision,
            project=self.run.project,
            subject_digest_now=subject_digest(self.out / "candidate", found.arm.base and Path(found.arm.base.path)),
            alias=self.run.promote.alias,
            path=(self.out / "candidate").resolve(),
            by=getpass.getuser(),
            when=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def write(self, found: Findings, decision: Decision, promotion: Promotion | None) -> None:
        """Fills the run's folder; its record comes last, so that a folder with a record is whole."""
        files = write_evidence(self.out, found)
        text = decision.model_dump_json(indent=1).encode()
        write_atomic(self.out / "decision.json", text)
        files["decision.json"] = digest_bytes(text)
        if promotion is not None:
            write_atomic(self.out / "promotion.json", promotion.model_dump_json(indent=1).encode())
        record = Record(
            project=self.run.project,
            tunegate=__version__,
            run_file=digest_bytes(self.text.encode()),
            run_file_text=self.text,
            settings=shown(self.run),
            candidate=decision.candidate,
            baseline=decision.baseline,
            unreached=unreached(self.run.model_rules(), decision),
            entries=tuple(found.entries),
            files=dict(sorted(files.items())),
        )
        write_atomic(self.out / "record.json", record.model_dump_json(indent=1).encode())
        plan = self.run.report
        write_reports(self.out, read_audit(self.out), plan.html, plan.junit, plan.markdown)


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


def artifact(path: Path) -> Artifact:
    """Hashes a file or folder."""
    return Artifact(path=str(path), digest=digest_path(path))


def arm(model: Artifact, base: Artifact) -> Arm:
    """Names a model by its bytes, and an adapter by its own and its base's."""
    under = base if is_adapter(Path(model.path)) else None
    return Arm(model, under, subject_digest(Path(model.path), under and Path(under.path)))


@contextmanager
def failures(stage: str, found: Findings) -> Iterator[None]:
    """Turns a failure of a stage into a problem of the decision."""
    try:
        yield
    except UsageError:
        raise
    except TunegateError as error:
        kind = "integrity" if error.exit_code == ExitCode.INTEGRITY else "incomplete"
        found.problems.append(Problem(stage=stage, kind=kind, message=str(error)))
    except OSError as error:
        message = f"{error.strerror or error}: '{error.filename}'; expected to be able to read and write there"
        found.problems.append(Problem(stage=stage, kind="incomplete", message=message))


def write_evidence(out: Path, found: Findings) -> dict[str, str]:
    """Writes measurements, samples, findings and the training's curve; returns the digest of each file."""
    files: dict[str, str] = {}
    for name, measurements in (("scan", found.scan), ("candidate", found.candidate), ("baseline", found.baseline)):
        for measurement in measurements:
            files |= write_arm(out, name, measurement)
    if found.scanned:
        write_atomic(out / "findings.jsonl", b"".join(path.read_bytes() for path in found.scanned))
        files["findings.jsonl"] = digest_file(out / "findings.jsonl")
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


def unreached(rules: Sequence[Rule], decision: Decision) -> tuple[Rule, ...]:
    """The rules about the model that were not decided, because the run ended at the data gate."""
    return tuple(rules) if decision.stage == "data" else ()


def shown(run: RunFile) -> dict[str, Any]:
    """The run file with every default, as JSON; files by their digest, so that two machines agree."""
    parts = {"scan": run.scan, "evaluate": run.evaluate}
    found = json.loads(run.model_dump_json(exclude={"scan", "evaluate", "train"}))
    for name, suites in parts.items():
        found[name] = {suite: keyed(settings) for suite, settings in suites.items()}
    found["train"] = keyed(run.train) if run.train else None
    return found


def short_key(run: RunFile) -> str:
    """Eight characters that change when the run file's meaning does."""
    return digest_of(shown(run)).removeprefix("sha256:")[:8]
