"""From a request to a candidate: rows, split, replay, plan, loop, folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from harness.errors import TrainingError
from harness.settings import keyed
from harness.store import digest_of, digest_path
from harness.trainer import Trained, TrainRequest
from trainers.loop import plan
from trainers.loop.quiet import quieten
from trainers.loop.rows import Encoded, Encoder, rows_digest, split
from trainers.loop.settings import CausalSettings

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from trainers.loop.causal import Progress

PACKAGES = ("torch", "transformers", "peft", "accelerate", "tokenizers", "safetensors", "numpy")
MakeEncoder = Callable[["PreTrainedTokenizerBase", frozenset[int], int], Encoder]


def fit(request: TrainRequest, encoder: MakeEncoder) -> Trained:
    """Trains a candidate by next-token prediction.

    Args:
        request: What to train, on what, where to.
        encoder: Makes, from a tokenizer, its stop tokens and the longest row, what turns a file into tokens.

    Raises:
        DataError: A row cannot be learnt from.
        ModelError: The base cannot be loaded.
        TrainingError: There is nothing to train on, or the loss left the finite range.
    """
    quieten()
    from trainers.loop import causal, kept, models

    settings = _settings(request)
    tokenizer = models.base_tokenizer(request.base)
    limit = models.row_limit(request.base, tokenizer, settings.max_length)
    encode = encoder(tokenizer, models.stop_tokens(request.base, tokenizer), limit)
    rows = _Rows(request, encode)
    made = rows.plan(settings)
    model = models.trainable(request.base, tokenizer, settings.adapter, settings.seed)
    name = digest_path(request.base)
    keeper = kept.Keeper(settings.keep_every, request.base, name, request.scratch) if settings.keep_every else None
    job = causal.Job(
        settings=settings, accumulate=settings.accumulate, rows=rows.all, batches=made.batches,
        validation=causal.Batches(rows.validation, rows.validation_batches(settings)) if rows.validation else None,
        scratch=request.scratch, identity=_identity(request, rows, made), tick=request.tick,
        keeper=keeper,
    )  # fmt: skip
    progress = causal.run(model, job)
    models.save_candidate(model, request.base, name, request.out)
    if keeper is not None:
        keeper.hand_over(progress.kept, request.checkpoints)
    return Trained(curve=tuple(progress.curve), facts=_facts(rows, made, job, progress, model))


def _settings(request: TrainRequest) -> CausalSettings:
    settings = request.settings
    if not isinstance(settings, CausalSettings):
        raise TypeError(f"expected CausalSettings, found {type(settings).__name__}")
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if processes != 1:
        raise TrainingError(f"{processes} processes were started", "one", "start tunegate without a launcher")
    return settings


class _Rows:
    """The rows of a request: those to train on, to replay and to validate on."""

    def __init__(self, request: TrainRequest, encode: Encoder) -> None:
        everything = [row for path in request.rows for row in encode(path, request.bad_rows)]
        self.own, self.validation = split(everything, request.validation)
        replay = request.settings.replay
        self.replay = list(encode(replay.data, request.bad_rows)) if replay else []
        self.share = replay.share if replay else 0.0
        self._check(request, everything)

    @property
    def all(self) -> Sequence[Encoded]:
        """The rows that a plan counts through."""
        return [*self.own, *self.replay]

    def _check(self, request: TrainRequest, everything: Sequence[Encoded]) -> None:
        files = ", ".join(f"'{path}'" for path in request.rows)
        if not everything:
            raise TrainingError(f"{files} has no rows", "at least one training row")
        if not self.own:
            raise TrainingError(
                f"all {len(everything)} rows of {files} are kept back for validation", "at least one to train on",
                "lower 'validation', or add rows",
            )  # fmt: skip
        if self.share and not self.replay:
            raise TrainingError(f"'{request.settings.replay.data}' has no rows to replay", "at least one")
        if request.settings.patience is not None and not (self.validation and request.settings.validations):
            raise TrainingError("'patience' has no validation loss to watch", "validation rows", "raise 'validation'")

    def plan(self, settings: CausalSettings) -> plan.Plan:
        plan.check_budget([*self.all, *self.validation], settings.batch_tokens)
        return plan.make_plan(
            [len(row) for row in self.own], [len(row) for row in self.replay], share=self.share, epochs=settings.epochs,
            budget=settings.batch_tokens, seed=settings.seed,
        )  # fmt: skip

    def validation_batches(self, settings: CausalSettings) -> list[plan.Batch]:
        lengths = [len(row) for row in self.validation]
        return plan.pack(sorted(range(len(lengths)), key=lambda row: lengths[row]), lengths, settings.batch_tokens)


def _identity(request: TrainRequest, rows: _Rows, made: plan.Plan) -> dict[str, str]:
    return {
        "base": digest_path(request.base),
        "settings": digest_of(keyed(request.settings)),
        "data": digest_of([rows_digest([rows.own, rows.replay, rows.validation]), made.digest]),
        "packages": digest_of({name: version(name) for name in PACKAGES}),
    }


def _facts(rows: _Rows, made: plan.Plan, job: Any, progress: Progress, model: Any) -> dict[str, JsonValue]:
    everything = [*rows.all, *rows.validation]
    lengths = [len(row) for row in rows.all]
    steps = int(progress.curve[-1]["step"])
    used = made.batches[: steps * job.accumulate]
    facts: dict[str, JsonValue] = {
        "rows": len(rows.own), "validation_rows": len(rows.validation), "truncated": sum(row.cut for row in everything),
        "replay_rows": len(rows.replay), "replayed": made.replayed, "replay_repeats": made.repeats,
        "planned_steps": job.steps, "steps": steps, "epochs": job.settings.epochs,
        "tokens": sum(lengths[row] for batch in used for row in batch),
        "learnt_tokens": sum(job.rows[row].learnt for batch in used for row in batch),
        "padding_share": round(plan.padding_share(made.batches, lengths), 4),
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "trained_parameters": sum(weight.numel() for weight in model.parameters() if weight.requires_grad),
        "processes": 1, "stopped_early": steps < job.steps,
    }  # fmt: skip
    if progress.best_loss is not None:
        facts |= {"best_validation_loss": progress.best_loss, "best_step": progress.best_step}
    return facts
