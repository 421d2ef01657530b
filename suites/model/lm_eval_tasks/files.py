"""What a task file of lm-eval reads, without lm-eval: its includes and its data, which have to be local."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.errors import DataError

BUILDERS = ("json", "csv", "parquet", "text", "arrow")


def read_task(path: Path) -> dict[str, Any]:
    """Reads one task file: its includes merged, its data files as absolute paths.

    Raises:
        DataError: The file runs code, needs the network, or is not one task.
    """
    config, _ = _merged(path, ())
    if not isinstance(config.get("task"), str) or config.get("group"):
        raise DataError(
            f"'{path}' is not one task",
            "a key 'task' with a name, and no 'group'",
            "list the tasks of a group one by one",
        )
    if config.get("dataset_path") not in BUILDERS:
        raise DataError(
            f"'{path}' reads the dataset '{config.get('dataset_path')}'",
            "local data: 'dataset_path' one of " + ", ".join(BUILDERS),
            "download the data, name it under 'dataset_kwargs: {data_files: ...}'",
        )
    kwargs = dict(config.get("dataset_kwargs") or {})
    if not kwargs.get("data_files"):
        raise DataError(
            f"'{path}' names no data",
            "'dataset_kwargs: {data_files: ...}'",
            "name local files, relative to the task file",
        )
    config["dataset_kwargs"] = {**kwargs, "data_files": _absolute(path, kwargs["data_files"])}
    return config


def files_read(path: Path) -> list[Path]:
    """Lists the files beside the task file that decide what is asked."""
    _, included = _merged(path, ())
    return [*included, *_leaves(read_task(path)["dataset_kwargs"]["data_files"])]


def _merged(path: Path, above: tuple[Path, ...]) -> tuple[dict[str, Any], list[Path]]:
    path = path.resolve()
    if path in above:
        raise DataError(f"'{path}' includes itself", "includes without a circle")
    config = _parsed(path)
    included = config.pop("include", None) or []
    merged: dict[str, Any] = {}
    files: list[Path] = []
    for name in included if isinstance(included, list) else [included]:
        inner, further = _merged(path.parent / name, (*above, path))
        merged |= inner
        files += [(path.parent / name).resolve(), *further]
    return {**merged, **config}, files


def _parsed(path: Path) -> dict[str, Any]:
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
        tags = [token.value[1] for token in yaml.scan(text) if isinstance(token, yaml.TagToken)]
        if tags:
            raise DataError(
                f"'{path}' runs code of its own ('!{tags[0]}')",
                "a task file without '!function'",
                "write the prompt and the target as templates, or ask the items through 'items'",
            )
        config = yaml.safe_load(text)
    except (OSError, yaml.YAMLError) as error:
        raise DataError(f"'{path}' cannot be read: {error}", "a task file of lm-eval") from error
    if not isinstance(config, dict):
        raise DataError(f"'{path}' is not a task file", "keys and values")
    return config


def _absolute(path: Path, found: Any) -> Any:
    if isinstance(found, Mapping):
        return {name: _absolute(path, each) for name, each in found.items()}
    if isinstance(found, list):
        return [_absolute(path, each) for each in found]
    place = path.resolve().parent / str(found)
    if "://" in str(found) or not place.is_file():
        raise DataError(f"'{path}' reads '{found}', which is no file", f"a local file (looked for '{place}')")
    return str(place)


def _leaves(found: Any) -> Iterator[Path]:
    if isinstance(found, Mapping):
        found = list(found.values())
    if isinstance(found, list):
        for each in found:
            yield from _leaves(each)
    else:
        yield Path(found)
