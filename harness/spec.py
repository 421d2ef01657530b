"""The run file: what to scan, train, evaluate, gate and promote.

A run file is read whole: every mistake is reported at once with its line, unknown keys with the nearest known one. Relative
paths are relative to the run file. ``tunegate show`` prints it with every default made visible.
"""

from __future__ import annotations

import glob
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SerializeAsAny, ValidationInfo

from harness import plugins
from harness.baseline import registered
from harness.errors import ModelError, PluginError, RunFileError, UsageError
from harness.judges.plans import ServerPlan, judges_of
from harness.lines import Place, read_yaml
from harness.model.served import ServedModel, is_served, read_served
from harness.policy import PolicyFile, read_policy
from harness.probing import findings_wanted, plants
from harness.renaming import Renamed
from harness.ruling import EXAMPLE, RuleReader
from harness.scanning.actions import BLOCKED, redacts
from harness.settings import BadRows, InputFile, Settings, inputs_of
from harness.suite import ItemSettings
from harness.trainer import TrainSettings
from harness.types import Rule


class DataPlan(Settings):
    """Which rows train, and how many of them are kept back to validate."""

    train: tuple[str, ...] = Field(min_length=1, description="files, or hf:org/name")
    validation: float = Field(default=0.1, ge=0, lt=1)
    bad_rows: BadRows = Field(
        default="stop", description="a row that cannot be read stops the run, or is left out of scan and training"
    )
    columns: Renamed = {}


class PromotePlan(Settings):
    """Where an allowed candidate is registered."""

    registry: Path | None = Field(default=None, description="None is registry.db in the runs folder")
    alias: str = Field(default="champion", pattern=r"^[a-z0-9][a-z0-9._-]*$")


class ReportPlan(Settings):
    """Which channels the decision is written to, decision.json always, and what the report assumes."""

    html: bool = True
    junit: bool = True
    markdown: bool = True
    sarif: bool = True
    watts: float = Field(default=65, gt=0, description="what the machine is assumed to draw while it trains")


def _there(pattern: str, info: ValidationInfo) -> str:
    folder = (info.context or {}).get("folder")
    if not glob.has_magic(pattern) and folder is not None and not (folder / pattern).is_file():
        raise ValueError(f"'{pattern}' does not exist (looked for '{folder / pattern}')")
    return pattern


class WaiverPlan(Settings):
    """Which signed waivers count: their files, and the public keys that they have to be signed with."""

    files: tuple[Annotated[str, AfterValidator(_there)], ...] = Field(
        min_length=1, description="files, or patterns such as waivers/*.json"
    )
    trust: tuple[InputFile, ...] = Field(min_length=1, description="public keys whose signature counts")

    def found(self, folder: Path) -> tuple[Path, ...]:
        """The files that are there now, of a run file in that folder."""
        names = {name for pattern in self.files for name in glob.glob(pattern, root_dir=folder)}
        return tuple(folder / name for name in sorted(names))


class Head(Settings):
    """The part of a run file that no plug-in reads."""

    version: Literal[1]
    project: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=80)
    base: str = Field(default="demo", description="demo, a folder, or a Hugging Face id")
    baseline: str | ServedModel = Field(
        default="base", description="base, a folder, a Hugging Face id, registry:PROJECT@ALIAS, or a served model"
    )
    baseline_max_age_days: int = Field(default=180, ge=1, description="a registry's baseline older than that is noted")
    candidate: str | ServedModel | None = Field(
        default=None, description="a folder trained elsewhere, or a served model, in place of train"
    )
    accept_unverifiable: tuple[str, ...] = Field(
        default=(), description="served models and judges, by name, that count although nobody can verify their weights"
    )
    data: DataPlan | None = None
    sequential: bool = Field(default=False, description="ask items in blocks, and only as many as the rules need")
    waivers: WaiverPlan | None = None
    promote: PromotePlan | None = None
    report: ReportPlan = ReportPlan()


