"""YAML with line numbers: the value of a file, and on which line each part of it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from harness.errors import RunFileError

Place = tuple[str | int, ...]


def read_yaml(path: Path) -> tuple[Any, dict[Place, int], str]:
    """Reads a YAML file.

    Returns:
        The value, the 1-based line of every part by its place (a tuple of keys and indices), and the text.

    Raises:
        RunFileError: The file cannot be read, is not YAML, or has a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except FileNotFoundError as error:
        raise RunFileError(str(path), ["the file does not exist"]) from error
    except (OSError, UnicodeDecodeError) as error:
        raise RunFileError(str(path), [f"cannot be read: {error}"]) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise RunFileError(str(path), [f"{where}not YAML: {getattr(error, 'problem', error)}"]) from error
    lines: dict[Place, int] = {}
    repeated: list[str] = []
    _walk(node, (), lines, repeated)
    if repeated:
        raise RunFileError(str(path), repeated)
    return yaml.safe_load(text), lines, text


def line_of(lines: dict[Place, int], place: Place) -> int:
    """Returns the line of a place, or of the nearest part around it."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


def _walk(node: yaml.Node | None, place: Place, lines: dict[Place, int], repeated: list[str]) -> None:
    if node is None:
        return
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*place, key.value)
            if here in lines:
                repeated.append(f"line {key.start_mark.line + 1}: '{key.value}' stands twice; expected it once")
            lines[here] = key.start_mark.line + 1
            _walk(value, here, lines, repeated)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _walk(value, (*place, index), lines, repeated)
