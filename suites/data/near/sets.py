"""Sorted sets of 64-bit hashes in a temporary file, so that memory holds eight bytes a set."""

from __future__ import annotations

import os
import tempfile
import weakref
from array import array
from collections.abc import Sequence
from typing import Any

import numpy
from numpy.typing import NDArray


class Sets:
    """Sets by their number, appended and read; the file goes with the object."""

    def __init__(self) -> None:
        """Holds nothing; the file is made with the first set."""
        self.sizes = array("I")
        self._ends = array("Q", [0])
        self._file: int | None = None

    def __len__(self) -> int:
        """How many sets there are."""
        return len(self.sizes)

    def extend(self, sets: Sequence[NDArray[numpy.uint64]]) -> None:
        """Appends some sets."""
        for each in sets:
            self.sizes.append(len(each))
            self._ends.append(self._ends[-1] + 8 * len(each))
        self._write(b"".join(each.tobytes() for each in sets))

    def __getitem__(self, number: int) -> NDArray[numpy.uint64]:
        """Reads one set."""
        start, end = self._ends[number], self._ends[number + 1]
        return numpy.frombuffer(self._read(start, end), numpy.uint64)

    def _write(self, content: bytes) -> None:
        if self._file is None:
            temporary = tempfile.TemporaryFile(prefix="tunegate-sets-")  # noqa: SIM115
            self._file = temporary.fileno()
            weakref.finalize(self, temporary.close)
        view = memoryview(content)
        while view:
            view = view[os.pwrite(self._file, view, self._ends[-1] - len(view)) :]

    def _read(self, start: int, end: int) -> bytes:
        parts = []
        while start < end and self._file is not None:
            parts.append(os.pread(self._file, end - start, start))
            start += len(parts[-1])
        return b"".join(parts)

    def __getstate__(self) -> dict[str, Any]:
        """Takes the sets along to another process."""
        return {"sizes": self.sizes, "ends": self._ends, "content": self._read(0, self._ends[-1])}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Writes them to a file there."""
        self.sizes, self._ends, self._file = state["sizes"], state["ends"], None
        self._write(state["content"])
