"""Builds the model: ``python -m suites.data.names.build --out suites/data/names/model.npz --seed 1``."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path

import click
import numpy

from suites.data.names.build import learning, lists
from suites.data.names.build.corpus import Corpus

OWN_ROWS = ("title", "company_form", "company_word", "street", "place_part", "calendar")


@click.command()
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="where the model goes")
@click.option("--seed", default=1, show_default=True, help="of the corpus and the training")
@click.option("--examples", default=60_000, show_default=True, help="texts to make")
@click.option("--epochs", default=4, show_default=True, help="how often each is seen")
def build(out: Path, seed: int, examples: int, epochs: int) -> None:
    """Makes texts with names, trains the tagger on them and writes its model."""
    names = lists.gathered()
    lexicon = lists.lexicon(names)
    pieces = learning.Pieces()
    corpus = [pieces.tagged(example) for example in Corpus(names, seed).examples(examples)]
    click.echo(f"{len(corpus)} texts, {sum(len(each.pieces) for each in corpus)} pieces, {time.process_time():.0f} s")
    words = learning.vocabulary(pieces, corpus, [word for kind in OWN_ROWS for word in names.words[kind]])
    weights = learning.trained(pieces, corpus, words, lexicon, seed, epochs)
    save(out, weights, words, lexicon)
    click.echo(f"sha256 {hashlib.sha256(out.read_bytes()).hexdigest()}; it belongs into DIGEST of suites/data/names/tagger.py")
    click.echo(f"{out}: {out.stat().st_size:,} bytes, {time.process_time():.0f} s, from {json.dumps(lists.sources())}")


def save(out: Path, weights: dict[str, numpy.ndarray], words: dict[int, int], lexicon: dict[int, int]) -> None:
    """Writes a model; half precision is enough for its weights."""
    known = sorted(lexicon)
    numpy.savez_compressed(
        out,
        **{name: value.astype(numpy.float16) for name, value in weights.items()},
        words=numpy.array(list(words), dtype=numpy.uint32),
        word_rows=numpy.array(list(words.values()), dtype=numpy.int32),
        list_words=numpy.array(known, dtype=numpy.uint32),
        list_masks=numpy.array([lexicon[each] for each in known], dtype=numpy.uint32),
        sources=numpy.array(json.dumps(lists.sources())),
    )


if __name__ == "__main__":
    build()
