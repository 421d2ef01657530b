"""The arms file: which arms are compared, each a model with what is put into its prompts.

Every mistake of a file is reported at once with its line, unknown keys with the nearest known one. Paths are relative to the
file. See docs/arms.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from harness import plugins
from harness.arms.documents import files_of
from harness.arms.examples import read_examples
from harness.errors import DataError, RunFileError, UsageError
from harness.lines import read_yaml
from harness.mistakes import Mistakes
from harness.model.identity import is_adapter
from harness.model.load import DEMO, HUB_ID
from harness.settings import InputFile, Settings

TEMPLATE = "Answer with the help of these passages:\n\n{passages}\n\n{question}"
MARKERS = ("{passages}", "{question}")


def _documents(path: Path) -> Path:
    try:
        files_of(path)
    except DataError as error:
        raise ValueError(str(error)) from error
    return path


class SystemPlan(Settings):
    """A system prompt, as text or as a file of text."""

    text: str | None = None
    file: InputFile | None = None

    @model_validator(mode="after")
    def _one(self) -> SystemPlan:
        if (self.text is None) == (self.file is None):
            raise ValueError("expected exactly one of 'text' and 'file'")
        if not self.read():
            raise ValueError(f"'{self.file or self.text}' is empty; expected the text of a system prompt")
        return self

    def read(self) -> str:
        """Returns the text."""
        try:
            return (self.file.read_text(encoding="utf-8") if self.file else self.text or "").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"'{self.file}' cannot be read: {error}; expected text in UTF-8") from error


class ExamplesPlan(Settings):
    """Few-shot examples, the same ones for every question."""

    file: InputFile
    shots: int | None = Field(default=None, ge=1, description="how many; all of the file's by default")
    seed: int | None = Field(default=None, description="draws them; without a seed they are the file's first")

    @model_validator(mode="after")
    def _enough(self) -> ExamplesPlan:
        try:
            there = len(read_examples(self.file))
        except DataError as error:
            raise ValueError(str(error)) from error
        if self.shots is not None and self.shots > there:
            raise ValueError(f"'shots' is {self.shots} and '{self.file}' has {there} examples; expected no more")
        return self


class RetrievalPlan(Settings):
    """Which documents are searched, and how what is found is put into the question."""

    documents: tuple[Annotated[InputFile, AfterValidator(_documents)], ...]
    top: int = Field(default=3, ge=1, description="passages put into a question at most")
    words: int = Field(default=120, ge=1, description="words of a passage at most")
    template: str = TEMPLATE
    separator: str = "\n\n"

    @field_validator("documents", mode="before")
    @classmethod
    def _one_name(cls, told: Any) -> Any:
        if told == []:
            raise ValueError("no documents are named; expected at least one file or folder")
        return [told] if isinstance(told, str | Path) else told

    @field_validator("template")
    @classmethod
    def _both_markers(cls, told: str) -> str:
        for marker in MARKERS:
            if told.count(marker) != 1:
                raise ValueError(f"'{marker}' stands in the template {told.count(marker)} times; expected it once")
        return told


class PromptPlan(Settings):
    """What an arm puts into the prompts of its model."""

    system: SystemPlan | None = None
    examples: ExamplesPlan | None = None
    retrieval: RetrievalPlan | None = None

    @field_validator("system", mode="before")
    @classmethod
    def _as_text(cls, told: Any) -> Any:
        return {"text": told} if isinstance(told, str) else told


class ArmPlan(PromptPlan):
    """One arm: a model, and what is put into its prompts."""

    name: str = Field(min_length=1, max_length=60)
    model: str = Field(description="demo, a folder, an adapter's folder, or a Hugging Face id")
    base: str | None = Field(default=None, description="the model that an adapter was trained on")

    @field_validator("model", "base")
    @classmethod
    def _found(cls, told: str | None, info: ValidationInfo) -> str | None:
        if told is None or told == DEMO:
            return told
        folder = (info.context or {}).get("folder") or Path()
        place = Path(folder) / Path(told).expanduser()
        if place.is_dir():
            return str(place)
        if HUB_ID.fullmatch(told):
            return told
        raise ValueError(f"there is no model folder '{told}' (looked for '{place}'); expected 'demo', a folder or a hub id")

    @model_validator(mode="after")
    def _based(self) -> ArmPlan:
        if self.base is None and is_adapter(Path(self.model)):
            raise ValueError(f"'{self.model}' is an adapter; expected 'base', the model that it was trained on")
        return self

    @property
    def prompt(self) -> PromptPlan:
        """What is put into the prompts, without the model and the name."""
        return PromptPlan.model_construct(system=self.system, examples=self.examples, retrieval=self.retrieval)


class _Head(Settings):
    """The part of an arms file that is not an arm."""

    version: Literal[1]
    arms: list[Any] = Field(min_length=1)


def read_arms(path: Path, only: Sequence[str] = ()) -> tuple[ArmPlan, ...]:
    """Reads and checks an arms file.

    Args:
        path: The file.
        only: Names of the arms that are wanted, in this order; the others are not looked at. None are all.

    Raises:
        RunFileError: With every mistake of the file.
        UsageError: An arm is wanted that the file does not have.
    """
    try:
        value, lines, _ = read_yaml(path)
    except RunFileError as error:
        raise RunFileError(str(path), error.mistakes, "arms file") from error
    found = Mistakes(path.resolve().parent, lines)
    head = found.model(_Head, value, ())
    arms = _arms(head.arms, found, only) if head is not None else ()
    if found.mistakes:
        raise RunFileError(str(path), [text for _, text in sorted(found.mistakes)], "arms file")
    return arms


def _arms(listed: Sequence[Any], found: Mistakes, only: Sequence[str]) -> tuple[ArmPlan, ...]:
    names = [each.get("name") if isinstance(each, dict) else None for each in listed]
    for index, name in enumerate(names):
        if name is not None and name in names[:index]:
            found.say(("arms", index, "name"), f"'{name}' is the name of an arm above; expected another")
    for name in only:
        if name not in names:
            known = [str(each) for each in names if each is not None]
            raise UsageError(f"there is no arm '{name}'", plugins.suggestion(name, known))
    wanted = [index for index, name in enumerate(names) if not only or name in only]
    read = {names[index]: found.model(ArmPlan, listed[index], ("arms", index)) for index in wanted}
    return tuple(read[name] for name in only) if only else tuple(read.values())
