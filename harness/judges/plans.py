"""What a run file says of a judge that is a model: a sequence classifier, a guard that writes, or a model behind a server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, ValidationInfo, field_validator, model_validator

from harness.errors import ModelError
from harness.judges.formats import FORMATS
from harness.judges.vocabulary import UNCLEAR
from harness.model import hhem
from harness.model.identity import is_adapter, read_json
from harness.model.load import resolve_model
from harness.model.served import ServedModel, is_served
from harness.plugins import suggestion
from harness.settings import InputFile, Reads, Settings
from harness.types import Noun

PROMPT, RESPONSE, LABELS = "{prompt}", "{response}", "{labels}"
_PLAIN = re.compile(r"[^\w.-]+")


def _found(told: Any, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder") or Path()
    try:
        found = resolve_model(str(told), Path(folder))
    except ModelError as error:
        raise ValueError(str(error)) from error
    if is_served(found):
        raise ValueError(f"'{found}' is a model behind a server; expected its address and name under 'server'")
    if is_adapter(found):
        raise ValueError(f"'{found}' is an adapter; expected a whole model, such as one merged with its base")
    return found


# The bytes of a judge count, so a name on the hub is resolved when the run file is read.
ModelFolder = Annotated[Path, BeforeValidator(_found), Reads()]


class Checks(Settings):
    """What is asked to see how far a judge agrees with itself; an answer on which it does not is unclear."""

    again: int = Field(default=1, ge=1, le=25, description="judgements of every answer, all but the first at 'temperature'")
    temperature: float = Field(default=0.7, gt=0, le=2)
    rewordings: tuple[str, ...] = Field(default=(), description="the rubric or prompt in other words, one judgement each")
    order: bool = Field(default=False, description="ask a second time with the labels in the opposite order")

    @property
    def any(self) -> bool:
        """Whether anything is asked more than once."""
        return self.again > 1 or bool(self.rewordings) or self.order


class Rubric(Settings):
    """By what a served judge judges, as text or as a file of text."""

    text: str | None = None
    file: InputFile | None = None

    @model_validator(mode="after")
    def _one(self) -> Rubric:
        if (self.text is None) == (self.file is None):
            raise ValueError("expected exactly one of 'text' and 'file'")
        if not self.read():
            raise ValueError("the rubric is empty; expected what each label means")
        return self

    def read(self) -> str:
        """Returns the text.

        Raises:
            ValueError: The file cannot be read.
        """
        try:
            return (self.file.read_text(encoding="utf-8") if self.file else self.text or "").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"'{self.file}' cannot be read: {error}; expected text in UTF-8") from error


class JudgePlan(Settings):
    """What every judge that is a model has."""

    name: str | None = Field(default=None, pattern=r"^[\w.-]{1,60}$", description="what it is called; else its model's name")
    labels: dict[str, str] = Field(default={}, description="the model's own labels or words, and what the suite calls each")

    @property
    def called(self) -> str:
        """What the judge is called."""
        raise NotImplementedError

    @property
    def meanings(self) -> Mapping[str, str]:
        """The model's own words, and the label that each stands for."""
        return self.labels

    @property
    def says(self) -> tuple[str, ...]:
        """Every label that it can give."""
        return tuple(dict.fromkeys(self.meanings.values()))


def _shows_the_answer(told: str | None) -> str | None:
    if told is not None and told.count(RESPONSE) != 1:
        raise ValueError(f"'{RESPONSE}' stands there {told.count(RESPONSE)} times; expected it once")
    if told is not None and told.count(PROMPT) > 1:
        raise ValueError(f"'{PROMPT}' stands there {told.count(PROMPT)} times; expected it once, or not at all")
    return told


