"""Where everything came from: what was run, from which bytes, into which, and how to check it without us."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.audit import Audit
from harness.channels.wording.numbers import seconds

ORDER = 70
TITLE = "Provenance"


def build(audit: Audit) -> Mapping[str, Any]:
    """Shows the entries in order, the run file, and the files with a list that ``sha256sum`` reads."""
    record = audit.record
    return {
        "entries": [(entry, _settings(entry.settings)) for entry in record.entries],
        "total": seconds(sum(entry.seconds for entry in record.entries)),
        "hosts": sorted({f"{entry.user}@{entry.host}" for entry in record.entries}),
        "run_file": record.run_file,
        "run_file_text": record.run_file_text,
        "files": sorted(record.files.items()),
        "sums": "\n".join(f"{digest.removeprefix('sha256:')}  {name}" for name, digest in sorted(record.files.items())),
        "tunegate": record.tunegate,
    }


def _settings(settings: Mapping[str, Any]) -> str:
    return json.dumps(settings, indent=2, sort_keys=True, ensure_ascii=False, default=str)
