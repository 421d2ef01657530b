"""Measurements on disk: ``measurement.json`` beside ``samples.parquet``, readable without a model or torch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from harness.errors import IntegrityError
from harness.types import Measurement, Sample


def write_measurement(folder: Path, measurement: Measurement) -> None:
    """Writes a measurement and its samples into a folder."""
    head = measurement.model_copy(update={"samples": ()})
    (folder / "measurement.json").write_bytes(head.model_dump_json(indent=1).encode())
    if measurement.samples:
        write_samples(folder / "samples.parquet", measurement.samples)


def read_measurement(folder: Path) -> Measurement:
    """Reads a measurement with its samples.

    Raises:
        IntegrityError: A file is absent, cannot be parsed, or is not what this version writes.
    """
    try:
        head = Measurement.model_validate_json((folder / "measurement.json").read_bytes())
        if not head.expected:
            return head
        return head.model_copy(update={"samples": read_samples(folder / "samples.parquet")})
    except (OSError, ValueError, ValidationError) as error:
        raise IntegrityError(
            f"'{folder}' is not a measurement: {error}", "measurement.json and samples.parquet"
        ) from error


def write_samples(path: Path, samples: Sequence[Sample]) -> None:
    """Writes samples as one Parquet file; nested values are JSON text, so that any reader opens it."""
    import pyarrow
    import pyarrow.parquet

    rows = [each.model_dump() for each in samples]
    for row in rows:
        row["scores"] = json.dumps(row["scores"], sort_keys=True)
        row["tags"] = json.dumps(row["tags"], sort_keys=True)
    schema = pyarrow.schema([(name, pyarrow.string()) for name in Sample.model_fields])
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema), path, compression="zstd")


def read_samples(path: Path) -> tuple[Sample, ...]:
    """Reads the samples of a Parquet file."""
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path) as file:
        table = file.read()
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    for name in ("scores", "tags"):
        # The same few scores and tags stand in thousands of rows: each text is parsed once.
        known = {text: json.loads(text) for text in set(columns[name])}
        columns[name] = [known[text] for text in columns[name]]
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return TypeAdapter(tuple[Sample, ...]).validate_python(rows)