class ClassifierPlan(JudgePlan):
    """A sequence classifier of transformers."""

    classifier: ModelFolder = Field(description="a folder or a Hugging Face id; safetensors, no code of its own")
    reads: Literal["pair", "answer"] = Field(default="pair", description="two inputs, or the answer alone")
    template: str | None = Field(
        default=None, description="one input made of '{prompt}' and '{response}' instead; HHEM 2 brings its own"
    )
    threshold: float = Field(default=0.5, ge=0, le=1, description="least probability of a label that counts")
    otherwise: str = Field(default=UNCLEAR, description="the label where no probability is large enough")

    _shown = field_validator("template")(_shows_the_answer)

    @model_validator(mode="after")
    def _known(self) -> ClassifierPlan:
        if self._hhem and self.template is not None:
            raise ValueError("HHEM 2 brings its own prompt; expected no 'template' beside it")
        known = classes_of(self.classifier)
        for label in self.labels:
            if label not in known:
                raise ValueError(f"the classifier has no label '{label}'; expected {suggestion(label, known)}")
        if not self.meanings:
            raise ValueError(f"'labels' is empty; expected what some of {', '.join(map(repr, known))} stand for")
        return self

    @property
    def called(self) -> str:
        """What the judge is called."""
        return self.name or _PLAIN.sub("-", self.classifier.name)

    @property
    def meanings(self) -> Mapping[str, str]:
        """The classes of the model, and the label that each stands for."""
        return self.labels or (hhem.LABELS if self._hhem else {})

    @property
    def asks(self) -> str | None:
        """The one text that it reads; None for what ``reads`` says."""
        return hhem.template(read_json(self.classifier, "config.json")) if self._hhem else self.template

    @property
    def _hhem(self) -> bool:
        return hhem.is_hhem(_config(self.classifier))

    @property
    def says(self) -> tuple[str, ...]:
        """Every label that it can give."""
        return tuple(dict.fromkeys((*self.meanings.values(), self.otherwise)))


class GuardPlan(JudgePlan):
    """A causal language model that was trained to judge, and writes its label."""

    guard: ModelFolder = Field(description="a folder or a Hugging Face id; safetensors, no code of its own")
    format: Literal["llama_guard_3", "wildguard", "wildguard_refusal", "harmbench"] | None = Field(
        default=None, description="a known guard: its prompt, its words, and what they mean"
    )
    prompt: str | None = Field(default=None, description="with '{prompt}', '{response}', '{labels}'; else its template")
    after: str = Field(default="", description="what stands before the word that is read; else the first word")
    read: Literal["generate", "likelihood"] = Field(
        default="generate", description="read the label where it is written, or from how likely each word is"
    )
    threshold: float = Field(default=0.5, ge=0, le=1, description="least share of all words' likelihood")
    max_new_tokens: int | None = Field(default=None, ge=1, le=512)
    checks: Checks = Checks()

    _shown = field_validator("prompt")(_shows_the_answer)

    @model_validator(mode="after")
    def _whole(self) -> GuardPlan:
        if self.format is not None and (self.prompt is not None or self.after):
            raise ValueError(f"'format: {self.format}' brings its own prompt; expected neither 'prompt' nor 'after' beside it")
        if not self.meanings:
            raise ValueError("'labels' is empty; expected the words that the guard says, and what each stands for")
        if self.read == "likelihood" and self.reads_after:
            raise ValueError(f"a likelihood is that of the first words, and the word stands after '{self.reads_after}'")
        if self.read == "likelihood" and self.checks.again > 1:
            raise ValueError("'again' draws what is written, and a likelihood is not drawn; expected 'read: generate'")
        if self.checks.order and LABELS not in (self.prompt or ""):
            raise ValueError(f"'order' turns the list of labels round, and the prompt has no '{LABELS}'")
        for other in self.checks.rewordings:
            _shows_the_answer(other)
        return self

    @property
    def called(self) -> str:
        """What the judge is called."""
        return self.name or _PLAIN.sub("-", self.guard.name)

    @property
    def meanings(self) -> Mapping[str, str]:
        """The guard's words, and the label that each stands for."""
        return self.labels or (FORMATS[self.format].labels if self.format else {})

    @property
    def asks(self) -> str:
        """The text that it reads; empty for its own chat template."""
        return FORMATS[self.format].prompt if self.format else self.prompt or ""

    @property
    def reads_after(self) -> str:
        """What stands before the word that is read."""
        return FORMATS[self.format].after if self.format else self.after

    @property
    def tokens(self) -> int:
        """How much it may say."""
        return self.max_new_tokens or (FORMATS[self.format].tokens if self.format else 16)


