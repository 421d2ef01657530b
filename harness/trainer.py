"""What a trainer is: one file in ``trainers/`` with ``VERSION``, ``Settings`` and ``train(request) -> Trained``.

A trainer reads rows and a base model, and fills the folder it is given with a Hugging Face folder: an adapter, or whole
weights with tokenizer, chat template and generation settings. Its settings model extends :class:`TrainSettings`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, Protocol

from pydantic import Field, JsonValue, model_validator

from harness.settings import BadRows, InputFile, Settings


class NoAdapter(Settings):
    """Train the weights themselves."""

    kind: Literal["none"] = "none"


class LoraAdapter(Settings):
    """Train low-rank matrices beside the weights (Hu et al. 2021, arXiv 2106.09685)."""

    kind: Literal["lora"] = "lora"
    r: int = Field(default=16, ge=1)
    alpha: float = Field(default=32, gt=0)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    targets: tuple[str, ...] = Field(default=("all-linear",), description="module names, or all-linear")


Adapter = Annotated[NoAdapter | LoraAdapter, Field(discriminator="kind")]


class Replay(Settings):
    """Rows of what the base model could do, mixed in so that it is not forgotten."""

    data: InputFile
    share: float = Field(default=0.05, gt=0, lt=1, description="of all training rows, the part that is replayed")


class TrainSettings(Settings):
    """What every trainer can be told."""

    method: str
    adapter: Adapter = LoraAdapter()
    learning_rate: float = Field(default=1e-4, gt=0)
    epochs: float = Field(default=3, gt=0)
    batch_tokens: int = Field(default=4096, ge=1, description="tokens in one batch, padding included")
    max_length: int | None = Field(default=None, ge=2, description="tokens of a row; None is the model's own limit")
    warmup: float = Field(default=0.05, ge=0, lt=1, description="part of the steps")
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    weight_decay: float = Field(default=0.0, ge=0)
    max_grad_norm: float = Field(default=1.0, gt=0)
    replay: Replay | None = None
    patience: int | None = Field(default=None, ge=1, description="stop after N validations without a lower loss")
    validations: int = Field(default=4, ge=0, description="how often the validation loss is measured")
    checkpoints: int = Field(default=4, ge=0, description="how often a checkpoint to resume from is written")
    keep_every: int | None = Field(default=None, ge=1, description="steps between checkpoints kept for 'compare'")
    select: Literal["last", "gate"] = Field(
        default="last", description="which checkpoint is the candidate; gate: the best kept one that every rule allows"
    )
    seed: int = 1
    threads: int | None = Field(default=None, ge=1, description="CPU threads; None leaves it to torch")

    @model_validator(mode="after")
    def _has_something_to_select(self) -> TrainSettings:
        if self.select == "gate" and self.keep_every is None:
            raise ValueError("'select: gate' has no checkpoints to choose from; expected 'keep_every: STEPS' beside it")
        return self


@dataclass(frozen=True)
class TrainRequest:
    """What a trainer is given.

    Attributes:
        base: Folder of the base model.
        rows: Files of training rows.
        validation: Part of the rows, chosen by a hash of their content, that is kept for validation.
        settings: The trainer's own settings model.
        out: Empty folder to fill with the candidate.
        checkpoints: Folder for those that ``keep_every`` asks for: ``step-000050`` and so on, each a folder as ``out``.
        scratch: Folder for checkpoints; what a killed run left there is verified and resumed.
        tick: Called with (done, total, facts to show) after every step.
        bad_rows: Whether a row that cannot be read stops the training or is left out, as it was left out of the scan.
    """

    base: Path
    rows: tuple[Path, ...]
    validation: float
    settings: TrainSettings
    out: Path
    checkpoints: Path
    scratch: Path
    tick: Callable[[int, int, Mapping[str, float]], None] = lambda done, total, facts: None
    bad_rows: BadRows = "stop"


@dataclass(frozen=True)
class Trained:
    """What a trainer hands back.

    Attributes:
        curve: One mapping a logged step: ``step``, ``loss``, ``learning_rate`` and where measured ``validation_loss``.
        facts: Counts and figures for the report: rows, tokens, truncated, dropped, replayed, steps, parameters …
    """

    curve: tuple[Mapping[str, float], ...]
    facts: Mapping[str, JsonValue] = field(default_factory=dict)


class Trainer(Protocol):
    """The function that a trainer's file has."""

    def __call__(self, request: TrainRequest) -> Trained:
        """Trains.

        Raises:
            TrainingError: The rows cannot train this model, or the loss left the finite range.
        """
