"""The verdict, large, with the sentence that explains it and what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.audit import Audit
from harness.channels.wording.verdicts import GATES, accent, because, decided_at, reason, tally, title, waived

ORDER = 10
TITLE = "Verdict"


def build(audit: Audit) -> Mapping[str, Any]:
    """Says the verdict, of what, at which gate and when."""
    decision, record = audit.decision, audit.record
    digests = {"Candidate": decision.candidate, "Baseline": decision.baseline, "Policy": decision.policy}
    return {
        "heading": title(audit),
        "accent": accent(decision),
        "reason": reason(audit),
        "because": because(audit),
        "waived": waived(audit),
        "waiver_files": _files(audit),
        "notes": decision.notes,
        "project": record.project,
        "gate": GATES[decision.stage],
        "exit_code": int(decision.exit_code),
        "decided_at": _readable(decided_at(audit)),
        "digests": {**digests, **_policies(audit), "Run file": record.run_file},
        "tally": tally(decision.checks),
        "unreached": len(record.unreached),
        "promotion": audit.promotion,
        "nothing_trained": _nothing_trained(audit),
    }


def _policies(audit: Audit) -> dict[str, str]:
    """The shared files that rules are from; their text lies in the run's folder."""
    return {f"Policy file {each.name}": each.digest for each in audit.decision.policies}


def _readable(moment: str) -> str:
    return moment.replace("T", " ").replace("+00:00", " UTC")


def _files(audit: Audit) -> tuple[tuple[str, str, str], ...]:
    """The file, its digest and the signing key of every waiver that excuses something."""
    names = {digest: name for name, digest in sorted(audit.record.files.items())}
    used = [check.waiver for check in audit.decision.checks if check.waived and check.waiver]
    found = [(names.get(each.digest, "no file of this run"), each.digest, each.key) for each in used]
    return tuple(dict.fromkeys(found))


def _nothing_trained(audit: Audit) -> str:
    """What the verdict did not have to look at, because the data was refused before."""
    if audit.decision.candidate is not None:
        return ""
    if audit.decision.allowed:
        return "The verdict is about the training data alone; no model was decided."
    return "No model was decided, and nothing was promoted."
