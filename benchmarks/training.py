"""Training, as it is run: the course's loop against ours, each kept change added to the last.

All ways train the practical's model (4 layers, 8 heads, width 256) by span corruption of the same
lines, and are counted in characters that are not PAD.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

import torch

from benchmarks import course
from benchmarks.loss_curves import settings_of
from benchmarks.measure import compare
from gpt.corpus import find, read_documents
from gpt.device import choose, describe
from gpt.examples import training_data
from gpt.recipe import PRACTICAL, Recipe
from gpt.training.trainer import train
from gpt.vocabulary import Vocabulary

DOCUMENTS = 1024
COURSE_STEPS = 4
REPETITIONS = 3
BASE = PRACTICAL.with_epochs("pretrain", 1)
# Each line changes the recipe of the line before.
ONEDNN = "+ fp32 products by oneDNN"
CHANGES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("ours: lines corrupted together as tensors, fused attention and optimizer", {}),
    (ONEDNN, {}),  # of no effect on CUDA
    ("+ lines of similar length in a batch, cut to the longest", {"shuffle": True}),
    ("+ bf16 products", {"precision": "bf16"}),
    ("+ no dropout", {"dropout": 0.0}),
)


def run() -> None:
    """Characters that are not PAD a second, on the device at hand."""
    lines = read_documents(find("wiki.txt", "embedded")).splitlines(keepends=True)
    text = "".join(lines[:DOCUMENTS])
    device = choose("auto")
    ways = {"the course: padded, fp32, one line at a time": by_course(text, device)}
    recipes = accumulate(CHANGES, lambda recipe, change: replace(recipe, **change[1]), initial=BASE)
    onednn = False
    for (name, _), recipe in zip(CHANGES, islice(recipes, 1, None), strict=True):
        onednn = onednn or name == ONEDNN
        ways[name] = by_us(text, recipe, device, onednn)
    compare("training", "characters", ways, REPETITIONS, describe(device))


def by_course(text: str, device: torch.device) -> Callable[[], float]:
    """A few steps of the course's loop a turn; it goes on where the last turn ended."""
    settings = settings_of(BASE)
    data = course.Corruption(text, settings.block, seed=0)
    model = course.Model(len(data.symbols), settings)

    def endless() -> Iterator[tuple[int, float, int]]:
        while True:
            yield from course.train(model, data, len(data), 1, settings, device.type)

    steps = endless()
    return lambda: float(sum(characters for *_, characters in islice(steps, COURSE_STEPS)))


def by_us(
    text: str, recipe: Recipe, device: torch.device, onednn: bool = True
) -> Callable[[], float]:
    """One epoch of run.py's loop a turn, drawing the examples included.

    onednn: whether gpt/linear.py may use it
    """
    vocabulary = Vocabulary.of_text(text)
    model = recipe.model("vanilla", len(vocabulary), seed=0)
    data = training_data("pretrain", recipe, text, vocabulary, [], Path(), 0)

    def turn() -> float:
        with torch.backends.mkldnn.flags(enabled=onednn, allow_tf32=None):
            done = train(
                model, data, recipe, recipe.pretrain, text.count("\n"), 0, device, recipe.precision
            )
        return float(done.tokens)

    return turn
