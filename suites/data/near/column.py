"""Numbers in a temporary file: appended at its end and read by their place, in memory only while they are looked at."""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from collections.abc import Sequence
from typing import Any

import numpy
from numpy.typing import NDArray


class Column:
    """Numbers of one kind, in the order in which they came; the file goes with the object."""

    def __init__(self, kind: str) -> None:
        """Holds nothing; the file is made with the first number."""
        self._kind, self._length = numpy.dtype(kind), 0
        self._file: int | None = None

    def __len__(self) -> int:
        """How many numbers there are."""
        return self._length

    def append(self, values: NDArray[Any] | Sequence[int]) -> None:
        """Adds numbers, shape (n,)."""
        if not len(values):
            return
        if self._file is None:
            temporary = tempfile.TemporaryFile(prefix="tunegate-", buffering=0)  # noqa: SIM115
            self._file = temporary.fileno()
            weakref.finalize(self, temporary.close)
        left, at = numpy.ascontiguousarray(values, self._kind).view(numpy.uint8).data, self._kind.itemsize * self._length
        while left:
            written = os.pwrite(self._file, left, at)
            left, at = left[written:], at + written
        self._length += len(values)

    def view(self) -> NDArray[Any]:
        """All numbers, where they lie: let go of it soon, since the pages that were looked at count until then."""
        if self._file is None:
            return numpy.zeros(0, self._kind)
        size = self._kind.itemsize * self._length
        return numpy.frombuffer(mmap.mmap(self._file, size, access=mmap.ACCESS_READ), self._kind)

    def read(self, start: int, end: int) -> NDArray[Any]:
        """Copies the numbers from one place to before another, as far as there are any."""
        at, last = (self._kind.itemsize * min(place, self._length) for place in (start, end))
        parts = []
        while at < last and self._file is not None:
            parts.append(os.pread(self._file, last - at, at))
            at += len(parts[-1])
        return numpy.frombuffer(b"".join(parts), self._kind)

    def __getstate__(self) -> dict[str, Any]:
        """Takes the numbers along to another process."""
        return {"kind": self._kind.str, "values": self.read(0, self._length)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Writes them to a file there."""
        self.__init__(state["kind"])  # type: ignore[misc]
        self.append(state["values"])
