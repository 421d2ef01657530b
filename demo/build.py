"""Builds the demo's base model from nothing: world, tokenizer, training, files and their digests."""

from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from demo.learning import FIRST, Progress, Recipe, learn, new_model
from demo.lessons import documents, talks
from demo.tokens import train_tokenizer
from demo.world import World, make_world

TOKENIZER_ROWS = 20_000
SUMS = "SHA256SUMS"


def build(out: Path, seed: int = 1, progress: Progress = print, recipe: Recipe | None = None) -> Path:
    """Builds the model of a seed into a folder; on one machine the same seed gives the same bytes."""
    import torch

    recipe = recipe or Recipe()
    threads = torch.get_num_threads()
    # Sums over several threads are added in another order, which changes the bytes.
    torch.set_num_threads(1)
    try:
        world = make_world(seed)
        tokenizer = train_tokenizer(_tokenizer_texts(world, seed), recipe.positions)
        model = new_model(recipe, tokenizer, seed)
        progress(f"{model.num_parameters() / 1e6:.2f} million parameters, {len(tokenizer)} pieces")
        for course in recipe.courses:
            learn(model, tokenizer, world, recipe, course, seed, progress)
    finally:
        torch.set_num_threads(threads)
    save(model, tokenizer, out)
    return out


def save(model: Any, tokenizer: Any, out: Path) -> None:
    """Writes weights in half precision, the settings of generation, the tokenizer and every digest."""
    import torch
    from transformers import GenerationConfig

    out.mkdir(parents=True, exist_ok=True)
    model.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
        do_sample=False, max_new_tokens=64,
    )  # fmt: skip
    model.eval().to(torch.float16).save_pretrained(out)
    tokenizer.save_pretrained(out)
    write_sums(out)


def write_sums(folder: Path) -> None:
    """Writes the digest of every file that the model needs; the card may be reworded without a new model."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name not in (SUMS, "README.md"))
    lines = [f"{sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (folder / SUMS).write_text("".join(lines))


def _tokenizer_texts(world: World, seed: int) -> list[str]:
    rng = Random(f"tokenizer-{seed}")
    chat, texts = talks(rng, world, FIRST.shares, FIRST.reading_share), documents(rng, world)
    told = [" ".join(part for turn in next(chat) for part in turn) for _ in range(TOKENIZER_ROWS)]
    return told + [next(texts) for _ in range(TOKENIZER_ROWS // 10)]
