"""The regressions that were found, in words that keep them apart from the verdict."""

from __future__ import annotations

from harness.audit import Audit
from harness.channels.wording.numbers import count, listed, plural
from harness.regressions import LEVEL, Regressions, regressions

NAMED = 8


def regressions_of(audit: Audit) -> Regressions | None:
    """What got worse; None where the evidence contradicts itself or nothing could be compared."""
    if audit.decision.verdict == "integrity":
        return None
    found = regressions(audit.decision.checks, audit.candidate, audit.baseline)
    return found if found.compared else None


def outcome(found: Regressions) -> str:
    """Says in one sentence what got worse, and among how many."""
    total, names = plural(len(found.compared), "metric"), [each.name for each in found.found]
    if not names:
        return f"None of {total} compared with the baseline is shown to have got worse (Holm-adjusted {100 * LEVEL:g} %)."
    shown = names if len(names) <= NAMED else [*names[:NAMED], f"{count(len(names) - NAMED)} more"]
    said = f"{count(len(names))} of {total} compared with the baseline got worse"
    return f"{said} (Holm-adjusted {100 * LEVEL:g} %): {listed(shown)}."


def why(found: Regressions) -> str:
    """Says why this list is corrected for its length, and the verdict is not."""
    return (
        "This list is not the verdict. The verdict needs no correction: a candidate that violates a rule has to get past "
        f"that very rule, whatever the others say. A list of findings does: of {plural(len(found.compared), 'metric')} that "
        f"did not change, each would stand here by chance {100 * LEVEL:g} % of the time. After Holm's correction the chance "
        f"that any does is at most {100 * LEVEL:g} %."
    )
