"""Many candidates beside one baseline, as one HTML file of the same kind as a report, and as one JSON document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness import __version__
from harness.channels.wording.comparing import about, broke, outcome, prompts, puts, trust, undecided, unit_of, waivers
from harness.channels.wording.numbers import Shown, Unit, change, count, level, span
from harness.channels.wording.verdicts import TITLES, Mark, accent, condition, granted, with_waivers
from harness.comparison.flips import Flips, Item, MetricFlips
from harness.comparison.front import Front, Place
from harness.comparison.matrix import Column
from harness.comparison.whole import Comparison
from harness.types import Outcome, Rule
from reports.plots import Curve, Scatter, curve, scatters
from reports.render import environment
from reports.untrusted import Excerpt, excerpt

PROMPT, OUTPUT, TARGET = 800, 1200, 400


@dataclass(frozen=True)
class Head:
    """One candidate over its column."""

    number: int
    name: str
    step: str
    puts: str
    verdict: str
    accent: Mark
    subject: str | None
    tokens: str
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """What the gate says about one rule and one candidate; empty where it was not asked."""

    outcome: Outcome | None = None
    value: Shown | None = None
    delta: Shown | None = None
    interval: Shown | None = None
    reason: str = ""
    waived: str = ""
    excused: bool = False


@dataclass(frozen=True)
class Row:
    """One rule over all candidates, and where it is first failed."""

    rule: Rule
    condition: str
    cells: tuple[Cell, ...]
    broke: str


@dataclass(frozen=True)
class Cost:
    """What an answer of one arm costs, also beside the baseline's and suite by suite."""

    number: str
    name: str
    puts: str
    read: str
    written: str
    together: str
    times: str
    answers: str
    passages: str
    suites: tuple[str, ...]


@dataclass(frozen=True)
class Drawn:
    """One metric and its drawing."""

    metric: str
    better: str
    curve: Curve


@dataclass(frozen=True)
class Standing:
    """One arm in the table of the Pareto front."""

    number: str
    name: str
    values: tuple[Shown | None, ...]
    beaten_by: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """One answer to a flipped item, and which candidates gave it."""

    by: tuple[str, ...]
    mark: str
    label: str
    score: str
    output: Excerpt


@dataclass(frozen=True)
class Flipped:
    """One item that was lost or gained by somebody."""

    id: str
    tags: tuple[tuple[str, str], ...]
    prompt: Excerpt
    target: Excerpt | None
    marks: tuple[tuple[str, str], ...]
    baseline: Answer
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Changed:
    """One metric: how many answers each candidate lost and gained, and the first of the items."""

    metric: str
    counts: tuple[Flips | None, ...]
    flipped: int
    withheld: bool
    items: tuple[Flipped, ...]


def render_comparison(found: Comparison) -> bytes:
    """Renders a comparison as one HTML file: no script, nothing loaded from anywhere."""
    page = environment().get_template("comparison.html.j2")
    axes = [axis.name for axis in found.front.axes]
    return page.render(
        about=about(found),
        outcome=outcome(found),
        accent="pass" if found.choice.allowed else "fail",
        heading=_heading(found),
        baseline=found.baseline,
        baseline_subject=found.baseline_subject,
        heads=[_head(at, column, found) for at, column in enumerate(found.columns, start=1)],
        rows=[_row(found, rule, said) for rule, said in zip(found.rules, map(broke, found.breaks), strict=True)],
        drawn=_drawn(found),
        by_step=found.order == "step",
        prompted=found.prompted,
        scatters=_scatters(found),
        axes=axes,
        standings=[_standing(found, place) for place in found.front.places] if len(axes) > 1 else [],
        absent=found.front.absent,
        changed=[_changed(found, each) for each in found.flips],
        trust=[*trust(found.choice), *(said for said in (prompts(found), undecided(found)) if said)],
        waived=list(waivers(found)),
        costs=_costs(found),
        cost_suites=found.expenses.suites if found.expenses else (),
        cost_absent=found.expenses.absent if found.expenses else {},
        tunegate=__version__,
    ).encode()


def document(found: Comparison) -> dict[str, Any]:
    """A comparison as JSON values; answers are clipped and masked, since a log is read by more people than the samples."""
    shown = found.model_dump(mode="json")
    for each in shown["flips"]:
        for item in each["items"]:
            item["prompt"], item["target"] = excerpt(item["prompt"], PROMPT).text, excerpt(item["target"], TARGET).text
            for answer in item["answers"]:
                answer["output"] = excerpt(answer["output"], OUTPUT).text
    return shown


