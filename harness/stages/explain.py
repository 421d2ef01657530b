"""Looking ahead, once for every policy over the same items: the stage around :mod:`harness.foresight`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import TypeAdapter

from harness import plugins
from harness.foresight import Arm, Outlook, outlooks
from harness.pipeline import Services, Stage, Tick, Work, perform, silent
from harness.rehearsal import Rehearsal
from harness.store import Store, digest_file, digest_of
from harness.types import Artifact, Noun, Rule

OUTLOOKS = "outlooks.json"
_MANY = TypeAdapter(tuple[Outlook, ...])


class Ahead(Noun):
    """What decides an outlook.

    Attributes:
        rules: The policy.
        discordances: What is assumed where nothing is known.
        asked: What would be asked, by suite: the digest of its items, of how they would be scored, and of the judges' errors.
    """

    rules: tuple[Rule, ...]
    discordances: tuple[float, ...]
    asked: dict[str, str]


def look_ahead(
    rules: Sequence[Rule], rehearsals: Mapping[str, Rehearsal], discordances: Sequence[float],
    after: tuple[Path, Arm, Arm] | None, services: Services, tick: Tick = silent,
) -> tuple[Outlook, ...]:  # fmt: skip
    """Looks ahead, or finds what was found before.

    Args:
        rules: The policy.
        rehearsals: What each suite would ask.
        discordances: What to assume where nothing is known.
        after: A finished run's record, and what it measured of its candidate and its baseline.
        services: Where the store is.
        tick: Called with (rules done, rules, {}).
    """
    asked = {name: digest_of([each.items, _scored(each), _judged(each)]) for name, each in rehearsals.items()}
    settings = Ahead(rules=tuple(rules), discordances=tuple(discordances), asked=asked)
    inputs = {"after": _artifact(after[0])} if after else {}

    def run(work: Work) -> None:
        found = []
        for each in outlooks(rules, rehearsals, discordances, after[1:] if after else None):
            found.append(each)
            work.tick(len(found), len(rules), {})
        (work.out / OUTLOOKS).write_bytes(_MANY.dump_json(tuple(found), indent=1))

    kinds = tuple(plugins.load("rule", name).__name__ for name in sorted({rule.kind for rule in rules}))
    stage = Stage("explain", "", run, ("harness.foresight", *kinds), ("numpy", "scipy"))
    done = perform(stage, inputs, settings, Store(services.root), services, tick)
    return _MANY.validate_json((Path(done.output.path) / OUTLOOKS).read_bytes())


def _scored(rehearsal: Rehearsal) -> str:
    """The names of every item's scores, and whether they are shares: a suite's own code may decide that otherwise."""
    return digest_of([
        [each.id, {name: 0 <= value <= 1 for name, value in each.scores.items()}] for each in rehearsal.samples
    ])  # fmt: skip


def _judged(rehearsal: Rehearsal) -> list[dict[str, object]]:
    return [each.model_dump(mode="json") for each in rehearsal.judges]


def _artifact(record: Path) -> Artifact:
    return Artifact(path=str(record), digest=digest_file(record))


def plain(found: Sequence[Outlook]) -> list[object]:
    """The outlooks as JSON values."""
    return list(json.loads(_MANY.dump_json(tuple(found))))
