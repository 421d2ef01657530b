"""The two tables that pass between a dataset and its scanners."""

from __future__ import annotations

import pyarrow

# One text of one row: a chat row has one for every message.
TEXTS = pyarrow.schema(
    [
        ("file", pyarrow.string()),
        ("row", pyarrow.int64()),
        ("line", pyarrow.int64()),
        ("id", pyarrow.string()),
        ("field", pyarrow.string()),
        ("role", pyarrow.string()),
        ("text", pyarrow.large_string()),
    ]
)

# One finding; offsets are characters in that field's text, ``message`` is masked, ``hash`` is salted.
FINDINGS = pyarrow.schema(
    [
        ("file", pyarrow.string()),
        ("row", pyarrow.int64()),
        ("line", pyarrow.int64()),
        ("id", pyarrow.string()),
        ("field", pyarrow.string()),
        ("suite", pyarrow.string()),
        ("entity", pyarrow.string()),
        ("start", pyarrow.int64()),
        ("end", pyarrow.int64()),
        ("score", pyarrow.float64()),
        ("message", pyarrow.string()),
        ("hash", pyarrow.string()),
    ]
)
