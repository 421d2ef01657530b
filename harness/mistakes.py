"""What is wrong with a file of settings: every mistake at once, each with its line and the nearest known key."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from harness import plugins
from harness.lines import Place, line_of


class Mistakes:
    """Checks the parts of one file against their settings models and collects what does not fit."""

    def __init__(self, folder: Path, lines: dict[Place, int]) -> None:
        """Starts without mistakes.

        Args:
            folder: What paths in the file are relative to.
            lines: The line of every part, as :func:`harness.lines.read_yaml` gives them.
        """
        self.folder, self.lines = folder, lines
        self.mistakes: list[tuple[int, str]] = []

    def say(self, place: Place, message: str) -> None:
        """Notes a mistake at a place."""
        line = line_of(self.lines, place)
        name = ".".join(str(part) for part in place)
        self.mistakes.append((line, f"line {line}: {name + ': ' if name else ''}{message}"))

    def model(self, kind: type[BaseModel], value: Any, place: Place, known: tuple[str, ...] = ()) -> Any:
        """Checks one part against its settings model; None, with its mistakes noted, where it does not fit.

        Args:
            kind: The settings model.
            value: The part as it was read.
            place: Where it stands.
            known: Keys to suggest from at its top, where they are not the model's own.
        """
        if not isinstance(value, dict):
            self.say(place, f"found {value!r}; expected keys and values")
            return None
        try:
            return kind.model_validate(value, context={"folder": self.folder})
        except ValidationError as error:
            for fault in error.errors():
                self.fault(kind, fault, place, known)
            return None

    def fault(self, kind: type[BaseModel], fault: Any, place: Place, known: tuple[str, ...]) -> None:
        """Notes one thing that pydantic found, in the words of all our mistakes."""
        inner = tuple(fault["loc"])
        here = self.written(place, inner)
        if fault["type"] == "extra_forbidden":
            fields = _fields_at(kind, inner[:-1]) if len(inner) > 1 or not known else known
            self.say(here, f"unknown key '{inner[-1]}'; expected {plugins.suggestion(str(inner[-1]), fields)}")
        elif fault["type"] == "missing":
            self.say(here[:-1], f"'{inner[-1]}' is missing; expected it here")
        else:
            found = f"found {fault['input']!r}; " if fault["type"] != "value_error" else ""
            self.say(here, found + fault["msg"].removeprefix("Value error, "))

    def written(self, place: Place, inner: Place) -> Place:
        """The place as the file has it: without the tags that pydantic puts in for unions."""
        for index, part in enumerate(inner):
            if (*place, part) in self.lines or index == len(inner) - 1:
                place = (*place, part)
        return place


def _fields_at(kind: type[BaseModel], inner: Place) -> tuple[str, ...]:
    """The field names of the model, or models of a union, at a place inside another."""
    models = [kind]
    for part in inner:
        fields = [model.model_fields[str(part)] for model in models if str(part) in model.model_fields]
        # A union's tag stands in pydantic's places but in no model: stay where we are.
        models = [model for field in fields for model in _models(field.annotation)] or models
    return tuple(dict.fromkeys(name for model in models for name in model.model_fields))


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]