class RunFile(Head):
    """A whole run file, every plug-in's settings checked by that plug-in's own model.

    ``gates`` holds every rule once, those of the policies among them.
    """

    scan: dict[str, SerializeAsAny[Settings]] = {}
    train: SerializeAsAny[TrainSettings] | None = None
    evaluate: dict[str, SerializeAsAny[Settings]] = {}
    policies: tuple[PolicyFile, ...] = ()
    gates: tuple[Rule, ...]

    def source(self, rule: Rule) -> str:
        """Where a rule is from: the names of its policies, or the run file itself."""
        return ", ".join(each.name for each in self.policies if rule in each.rules) or "run file"

    def columns(self, inputs: Iterable[str]) -> dict[str, dict[str, str]]:
        """What each file of rows, by the name of its input, calls the columns that are known by other names."""
        own = self.data.columns if self.data else {}
        replay = self.train.replay if self.train else None
        found = {name: replay.columns if name == "replay" and replay else own for name in inputs}
        return {name: columns for name, columns in found.items() if columns}

    def data_rules(self) -> tuple[Rule, ...]:
        """The rules that the data gate decides."""
        return tuple(rule for rule in self.gates if rule.suite in self.scan)

    def model_rules(self) -> tuple[Rule, ...]:
        """The rules that need the candidate's answers."""
        return tuple(rule for rule in self.gates if rule.suite not in self.scan)


# What a suite reads beside items: a metric's code, the description of a task; labelled answers, and whom rows are about.
_NO_ITEMS = (".py", ".yaml", ".yml")
_NO_QUESTIONS = ("calibration", "targets", "judge", "grounding")
SECTIONS = ("scan", "train", "evaluate", "gates")


def read_run_file(path: Path) -> tuple[RunFile, str]:
    """Reads and checks a run file.

    Returns:
        The run file, and its text.

    Raises:
        RunFileError: With every mistake of the file.
    """
    value, lines, text = read_yaml(path)
    if not isinstance(value, dict):
        raise RunFileError(str(path), ["line 1: expected keys such as 'version: 1' and 'project: my-model'"])
    reader = _Reader(path.resolve().parent, lines)
    run = reader.read(value)
    if reader.mistakes or run is None:
        raise RunFileError(str(path), [text for _, text in sorted(reader.mistakes, key=itemgetter(0))])
    return run, text


