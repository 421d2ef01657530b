"""The findings of a file, read whenever they are asked for: there may be more of them than memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class FindingsFile:
    """A file of findings, one JSON object a line; each time it is iterated, it is read from its first line."""

    path: Path

    def __iter__(self) -> Iterator[dict[str, Any]]:
        with self.path.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)
