"""Which items a rule reads: all, one slice, every slice of a tag in turn, those of some severity, or named ones.

::

    task.accuracy                    every item that has this score
    task.accuracy@lang=de            those tagged lang=de
    task.accuracy@lang=*             a check for every value that the tag has
    safety.unsafe_rate@severity>=high    those tagged severity=high or severity=critical
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.types import Rule, Sample

SEVERITIES = ("low", "medium", "high", "critical")
_FORM = re.compile(r"(?P<name>[^@]*)(?:@(?P<tag>[^=>]+)(?P<relation>=|>=)(?P<value>.+))?")


@dataclass(frozen=True)
class Slice:
    """The parts of a metric's name after its suite.

    Attributes:
        name: Of the score.
        tag: Empty where the metric is about every item.
        relation: How the item's tag has to stand to the value.
        value: One value; ``*`` stands for each.
    """

    name: str
    tag: str = ""
    relation: Literal["=", ">="] = "="
    value: str = ""

    def holds(self, tags: Mapping[str, str]) -> bool:
        """Whether an item with these tags belongs to the slice."""
        if not self.tag:
            return True
        if self.relation == "=":
            return tags.get(self.tag) == self.value
        return tags.get(self.tag) in SEVERITIES[SEVERITIES.index(self.value) :]


def slice_of(metric: str) -> Slice:
    """Reads the name of a metric.

    Raises:
        ValueError: What stands behind the ``@`` is no slice.
    """
    found = _FORM.fullmatch(metric.partition(".")[2])
    if found is None:
        raise ValueError(f"'{metric}' names no slice; expected 'suite.metric@tag=value', '@tag=*' or '@severity>=high'")
    if found["tag"] is None:
        return Slice(found["name"])
    if found["relation"] == ">=" and (found["tag"] != "severity" or found["value"] not in SEVERITIES):
        wanted = ", ".join(f"'{each}'" for each in SEVERITIES)
        raise ValueError(f"'{metric}' compares '{found['tag']}' with '{found['value']}'; expected severity>= one of {wanted}")
    return Slice(found["name"], found["tag"], found["relation"], found["value"])


def each_slice(rule: Rule, samples: Iterable[Sample]) -> tuple[Rule, ...]:
    """The rules that ``@tag=*`` stands for: one a value that the tag has among the items; the rule itself where it has none."""
    wanted = slice_of(rule.metric)
    if wanted.value != "*":
        return (rule,)
    values = sorted({each.tags[wanted.tag] for each in samples if wanted.name in each.scores and wanted.tag in each.tags})
    stem = rule.metric.removesuffix("*")
    return tuple(rule.model_copy(update={"metric": stem + value}) for value in values) or (rule,)


def is_part(part: Rule, whole: Rule) -> bool:
    """Whether a rule is another one, or one of the slices that it stands for; how sure it has to be does not matter."""
    meant = whole.model_copy(update={"alpha": part.alpha})
    if slice_of(whole.metric).value == "*" and part.metric.startswith(whole.metric.removesuffix("*")):
        meant = meant.model_copy(update={"metric": part.metric})
    return part == meant


def selected(rule: Rule, samples: Sequence[Sample]) -> dict[str, Sample]:
    """The samples that a rule reads, by the ids of their items."""
    wanted, named = slice_of(rule.metric), set(rule.items)
    return {
        each.id: each
        for each in samples
        if wanted.name in each.scores and wanted.holds(each.tags) and (not named or each.id in named)
    }
