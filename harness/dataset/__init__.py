"""Rows of training data: read as they are, recognised by their columns, streamed as Arrow batches of texts.

::

    columns.py   the two Arrow schemas                 reading.py  files to rows, with the line of every row
    formats.py   rows to messages or text              fields.py   rows to batches of texts, for scanners
    hub.py       a reference in a run file to a file   facts.py    how many rows, of which format and columns
"""

from harness.dataset.columns import FINDINGS, TEXTS
from harness.dataset.facts import DatasetFacts, describe
from harness.dataset.fields import texts
from harness.dataset.formats import Kind, as_messages, as_text, kind_of
from harness.dataset.hub import resolve
from harness.dataset.reading import SUFFIXES, Row, rows

__all__ = [
    "FINDINGS",
    "SUFFIXES",
    "TEXTS",
    "DatasetFacts",
    "Kind",
    "Row",
    "as_messages",
    "as_text",
    "describe",
    "kind_of",
    "resolve",
    "rows",
    "texts",
]