def _heading(found: Comparison) -> str:
    choice = found.choice
    return f"{len(choice.allowed)} of {choice.looked_at} allowed" if choice.allowed else "None allowed"


def _head(number: int, column: Column, found: Comparison) -> Head:
    verdict, spent = column.decision.verdict, found.expenses.of(column.name) if found.expenses else None
    return Head(
        number=number,
        name=column.name,
        step="" if column.step is None else f"step {column.step}",
        puts=puts(column.declared),
        verdict=TITLES[verdict] + with_waivers(column.decision),
        accent=accent(column.decision),
        subject=column.subject,
        tokens=f"{spent.read:.1f} + {spent.written:.1f}" if spent else "",
        problems=tuple(f"{problem.stage}: {problem.message}" for problem in column.decision.problems),
    )


def _row(found: Comparison, rule: Rule, said: str) -> Row:
    unit = unit_of(found, rule)
    return Row(rule, condition(rule, unit), tuple(_cell(column, rule, unit) for column in found.columns), said)


def _cell(column: Column, rule: Rule, unit: Unit) -> Cell:
    check = column.check(rule)
    if check is None:
        return Cell()
    relative = check.delta is not None
    return Cell(
        outcome=check.outcome,
        value=level(check.candidate, unit, None if relative else check.rule.bound),
        delta=change(check.delta, unit, check.rule.bound),
        interval=span(check.interval, unit, relative, check.rule.bound),
        reason=check.reason,
        waived=granted(check),
        excused=rule.text() in column.excused,
    )


def _costs(found: Comparison) -> list[Cost]:
    """The cost of every arm, the baseline's first."""
    spent = found.expenses
    if spent is None:
        return []
    before = spent.of(found.baseline) if found.baseline else None
    numbers = {column.name: str(at) for at, column in enumerate(found.columns, start=1)}
    own = {column.name: column.declared for column in found.columns}
    first = [before] if before else []
    others = [each for each in spent.arms if each.name in numbers]
    return [
        Cost(
            number=numbers.get(each.name, "baseline"),
            name=each.name,
            puts=puts(own.get(each.name, found.baseline_declared)),
            read=f"{each.read:.1f}",
            written=f"{each.written:.1f}",
            together=f"{each.together:.1f}",
            times=f"× {each.together / before.together:.2f}" if before and before.together else "",
            answers=count(each.answers),
            passages=f"{count(each.passages[0])} of {count(each.passages[1])}" if each.passages else "",
            suites=tuple(f"{read:.1f} + {written:.1f}" for _, read, written in each.suites.values()),
        )
        for each in [*first, *others]
    ]


def _drawn(found: Comparison) -> list[Drawn]:
    curves = [(each, curve(each, found.order == "step")) for each in found.trajectories]
    return [Drawn(each.metric, each.better, drawn) for each, drawn in curves if drawn and len(drawn.dots) > 1]


def _scatters(found: Comparison) -> Sequence[Scatter]:
    return scatters(found.front, found.columns)


def _standing(found: Comparison, place: Place) -> Standing:
    numbers = {column.name: str(at) for at, column in enumerate(found.columns, start=1)}
    return Standing(
        number=numbers.get(place.name, "baseline"),
        name=place.name,
        values=_values(found.front, place),
        beaten_by=place.beaten_by,
    )


def _values(front: Front, place: Place) -> tuple[Shown | None, ...]:
    return tuple(level(value, axis.unit) for axis, value in zip(front.axes, place.values, strict=True))


def _changed(found: Comparison, flips: MetricFlips) -> Changed:
    counts = {each.candidate: each for each in flips.counts}
    names = [column.name for column in found.columns]
    return Changed(
        metric=flips.metric,
        counts=tuple(counts.get(name) for name in names),
        flipped=flips.flipped,
        withheld=flips.withheld,
        items=tuple(_flipped(item, names) for item in flips.items),
    )


def _flipped(item: Item, names: Sequence[str]) -> Flipped:
    answers = [
        Answer(each.by, each.mark, each.label, f"{each.score:g}", excerpt(each.output, OUTPUT)) for each in item.answers
    ]
    return Flipped(
        id=item.id,
        tags=tuple(sorted(item.tags.items())),
        prompt=excerpt(item.prompt, PROMPT),
        target=excerpt(item.target, TARGET) if item.target else None,
        marks=tuple((mark, f"{name}: {mark}") for name, mark in zip(names, item.marks, strict=True)),
        baseline=answers[0],
        answers=tuple(answers[1:]),
    )
