"""Trains the base model: Muon on the matrices, AdamW on the rest, one thread, one seed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from time import monotonic
from typing import Any

from demo.batches import Encoded, batches, chat_rows, mixed_rows, padded
from demo.lessons import BASE_SHARES, DRILL_SHARES, POLISH_SHARES, talks
from demo.world import World

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Course:
    """One stretch of training.

    Attributes:
        name: Seeds the rows of the course.
        tokens: How many are trained on.
        rate: The highest learning rate.
        steady: Part of the course after which the rate has begun to fall.
        mixed_share: Part of the course in which documents stand among the conversations.
        shares: Of the skills among single questions.
        reading_share: Of the conversations, those about a note.
    """

    name: str
    tokens: int
    rate: float
    steady: float
    mixed_share: float
    shares: Mapping[str, float]
    reading_share: float


# The first course teaches everything; the others drill what copies from the question, which a small model learns last.
FIRST = Course("lessons", 6_500_000, 4e-3, 0.4, 0.12, BASE_SHARES, 0.24)
SECOND = Course("drill", 3_200_000, 3e-3, 0.3, 0.0, DRILL_SHARES, 0.36)
THIRD = Course("polish", 800_000, 1.5e-3, 0.1, 0.0, POLISH_SHARES, 0.30)


@dataclass(frozen=True)
class Recipe:
    """The sizes of the model and of its training."""

    hidden: int = 128
    layers: int = 4
    heads: int = 4
    inner: int = 352
    positions: int = 512
    batch_tokens: int = 1792
    warmup: float = 0.01
    weight_decay: float = 0.02
    courses: tuple[Course, ...] = (FIRST, SECOND, THIRD)

    @property
    def tokens(self) -> int:
        """Tokens of all courses."""
        return sum(course.tokens for course in self.courses)


def new_model(recipe: Recipe, tokenizer: Any, seed: int) -> Any:
    """Makes the untrained model."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    return LlamaForCausalLM(LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=recipe.hidden, num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads, num_key_value_heads=recipe.heads, intermediate_size=recipe.inner,
        max_position_embeddings=recipe.positions, tie_word_embeddings=True, pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
    ))  # fmt: skip


def learn(
    model: Any, tokenizer: Any, world: World, recipe: Recipe, course: Course, seed: int, progress: Progress
) -> None:
    """Trains the model in place until the course's token budget is used up, and rounds it to half precision."""
    import torch

    optimizers = _optimizers(model, recipe, course)
    stream = _stream(world, tokenizer, recipe, course, seed)
    done, step, started, loss = 0, 0, monotonic(), 0.0
    model.train()
    while done < course.tokens:
        batch = stream(done / course.tokens)
        _set_rate(optimizers, recipe, course, done / course.tokens)
        loss += _step(model, optimizers, batch, tokenizer.pad_token_id)
        done, step = done + sum(len(row.ids) for row in batch), step + 1
        if step % 100 == 0:
            share, left = done / course.tokens, (monotonic() - started) * (course.tokens / done - 1)
            progress(f"{course.name}, step {step}: {share:.0%} of the tokens, loss {loss / 100:.3f}, {left:.0f} s left")
            loss = 0.0
    # Half precision is what ships, so a course begins with what the one before would have shipped.
    model.to(torch.float16).to(torch.float32)


def _stream(
    world: World, tokenizer: Any, recipe: Recipe, course: Course, seed: int
) -> Callable[[float], list[Encoded]]:
    rng = Random(f"{course.name}-{seed}")
    chat = chat_rows(tokenizer, talks(rng, world, course.shares, course.reading_share))
    mixed: Iterator[list[Encoded]] = batches(rng, mixed_rows(rng, world, tokenizer, chat), recipe.batch_tokens)
    plain = batches(rng, chat, recipe.batch_tokens)
    return lambda share: next(mixed if share < course.mixed_share else plain)


def _optimizers(model: Any, recipe: Recipe, course: Course) -> list[Any]:
    import torch

    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    chosen = {id(p) for p in matrices}
    rest = [p for p in model.parameters() if id(p) not in chosen]
    muon = torch.optim.Muon(matrices, lr=course.rate, weight_decay=recipe.weight_decay, adjust_lr_fn="match_rms_adamw")
    return [muon, torch.optim.AdamW(rest, lr=course.rate, weight_decay=0.0, betas=(0.9, 0.98))]


def _set_rate(optimizers: list[Any], recipe: Recipe, course: Course, share: float) -> None:
    # Warm up, hold, then fall in a straight line: the last part is where the small model settles.
    falling = min(1.0, (1.0 - share) / (1.0 - course.steady))
    rate = course.rate * max(0.01, min(1.0, share / recipe.warmup, falling))
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate


def _step(model: Any, optimizers: list[Any], batch: list[Encoded], pad: int) -> float:
    import torch

    rows, marks = padded(batch, pad)
    ids, wanted = torch.tensor(rows), torch.tensor(marks)
    # Only the positions to be learnt go through the output layer; padding is on the right, so causal attention is enough.
    hidden = model.model(ids, use_cache=False).last_hidden_state[wanted]
    targets = torch.roll(ids, -1, dims=1)[wanted]
    loss = torch.nn.functional.cross_entropy(model.lm_head(hidden), targets)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in optimizers:
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return float(loss.detach())
