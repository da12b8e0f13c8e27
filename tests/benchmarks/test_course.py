"""The plain reference of benchmarks/course.py and gpt/ are the same model and the same training."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch
from scipy.stats import chisquare
from torch import Tensor
from torch.utils.data import Dataset

from benchmarks import course
from gpt.batches import TrainingData, batches
from gpt.dataset import CharCorruptionDataset
from gpt.examples import training_data
from gpt.model import GPT, build
from gpt.recipe import PRACTICAL, Recipe, Stage
from gpt.training.trainer import train
from gpt.vocabulary import Vocabulary

TEXT = "".join(f"Ada {c} was born in {p}, in 1901.\n" for c in "JKLMN" for p in ("Oslo", "Rome"))
SETTINGS = course.Settings(layers=2, heads=2, width=16, block=48, dropout=0.0, batch=4, rate=0.06)
RECIPE = replace(
    PRACTICAL, layers=2, heads=2, width=16, block_size=48, dropout=0.0, pretrain=Stage(3, 4, 0.06)
)


def twins(dropout: float) -> tuple[course.Model, GPT]:
    """The plain model with the weights of ours."""
    vocabulary = Vocabulary.of_text(TEXT)
    ours = build("vanilla", len(vocabulary), 48, 0, layers=2, heads=2, width=16, dropout=dropout)
    plain = course.Model(len(vocabulary), SETTINGS)
    weights = {_theirs(name): tensor for name, tensor in ours.state_dict().items()}
    weights["positions"] = weights["positions"][None]
    missing, unknown = plain.load_state_dict(weights, strict=False)
    assert not unknown
    assert {name.rpartition(".")[2] for name in missing} == {"mask"}
    return plain, ours


def _theirs(name: str) -> str:
    for ours, theirs in (("norm1.", "ln1."), ("norm2.", "ln2."), ("norm.", "ln.")):
        name = name.replace(ours, theirs)
    return name


class SameExamples(Dataset[tuple[Tensor, Tensor]]):
    """Our own padded examples, epoch after epoch, as the DataLoader of the plain loop asks."""

    def __init__(self, data: TrainingData) -> None:
        self.data, self.epoch = data, -1
        self.rows: list[tuple[Tensor, Tensor]] = []

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        if index == 0:
            self.epoch += 1
            (batch,) = batches(self.data, len(self.data), 48, False, 0, self.epoch)
            room = (0, 47 - batch.x.shape[1])
            x, y = (torch.nn.functional.pad(side, room) for side in (batch.x, batch.y))
            self.rows = list(zip(x, y, strict=True))
        return self.rows[index]


def losses(recipe: Recipe = RECIPE) -> tuple[list[float], list[float]]:
    """Three epochs of both loops on the same examples, from the same weights."""
    plain, ours = twins(recipe.dropout)
    data = training_data("pretrain", RECIPE, TEXT, Vocabulary.of_text(TEXT), [], Path(), 0)
    n = len(data)
    by_course = course.train(plain, SameExamples(data), n, 3, SETTINGS)
    by_us = train(ours, data, recipe, recipe.pretrain, n, 0, torch.device("cpu"), "fp32")
    return [loss for _, loss, _ in by_course], [point.loss for point in by_us.points]


def test_both_loops_lose_alike_step_by_step() -> None:
    plain, ours = losses()
    assert len(plain) == len(ours) == 9
    assert ours == pytest.approx(plain, abs=1e-4)
    assert plain[-1] < plain[0] - 0.2


@pytest.mark.parametrize(
    "wrong",
    [
        replace(RECIPE, weight_decay=0.0),
        replace(RECIPE, clip=0.1),
        replace(RECIPE, dropout=0.1),
        replace(RECIPE, schedule="linear"),
        replace(RECIPE, pretrain=replace(RECIPE.pretrain, rate=0.03)),
    ],
    ids=["no decay", "another clip", "dropout", "another schedule", "another rate"],
)
def test_another_recipe_is_noticed(wrong: Recipe) -> None:
    plain, ours = losses(wrong)
    assert ours != pytest.approx(plain, abs=1e-4)


def test_the_plain_model_drops_where_the_course_does() -> None:
    """Embedding once, then weights, residual and perceptron in each block."""
    model = course.Model(9, course.Settings(layers=3, heads=2, width=16, dropout=0.25))
    drops = [m.p for m in model.modules() if isinstance(m, torch.nn.Dropout)]
    assert drops == [0.25] * (1 + 3 * 3)


def shapes(data: Dataset[tuple[Tensor, Tensor]], n: int) -> Counter[tuple[int, int]]:
    """How often each pair of (length after truncation, masked length) is drawn for line 0."""
    found: Counter[tuple[int, int]] = Counter()
    for _ in range(n):
        x, y = data[0]
        ids = [int(x[0]), *(i for i in y.tolist() if i)]
        first = ids.index(1)
        second = ids.index(1, first + 1)
        found[len(ids) - 2, len(ids) - second - 1] += 1
    return found


def test_both_corruptions_have_one_law() -> None:
    """Chi-square of the plain one's draws against the law written out; false alarm 1e-6."""
    block, n = 16, 4000
    line = "abcdefghijklmnopqrst"
    law: Counter[tuple[int, int]] = Counter()
    for length in range(4, 15):
        for half in (length // 2, (length + 1) // 2):
            for masked in range(1, max(1, half - 1) + 1):
                law[length, masked] += n / 11 / 2 / max(1, half - 1)  # type: ignore[assignment]
    plain = course.Corruption(line, block, seed=1)
    ours = CharCorruptionDataset(line, block, seed=1)
    for data in (plain, ours):
        found = shapes(data, n)
        assert set(found) <= set(law)
        p = chisquare([found[key] for key in law], list(law.values())).pvalue
        assert p > 1e-6


def test_the_characters_that_are_counted_are_not_pad() -> None:
    data = course.Corruption(TEXT, 48, seed=0)
    model = course.Model(len(data.symbols), SETTINGS)
    seen = list(islice(course.train(model, data, len(data), 1, SETTINGS), 2))
    assert all(epoch == 0 for epoch, *_ in seen)
    assert all(4 * 5 <= characters < 4 * 47 for *_, characters in seen)
