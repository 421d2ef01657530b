"""A policy: a file of rules that several run files share, known by its name and its digest.

::

    version: 1
    name: release
    description: What every model of ours has to keep.
    rules:
      - {metric: refusal.harmful_refused, max_drop: 0.05}

A run file names it in ``gates``, among rules of its own: a name without a slash and without ``.yaml`` is a policy that ships
with tunegate and is never looked for on the disk; anything else is a path, relative to the run file. Every rule of every
policy and of the run file holds, so where two speak of one metric the stricter decides, and no policy makes a verdict milder.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from harness import plugins
from harness.errors import RunFileError, UsageError
from harness.lines import line_of, read_yaml
from harness.ruling import EXAMPLE, RuleReader
from harness.settings import Settings
from harness.store import digest_bytes, write_atomic
from harness.types import Digest, Noun, PolicyName, Rule

SHIPPED = Path(__file__).parent / "policies"
SUFFIXES = (".yaml", ".yml")
FOLDER = "policies"


class Head(Settings):
    """What a policy says of itself."""

    version: Literal[1]
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=80)
    description: str = Field(min_length=1)


class PolicyFile(Noun):
    """A policy as it was read.

    Attributes:
        name: What it calls itself.
        description: For whom or what it is.
        digest: Of its text.
        source: How it was named: a shipped one by its name, another by its path.
        rules: At least one, each once.
        lines: The line of each rule.
        text: Of the file.
    """

    name: str
    description: str
    digest: Digest
    source: str
    rules: tuple[Rule, ...]
    lines: tuple[int, ...] = Field(exclude=True)
    text: str = Field(exclude=True)

    @property
    def named(self) -> PolicyName:
        """Which policy this is."""
        return PolicyName(name=self.name, digest=self.digest)


def shipped() -> tuple[str, ...]:
    """The names of the policies that ship with tunegate."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.yaml")))


def read_policy(source: str, folder: Path) -> PolicyFile:
    """Reads and checks a policy.

    Args:
        source: The name of a shipped policy, or a path.
        folder: What a path is relative to.

    Raises:
        UsageError: There is no shipped policy of that name.
        RunFileError: With every mistake of the file.
    """
    path = _located(source, folder)
    try:
        value, lines, text = read_yaml(path)
    except RunFileError as error:
        raise RunFileError(error.path, error.mistakes, "policy") from error
    reader = _Reader(path.resolve().parent, lines)
    head, rules = reader.read(value)
    if reader.mistakes or head is None:
        raise RunFileError(str(path), [said for _, said in sorted(reader.mistakes, key=itemgetter(0))], "policy")
    return PolicyFile(
        name=head.name, description=" ".join(head.description.split()), digest=digest_bytes(text.encode()), source=source,
        rules=tuple(rules), lines=tuple(rules.values()), text=text,
    )  # fmt: skip


def _located(source: str, folder: Path) -> Path:
    path = Path(source)
    if len(path.parts) > 1 or "/" in source or path.suffix in SUFFIXES:
        return folder / path
    if source not in shipped():
        known = plugins.suggestion(source, shipped())
        raise UsageError(f"there is no policy '{source}'", f"{known}, or a path such as './{source}.yaml'")
    return SHIPPED / f"{source}.yaml"


class _Reader(RuleReader):
    """Reads the parts of one policy and collects what is wrong with them."""

    def read(self, value: Any) -> tuple[Head | None, dict[Rule, int]]:
        """The head, and the line of every rule."""
        if not isinstance(value, dict):
            self.say((), "expected keys such as 'version: 1', 'name: my-policy' and 'rules:'")
            return None, {}
        parts = {key: part for key, part in value.items() if key != "rules"}
        head = self.model(Head, parts, (), known=(*Head.model_fields, "rules"))
        return head, self.rules(value.get("rules"))

    def rules(self, value: Any) -> dict[Rule, int]:
        if not isinstance(value, list) or not value:
            self.say(("rules",), f"there are no rules; expected at least one, such as {EXAMPLE}")
            return {}
        scan, evaluate = plugins.names("data suite"), plugins.names("model suite")
        found: dict[Rule, int] = {}
        for index, part in enumerate(value):
            rule = self.rule(part, ("rules", index), scan, evaluate)
            if rule is not None:
                found.setdefault(rule, line_of(self.lines, ("rules", index)))
        return found

    def absent(self, suite: str, scan: Collection[str], evaluate: Collection[str]) -> str:
        return f"there is no suite '{suite}'; expected {plugins.suggestion(suite, (*scan, *evaluate))}"


def write_policies(folder: Path, policies: Iterable[PolicyFile]) -> dict[str, str]:
    """Keeps the text of every policy in a run's folder and returns the digests of the files."""
    files = {}
    for each in policies:
        name = f"{FOLDER}/{each.name}.yaml"
        write_atomic(folder / name, each.text.encode())
        files[name] = each.digest
    return files
