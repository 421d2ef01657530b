"""Which engine finds names: the setting, the finder that it names, and what is known of the embedded one."""

from __future__ import annotations

import functools
import importlib.util
import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

from harness.settings import Reads
from suites.data.names import Finder
from suites.data.names.engines import on_disk
from suites.data.names.tagger import Tagger

OFF, EMBEDDED = "off", "embedded"


def _on_disk(value: str | Path, info: ValidationInfo) -> str | Path:
    if value in (OFF, EMBEDDED):
        return value
    folder = (info.context or {}).get("folder")
    path = Path(value) if folder is None else Path(folder) / value
    if path.exists():
        return path
    found = importlib.util.find_spec(str(value)) if str(value).isidentifier() else None
    if found is None or not found.submodule_search_locations:
        raise ValueError(
            f"'{value}' is neither '{OFF}', '{EMBEDDED}', a folder with a model nor an installed spaCy package; "
            "nothing is downloaded"
        )
    return Path(next(iter(found.submodule_search_locations)))


# YAML reads a bare ``off`` as false.
Engine = Annotated[
    str | Path, BeforeValidator(lambda value: OFF if value is False else value), AfterValidator(_on_disk), Reads()
]


def measured() -> dict[str, Any]:
    """Returns how much of each kind of name the embedded tagger found in public labelled data, by data set."""
    path = Path(__file__).parent / "measured.json"
    return json.loads(path.read_text(encoding="utf-8"))


def finder(engine: str | Path, language: str) -> Finder | None:
    """Returns the finder that a setting names; None where no names are to be found.

    Args:
        engine: ``off``, ``embedded`` or the folder of a model.
        language: Of the texts. The embedded tagger reads English: for another language it is off.

    Raises:
        UsageError: The folder holds no model that can be used.
    """
    if engine == OFF or (engine == EMBEDDED and language != "en"):
        return None
    return _loaded(engine, language)


@functools.cache
def _loaded(engine: str | Path, language: str) -> Finder:
    return Tagger() if engine == EMBEDDED else on_disk(Path(engine), language)
