"""Files to rows: JSON Lines, JSON, CSV, TSV, Parquet and plain text, one row at a time.

Every row knows its file and line, so that whatever is wrong with it can be pointed at. A file that cannot be read to
its end raises; there is no way to skip a bad row, because a row that nobody read is a row that nobody scanned.
"""

from __future__ import annotations

import csv
import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import DataError

# Ids are shown in findings, so only those are taken over that can hardly be personal data or a secret themselves.
_SHOWN_ID = re.compile(r"[A-Za-z_:./-]{0,64}\d{0,8}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PARQUET_ROWS = 512


@dataclass(frozen=True)
class Row:
    """One row of a dataset.

    Attributes:
        file: Name of the file, without its folder.
        number: 0-based, within the file.
        line: 1-based line where the row begins; in Parquet the number plus one.
        id: The row's own ``id`` where it is a plain name or number, else ``<file>:<number>``.
        value: The row itself.
    """

    file: str
    number: int
    line: int
    id: str
    value: Mapping[str, Any]

    @property
    def place(self) -> str:
        """Where the row stands, as messages say it."""
        return f"'{self.file}' line {self.line}"


def rows(path: Path) -> Iterator[Row]:
    """Reads the rows of a file in order, holding one (of Parquet: a few hundred) at a time.

    Raises:
        DataError: The file is absent, empty, of a kind that is not read, or has a line that is not a row.
    """
    reader = SUFFIXES.get(path.suffix.lower())
    if reader is None:
        raise DataError(
            f"'{path.name}' has the suffix '{path.suffix}'", "one of " + ", ".join(SUFFIXES), "convert the file"
        )
    if not path.is_file():
        raise DataError(f"'{path}' does not exist", "a file of training rows", "check 'data' in the run file")
    number = -1
    for number, (line, value) in enumerate(reader(path)):
        yield Row(path.name, number, line, _id(value, f"{path.name}:{number}"), value)
    if number < 0:
        raise DataError(f"'{path.name}' has no rows", "at least one")


def _id(value: Mapping[str, Any], otherwise: str) -> str:
    own = value.get("id")
    shown = str(own) if isinstance(own, str | int) and not isinstance(own, bool) else ""
    return shown if shown and _SHOWN_ID.fullmatch(shown) else otherwise


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            try:
                yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise DataError(
                    f"'{path.name}' line {number} is not UTF-8 (byte {error.start} of the line)",
                    "UTF-8 text",
                    "convert the file, for example with iconv",
                ) from None


def _json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, text in _lines(path):
        if not text.strip():
            raise DataError(f"'{path.name}' line {number} is empty", "one JSON object a line", "remove the line")
        yield number, _object(path, number, functools.partial(_DECODER.decode, text), text)


def _object(path: Path, line: int, parse: Callable[[], Any], source: str) -> dict[str, Any]:
    try:
        value = parse()
        if "\\u" in source:
            _check_surrogates(value)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"'{path.name}' line {line} is not JSON: {_reason(error)}",
            "one JSON object a line",
            "mend or remove the line; a file that was cut off has to be written again",
        ) from None
    if not isinstance(value, dict):
        raise DataError(
            f"'{path.name}' line {line} is a JSON {type(value).__name__}", "a JSON object with named columns"
        )
    return value


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.colno}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    # Of two equal keys one reader takes the first and another the last: what was scanned might not be what is trained.
    if len(value) != len(pairs):
        raise ValueError("an object has the same key twice")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"it holds {name}")


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant)


def _check_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("it holds half of a surrogate pair, which is no character") from None


def _json(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Reads one array of objects; a ``.json`` file that is JSON Lines is read as that. The text is held in memory."""
    text = "".join(line for _, line in _lines(path))
    position = _space(text, 0)
    if not text.startswith("[", position):
        yield from _json_lines(path)
        return
    line, counted = 1, 0
    position = _space(text, position + 1)
    while not text.startswith("]", position):
        line, counted = line + text.count("\n", counted, position), position
        value, position = _element(path, line, text, position)
        yield line, value
    if _space(text, position + 1) != len(text):
        raise DataError(f"'{path.name}' goes on after its array", "one JSON array of objects")


def _element(path: Path, line: int, text: str, position: int) -> tuple[dict[str, Any], int]:
    end = position

    def parse() -> Any:
        nonlocal end
        found, end = _DECODER.raw_decode(text, position)
        return found

    value = _object(path, line, parse, "\\u")
    end = _space(text, end)
    if text.startswith(",", end) and not text.startswith("]", _space(text, end + 1)):
        return value, _space(text, end + 1)
    if not text.startswith("]", end):
        raise DataError(
            f"'{path.name}' is cut off or malformed after the row of line {line}", "one JSON array of objects"
        )
    return value, end


def _space(text: str, position: int) -> int:
    found = re.compile(r"[ \t\r\n]*").match(text, position)
    return found.end() if found else position


def _separated(delimiter: str) -> Callable[[Path], Iterator[tuple[int, dict[str, Any]]]]:
    def read(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
        # The limit is the process's own and 128 KiB by default, which one long document exceeds.
        csv.field_size_limit(2**31 - 1)
        reader = csv.reader((text for _, text in _lines(path)), delimiter=delimiter, strict=True)
        header = _record(path, reader, 1)
        if header is None:
            return
        if len(set(header)) != len(header):
            raise DataError(f"'{path.name}' line 1 names a column twice", "every column once", "rename or drop one")
        line = reader.line_num + 1
        while (cells := _record(path, reader, line)) is not None:
            if len(cells) != len(header):
                raise DataError(
                    f"'{path.name}' line {line} has {len(cells)} cells",
                    f"{len(header)}, as the header",
                    "put quotes around cells with separators or line breaks, and remove empty lines",
                )
            yield line, dict(zip(header, cells, strict=True))
            line = reader.line_num + 1

    return read


def _record(path: Path, reader: Iterator[list[str]], line: int) -> list[str] | None:
    try:
        return next(reader, None)
    except csv.Error as error:
        raise DataError(
            f"'{path.name}' line {line} cannot be read: {error}", "separated values with a header"
        ) from None


def _parquet(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    import pyarrow
    import pyarrow.parquet

    number = 0
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(_PARQUET_ROWS):
                for value in batch.to_pylist():
                    number += 1
                    yield number, value
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = "text that is not UTF-8" if isinstance(error, UnicodeDecodeError) else type(error).__name__
        raise DataError(
            f"'{path.name}' cannot be read after row {number}: {reason}", "a whole Parquet file", "write it again"
        ) from error


def _plain(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Reads each line that is not blank as one row."""
    for number, text in _lines(path):
        if text.strip():
            yield number, {"text": text.rstrip("\r\n")}


SUFFIXES: Mapping[str, Callable[[Path], Iterator[tuple[int, dict[str, Any]]]]] = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json,
    ".csv": _separated(","),
    ".tsv": _separated("\t"),
    ".parquet": _parquet,
    ".txt": _plain,
}