class _Reader(RuleReader):
    """Reads the parts of one run file and collects what is wrong with them."""

    def read(self, value: dict[str, Any]) -> RunFile | None:
        head_value = {key: part for key, part in value.items() if key not in SECTIONS}
        data = head_value.get("data")
        if isinstance(data, dict) and isinstance(data.get("train"), str):
            head_value["data"] = {**data, "train": [data["train"]]}
        for name in ("candidate", "baseline"):
            if isinstance(head_value.get(name), dict):
                told = self.model(ServedModel, head_value.pop(name), (name,))
                head_value |= {name: told} if told else {}
        head = self.model(Head, head_value, (), known=(*Head.model_fields, *SECTIONS))
        scan = self.suites("data suite", value.get("scan") or {}, ("scan",))
        evaluate = self.suites("model suite", value.get("evaluate") or {}, ("evaluate",))
        train = self.trainer(value.get("train"))
        asked = _gives_answers(train)
        # A rule on a suite whose settings are wrong is no mistake of its own.
        named = [_named(kind, value.get(section)) for kind, section in (("data suite", "scan"), ("model suite", "evaluate"))]
        own, rules, policies = self.gates(value.get("gates"), *named) if asked or value.get("gates") else ([], [], [])
        if head is not None:
            self.fit(head, value, scan, evaluate, asked)
            self.judges(head, evaluate)
        if train is not None and train.stop_when is not None:
            self.watched(train.stop_when.metric, evaluate)
        if self.mistakes or head is None:
            return None
        return RunFile(
            **{name: getattr(head, name) for name in Head.model_fields},
            scan=_with_items(scan, evaluate), train=train, evaluate=evaluate, policies=tuple(policies),
            gates=tuple(dict.fromkeys((*_implied(scan, own), *rules))),
        )  # fmt: skip

    def suites(self, kind: str, value: Any, place: Place) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.say(place, f"found {value!r}; expected names of suites")
            return {}
        found = {}
        for name, options in value.items():
            try:
                plugin = plugins.load(kind, str(name))
            except PluginError as error:
                self.say((*place, name), str(error))
                continue
            settings = self.model(plugin.Settings, {} if options is None else options, (*place, name))
            if settings is not None:
                found[str(name)] = settings
        return found

    def trainer(self, value: Any) -> TrainSettings | None:
        if value is None:
            return None
        method = value.get("method") if isinstance(value, dict) else None
        if method is None:
            self.say(("train",), f"'method' is missing; expected {plugins.suggestion('', plugins.names('trainer'))}")
            return None
        try:
            return self.model(plugins.load("trainer", str(method)).Settings, value, ("train",))
        except PluginError as error:
            self.say(("train", "method"), str(error))
            return None

    def watched(self, metric: str, evaluate: Mapping[str, Any]) -> None:
        """Refuses to look, on the way of a training, at what no suite measures item by item."""
        place = ("train", "stop_when")
        rule = Rule(kind="max_drop", metric=metric, bound=0)
        if self.measured(rule, metric, place, (), evaluate):
            suite = metric.partition(".")[0]
            if judges_of(evaluate[suite]):
                self.say((*place, "metric"), f"the judge of '{suite}' is a model, which is not asked while another is trained")
            if not isinstance(evaluate[suite], ItemSettings):
                self.say((*place, "metric"), f"the suite '{suite}' has no items of its own; expected one that asks items")

    def gates(
        self, value: Any, scan: Collection[str], evaluate: Collection[str]
    ) -> tuple[list[Rule], list[Rule], list[PolicyFile]]:
        """The rules of the run file itself, all rules in their order, and the policies that they are from."""
        own: list[Rule] = []
        every: list[Rule] = []
        policies: list[PolicyFile] = []
        if not isinstance(value, list) or not value:
            self.say(("gates",), f"there are no rules; expected at least one, such as {EXAMPLE}")
        for index, part in enumerate(value if isinstance(value, list) else ()):
            place = ("gates", index)
            if isinstance(part, str):
                policy = self.policy(part, place, policies)
                if policy is not None and self.covered(policy, place, scan, evaluate):
                    policies.append(policy)
                    every += policy.rules
            elif (rule := self.rule(part, place, scan, evaluate)) is not None:
                own.append(rule)
                every.append(rule)
        return own, every, policies

    def policy(self, source: str, place: Place, others: list[PolicyFile]) -> PolicyFile | None:
        """Reads a policy that the run file names."""
        try:
            found = read_policy(source, self.folder)
        except RunFileError as error:
            for mistake in error.mistakes:
                self.say(place, f"policy '{source}' {mistake}")
            return None
        except UsageError as error:
            self.say(place, str(error))
            return None
        if any(found.name == each.name for each in others):
            self.say(place, f"policy '{source}' is called '{found.name}' like one above; expected every name once")
            return None
        return found

    def covered(self, policy: PolicyFile, place: Place, scan: Collection[str], evaluate: Collection[str]) -> bool:
        """Whether every suite that a policy rules on is asked for; what is not is never dropped in silence."""
        absent: dict[str, str] = {}
        for rule, line in zip(policy.rules, policy.lines, strict=True):
            for suite in rule.suites:
                if suite not in scan and suite not in evaluate:
                    absent.setdefault(suite, f"line {line}: '{rule.text()}' needs the suite '{suite}'")
        for suite, said in absent.items():
            section = "scan" if suite in plugins.names("data suite") else "evaluate"
            self.say(place, f"policy '{policy.source}' {said}; add '{suite}: {{}}' under '{section}'")
        return not absent

    def fit(
        self, head: Head, value: Mapping[str, Any], scan: Mapping[str, Any], evaluate: Mapping[str, Any], asked: bool
    ) -> None:
        if head.candidate is not None and value.get("train") is not None:
            self.say(("candidate",), "both 'candidate' and 'train' are given; expected one of them")
        if scan and head.data is None:
            self.say(("scan",), "'scan' has nothing to read; expected 'data: {train: FILE}'")
        if value.get("train") is not None and head.data is None:
            self.say(("train",), "'train' has nothing to read; expected 'data: {train: FILE}'")
        self.servers(head)
        trains = value.get("train") is not None or value.get("candidate") is not None
        if evaluate and not trains:
            self.say(("evaluate",), "there is no candidate to evaluate; expected 'train' or 'candidate'")
        if not asked and value.get("evaluate"):
            method = value["train"]["method"]
            self.say(("evaluate",), f"'method: {method}' leaves a model that gives no answers; expected no 'evaluate'")
        if trains and asked and not value.get("evaluate"):
            self.say(
                ("evaluate",),
                "nothing is evaluated; expected at least one suite, or no candidate would ever be decided",
            )
        for name in evaluate:
            wanted = findings_wanted(name)
            if wanted and not set(wanted) & set(scan):
                either = " or ".join(f"'{each}'" for each in wanted)
                self.say(
                    ("evaluate", name),
                    f"'{name}' probes for what a scan found in the training rows, and no scan looks for it; "
                    f"expected {either} under 'scan'",
                )
            if plants(name) and value.get("train") is None:
                found = f"'{name}' plants rows into a second training, and nothing is trained"
                self.say(("evaluate", name), f"{found}; expected 'train'")
        for name in head.data.train if head.data else ():
            if not name.startswith("hf:") and not (self.folder / name).exists():
                self.say(("data", "train"), f"'{name}' does not exist (looked for '{self.folder / name}')")

    def servers(self, head: Head) -> None:
        """Served models have to be accepted by name, and can be compared with each other only."""
        found = {name: self.served(getattr(head, name), name) for name in ("candidate", "baseline")}
        for name, each in found.items():
            if each is not None and each.model not in head.accept_unverifiable:
                accept = f"'accept_unverifiable: [{each.model}]', which says that you take it on trust"
                self.say((name,), f"nobody can verify the weights of {each.text()}; expected {accept}")
        if head.candidate is not None and found["candidate"] and not found["baseline"] and not registered(head.baseline):
            self.say(("baseline",), "the candidate is served and this is not; expected a baseline that is asked the same way")

    def judges(self, head: Head, evaluate: Mapping[str, Any]) -> None:
        """Judges behind a server have to be accepted by name too."""
        for name, settings in evaluate.items():
            for place, judge in judges_of(settings):
                if isinstance(judge, ServerPlan) and judge.server.model not in head.accept_unverifiable:
                    accept = f"'accept_unverifiable: [{judge.server.model}]', which says that you take it on trust"
                    found = f"nobody can verify the weights of {judge.server.text()}"
                    self.say(("evaluate", name, *place), f"{found}; expected {accept}")

    def served(self, told: str | ServedModel | None, name: str) -> ServedModel | None:
        """The served model that a name stands for, if it does."""
        if not isinstance(told, str):
            return told
        folder = self.folder / Path(told).expanduser()
        try:
            return read_served(folder) if is_served(folder) else None
        except ModelError as error:
            self.say((name,), str(error))
            return None


