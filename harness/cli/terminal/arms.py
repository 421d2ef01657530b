"""Arms side by side: what each answer cost, what retrieval found, and every metric."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from pydantic import JsonValue

from harness.arms.measuring import ArmResult
from harness.types import Metric

NAME, CELL = 40, 21


def as_json(results: Sequence[ArmResult]) -> str:
    """Everything that was measured, as one JSON document."""
    return json.dumps([json.loads(each.model_dump_json()) for each in results], indent=1)


def as_table(results: Sequence[ArmResult]) -> str:
    """For a person: the arms with their cost, then a row for each metric and a numbered column for each arm.

    A cell is a value with its 95 % interval; rates are in percent.
    """
    return "\n".join([*_arms(results), "", *_metrics(results)])


def _arms(results: Sequence[ArmResult]) -> Iterator[str]:
    yield f"{'tokens per answer':<{NAME}}{'read':>10}{'written':>10}{'together':>10}{'answers':>10}   answer in passages"
    for number, each in enumerate(results, start=1):
        yield f"{f'{number} {each.name}':<{NAME}}{_cost(each)}   {_recall(each)}".rstrip()
        yield from (f"    {note}" for note in _notes(each))


def _cost(result: ArmResult) -> str:
    means = result.cost.per_answer()
    cells = [f"{value:.1f}" for value in (*means, sum(means))] if means else ["-"] * 3
    return "".join(f"{cell:>10}" for cell in (*cells, result.cost.answers))


def _recall(result: ArmResult) -> str:
    found = result.facts("retrieval").values()
    hits, items = (sum(_count(each, name) for each in found) for name in ("answer_in_passages", "items"))
    return f"{hits} of {items} items" if items else ""


def _notes(result: ArmResult) -> Iterator[str]:
    """What whoever reads the numbers has to know of an arm."""
    facts = result.facts("arm")
    told = {str(each["system_prompt"]) for each in facts.values() if "system_prompt" in each}
    yield from (f"the system prompt stands {each}" for each in sorted(told) if each.startswith("before"))
    shown = sum(_count(each, "questions_among_the_examples") for each in facts.values())
    if shown:
        yield f"{shown} of the questions stand among the examples with their answers"


def _count(facts: Mapping[str, JsonValue], name: str) -> int:
    value = facts.get(name)
    return value if isinstance(value, int) else 0


def _metrics(results: Sequence[ArmResult]) -> Iterator[str]:
    found = [{metric.name: metric for each in result.measurements for metric in each.metrics} for result in results]
    counts = {name: metric.n for metrics in found for name, metric in metrics.items()}
    # A slice that holds all the items of its metric says nothing new.
    names = [name for name, n in counts.items() if "@" not in name or n != counts[name.partition("@")[0]]]
    wide = max([NAME, *(len(name) + 1 for name in names)])
    yield f"{'':<{wide}}" + "".join(f"{number:>{CELL}}" for number in range(1, len(results) + 1)) + "         n"
    for name in names:
        cells = "".join(f"{_cell(metrics.get(name)):>{CELL}}" for metrics in found)
        yield f"{name:<{wide}}{cells}{counts[name]:>10}"


def _cell(metric: Metric | None) -> str:
    if metric is None:
        return "-"
    scale, digits = (100.0, 1) if metric.unit == "rate" else (1.0, 3)
    low, high = (scale * end for end in metric.interval) if metric.interval else (None, None)
    doubt = f" [{low:.{digits}f}, {high:.{digits}f}]" if low is not None and high is not None else ""
    return f"{scale * metric.value:.{digits}f}{doubt}"
