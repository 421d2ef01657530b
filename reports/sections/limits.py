"""What was not measured, and what the numbers cannot say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.audit import Audit
from harness.channels.wording.numbers import plural
from harness.channels.wording.verdicts import lines
from harness.types import Measurement
from reports.details import not_done

ORDER = 80
TITLE = "What this report cannot say"


@dataclass(frozen=True)
class Limit:
    """One thing that was not done, and its particulars."""

    head: str
    text: str
    points: tuple[str, ...] = ()


def build(audit: Audit) -> Mapping[str, Any]:
    """Lists what is missing first, then what never is in a report like this one."""
    return {"limits": [*_gaps(audit), *_doubts(audit), *_always(audit)]}


def _gaps(audit: Audit) -> Iterator[Limit]:
    if audit.record.unreached:
        rules = tuple(rule.text() for rule in audit.record.unreached)
        yield Limit("Rules not reached", "An earlier gate ended the run; nothing is known about these.", rules)
    for part, arms in (("scan", audit.scan), ("evaluate", audit.candidate)):
        missing = tuple(sorted(_planned(audit, part) - {measurement.suite for measurement in arms}))
        if missing:
            yield Limit(
                f"Suites not run ({part})", "The run file asks for them; the run holds no measurement.", missing
            )
    unmeasured = tuple(check.metric for check in audit.decision.checks if check.outcome == "missing")
    if unmeasured:
        yield Limit("Rules without a usable measurement", "They count as not allowed.", unmeasured)
    if audit.training is None:
        yield Limit("Training not recorded", _untrained(audit))
    if audit.candidate and audit.selftest is None:
        yield Limit(
            "The gate was not tested on these items",
            "Its error rates here are those of its methods, not measured ones; 'tunegate selftest' measures them.",
        )


def _planned(audit: Audit, part: str) -> set[str]:
    planned = audit.record.settings.get(part)
    return set(planned) if isinstance(planned, Mapping) else set()


def _untrained(audit: Audit) -> str:
    if audit.decision.candidate is None:
        return "No candidate was trained in this run."
    return "The candidate was not trained here; how it was made, and from what data, is outside this record."


def _doubts(audit: Audit) -> Iterator[Limit]:
    for measurement in (*audit.scan, *audit.candidate):
        unlooked = not_done(measurement.details)
        if unlooked:
            yield Limit(f"{measurement.suite}: not looked for", "Said by the suite itself.", unlooked)
    judges = tuple(dict.fromkeys(filter(None, map(_heuristic, audit.candidate))))
    if judges:
        yield Limit("Heuristic judges", "These labels come from patterns of words, not from a reader.", judges)
    exact = tuple(dict.fromkeys(_without_interval(audit)))
    if exact:
        yield Limit("Metrics without an interval", "Nothing says how far these could be off.", exact)
    unequal = _unsettled(audit)
    if unequal:
        yield Limit("Too few items for the margin", "A change of this size could have gone unseen.", unequal)


def _heuristic(measurement: Measurement) -> str:
    """Names the suite's judge where the suite says that it is a heuristic."""
    said = {**measurement.conditions, **{name: str(value) for name, value in measurement.details.items()}}
    found = [value for name, value in sorted(said.items()) if "heuristic" in f"{name} {value}".lower()]
    return f"{measurement.suite}: {found[0][:200]}" if found else ""


def _without_interval(audit: Audit) -> Iterator[str]:
    for measurement in audit.candidate:
        yield from (metric.name for metric in measurement.metrics if metric.interval is None)


def _unsettled(audit: Audit) -> tuple[str, ...]:
    return tuple(
        f"{line.check.metric}: {plural(line.check.n, 'item')} would show a change of {line.detectable.text}; "
        f"the rule asks for {line.condition}"
        for line in lines(audit)
        if line.detectable
        and line.check.delta is not None
        and float(line.detectable.exact) > abs(line.check.rule.bound)
    )


def _always(audit: Audit) -> Iterator[Limit]:
    if audit.candidate:
        yield Limit(
            "Items are a sample",
            "Rates hold for questions like those asked. An interval covers the chance of the draw, not a change of "
            "users, languages or attacks.",
        )
    if audit.scan:
        yield Limit("A scan finds what it looks for", "Data without findings is not data without personal data.")
    yield Limit(
        "Masking",
        "Answers are shown with e-mail addresses, IBANs, IP addresses and long numbers masked by their form. Names and "
        "postal addresses have no form; read this file as you would read the samples.",
    )
    yield Limit("Evidence, not conformity", "A verdict says that a policy was met, not that a law or standard is.")