def _gives_answers(train: TrainSettings | None) -> bool:
    """Whether suites can ask what is trained; a trainer whose model only scores answers says ``ANSWERS = False``."""
    return train is None or bool(getattr(plugins.load("trainer", train.method), "ANSWERS", True))


def _with_items(scan: Mapping[str, Any], evaluate: Mapping[str, Any]) -> dict[str, Any]:
    """Tells a data suite that looks for items which ones the run asks, where its settings do not say."""
    files = {
        suite if name == "items" else f"{suite}-{name.replace('[', '-').rstrip(']')}": path
        for suite, settings in evaluate.items()
        for name, path in inputs_of(settings).items()
        if name.partition(".")[0] not in _NO_QUESTIONS and path.suffix.lower() not in _NO_ITEMS and path.is_file()
    }
    wants = {name for name, each in scan.items() if "items" in type(each).model_fields.keys() - each.model_fields_set}
    return {
        name: each.model_copy(update={"items": files}) if name in wants and files else each
        for name, each in scan.items()
    }


def _named(kind: str, value: Any) -> frozenset[str]:
    """The suites of a kind that a section names, whether or not their settings can be read."""
    return frozenset(map(str, value if isinstance(value, dict) else ())) & frozenset(plugins.names(kind))


def _implied(scan: Mapping[str, Any], rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules that ``on_finding: block`` stands for, where no gate of the run file names the metric itself."""
    blocking = ((name, redacts(settings)) for name, settings in scan.items())
    named = {rule.metric for rule in rules}
    wanted = (
        f"{name}.{BLOCKED if acts.blocks_some else 'rows_with_findings'}"
        for name, acts in blocking
        if "block" in acts.actions
    )
    return tuple(Rule(kind="at_most", metric=metric, bound=0) for metric in wanted if metric not in named)