class ServerPlan(JudgePlan):
    """A model behind a server of the OpenAI kind, which judges by a rubric."""

    server: ServedModel = Field(description="where it is asked; accepted by name under 'accept_unverifiable'")
    rubric: Rubric
    tries: int = Field(default=2, ge=0, le=10, description="further questions after a reply that is no label")
    max_new_tokens: int = Field(default=16, ge=1, le=4096)
    checks: Checks = Checks()

    @field_validator("labels", mode="before")
    @classmethod
    def _listed(cls, told: Any) -> Any:
        return {each: each for each in told} if isinstance(told, list | tuple) else told

    @field_validator("rubric", mode="before")
    @classmethod
    def _as_text(cls, told: Any) -> Any:
        return {"text": told} if isinstance(told, str) else told

    @model_validator(mode="after")
    def _told_apart(self) -> ServerPlan:
        if len({each.strip().casefold() for each in self.labels}) < 2 or not all(each.strip() for each in self.labels):
            raise ValueError("'labels' has fewer than two; expected at least two words that the server may reply")
        return self

    @property
    def called(self) -> str:
        """What the judge is called."""
        return self.name or _PLAIN.sub("-", self.server.model)


def classes_of(folder: Path) -> tuple[str, ...]:
    """The labels of a sequence classifier, by its config; nothing is loaded.

    Raises:
        ValueError: The config cannot be read or names no such labels.
    """
    config = _config(folder)
    named = config.get("id2label")
    if isinstance(named, dict) and named:
        return tuple(str(label) for _, label in sorted(named.items(), key=lambda each: int(each[0])))
    if hhem.is_hhem(config):
        return tuple(hhem.LABELS)
    # What transformers calls them where a config does not.
    return tuple(f"LABEL_{at}" for at in range(int(config.get("num_labels", 2))))


def _config(folder: Path) -> dict[str, Any]:
    try:
        return read_json(folder, "config.json")
    except ModelError as error:
        raise ValueError(str(error)) from error


KINDS: dict[str, type[JudgePlan]] = {"classifier": ClassifierPlan, "guard": GuardPlan, "server": ServerPlan}
# What tells the kinds apart is a key of theirs; the tags are other words, so that no mistake is told of a key of that name.
_TAGS = {key: f"a judge with '{key}'" for key in KINDS}


def kind_of(told: Any) -> str | None:
    """The key that says which kind of judge a value is; None where it is none."""
    if isinstance(told, JudgePlan):
        return next(key for key, kind in KINDS.items() if isinstance(told, kind))
    return next((key for key in KINDS if key in told), None) if isinstance(told, Mapping) else None


def _tag(told: Any) -> str | None:
    key = kind_of(told)
    return "a name" if isinstance(told, str) else _TAGS[key] if key else None


JudgeChoice = Annotated[
    Annotated[str, Tag("a name")]
    | Annotated[ClassifierPlan, Tag(_TAGS["classifier"])]
    | Annotated[GuardPlan, Tag(_TAGS["guard"])]
    | Annotated[ServerPlan, Tag(_TAGS["server"])],
    Discriminator(
        _tag, custom_error_type="no_judge",
        custom_error_message="expected the name of a judge, or keys with one of 'classifier', 'guard' and 'server'",
    ),
]  # fmt: skip


def judges_of(settings: Noun) -> list[tuple[tuple[str, ...], JudgePlan]]:
    """The models that judge by some settings, each with the place of its plan."""
    found: list[tuple[tuple[str, ...], JudgePlan]] = []
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, JudgePlan):
            found.append(((name,), value))
        elif isinstance(value, Noun):
            found += [((name, *place), plan) for place, plan in judges_of(value)]
    return found
