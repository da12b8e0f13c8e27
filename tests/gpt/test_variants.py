"""The variant on the command line is the variant trained, and each can learn.

Public solutions set a flag that their model never read, and reported vanilla twice. Here the
models that run.py has made are compared pair by pair.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gpt import recipe
from gpt.attention import VARIANTS
from gpt.attention.vanilla import SelfAttention
from gpt.batches import TrainingData
from gpt.corpus import Pair
from gpt.dataset import NameDataset
from gpt.model import GPT, build
from gpt.parameters import read_parameters
from gpt.recipe import PRACTICAL, RECIPES, Stage
from gpt.run import main
from gpt.training.trainer import train
from gpt.vocabulary import Vocabulary

Build = Callable[..., GPT]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recipe quick with a model of a few thousand parameters, trained for one epoch."""
    quick = replace(RECIPES["quick"], layers=2, heads=2, width=16)
    monkeypatch.setitem(RECIPES, "quick", quick)


def models_of_the_command_line(folder: Path) -> dict[str, GPT]:
    """The model that `run.py finetune VARIANT` saves, for every variant."""
    found = {}
    for variant in sorted(VARIANTS):
        path = folder / f"{variant}.params"
        options = ["--finetune_corpus_path", "birth_places_train.tsv", "--recipe", "quick",
                   "--epochs", "1", "--writing_params_path", str(path)]  # fmt: skip
        assert main(["finetune", variant, "wiki.txt", *options]) == 0
        model, header = read_parameters(path)
        assert header.config.variant == variant, f"asked for {variant}"
        found[variant] = model.eval()
    return found


def attentions(a: GPT, b: GPT) -> list[tuple[nn.Module, nn.Module]]:
    """The attention of each pair of blocks; all blocks, where the two are not stacked alike."""
    if type(a.blocks) is not type(b.blocks):
        return [(a.blocks, b.blocks)]
    return [(x.attention, y.attention) for x, y in zip(a.blocks, b.blocks, strict=True)]


@torch.no_grad()
def require_all_to_differ(models: dict[str, GPT]) -> None:
    """Given the same weights, the attention of no two models may compute the same."""
    x = torch.randn(2, 100, 16, generator=torch.Generator().manual_seed(0))
    ids = 2 + torch.arange(100)[None] % 12
    for (one, a), (other, b) in itertools.combinations(models.items(), 2):
        assert float((a(ids) - b(ids)).abs().max()) > 1e-4, f"{one} and {other}: equal logits"
        for first, second in attentions(a, b):
            shared = {name: 10 * weight for name, weight in first.named_parameters()}
            for attention in (first, second):
                attention.load_state_dict(shared, strict=False)
            difference = (first(x) - second(x)).abs().max()
            assert float(difference) > 1e-3, f"{one} and {other}: equal attention"


@pytest.mark.usefixtures("small")
def test_every_variant_of_the_command_line_is_another_model(folder: Path) -> None:
    assert len(VARIANTS) > 1
    require_all_to_differ(models_of_the_command_line(folder))


@pytest.mark.usefixtures("small")
def test_a_flag_that_run_py_ignores_is_caught(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ignoring(variant: str, *arguments: Any, **options: Any) -> GPT:
        return build("vanilla", *arguments, **options)

    monkeypatch.setattr(recipe, "build", ignoring)
    with pytest.raises(AssertionError, match="asked for"):
        require_all_to_differ(models_of_the_command_line(folder))


@pytest.mark.usefixtures("small")
def test_a_flag_that_the_model_never_reads_is_caught(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The public mistake: the name is noted everywhere, and vanilla attention is what runs."""

    class InNameAlone(SelfAttention):
        positions_learned = False

    monkeypatch.setitem(VARIANTS, "rope", InNameAlone)
    with pytest.raises(AssertionError, match="rope and vanilla: equal attention"):
        require_all_to_differ(models_of_the_command_line(folder))


# ------------------------------------------------------------------------------ overfitting

ANSWERS = {"A": "Oslo", "B": "Rome", "C": "Lima", "D": "Bonn"}


def loss_after_one_batch_again_and_again(model: GPT, vocabulary: Vocabulary) -> float:
    """Mean loss of the last of 150 steps on four questions that differ in one early character.

    Without looking back to it, no position tells which of four places is asked for.
    """
    pairs = [Pair(f"{a}da born in?", place, i) for i, (a, place) in enumerate(ANSWERS.items(), 1)]
    data = TrainingData(None, NameDataset(vocabulary, pairs))
    chosen = replace(PRACTICAL, schedule="linear", dropout=0.0)
    stage = Stage(150, len(pairs), 0.01)
    return train(model, data, chosen, stage, 1, 0, torch.device("cpu"), "fp32").final_loss


@pytest.fixture
def letters(vocabulary: Vocabulary) -> Vocabulary:
    return Vocabulary([*vocabulary.symbols[:2], *sorted({*vocabulary.symbols[2:], *"ABCDnb"})])


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_every_variant_learns_one_batch_by_heart(
    tiny: Build, letters: Vocabulary, variant: str
) -> None:
    model = tiny(variant, len(letters), width=32)
    assert loss_after_one_batch_again_and_again(model, letters) < 0.01


def test_a_model_that_never_looks_back_cannot(
    tiny: Build, letters: Vocabulary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: attention adds nothing. Of the 6 targets `⁇PLACE⁇`, one is a guess among four."""
    output = SelfAttention._output

    def silent(self: SelfAttention, y: Tensor) -> Tensor:
        return 0.0 * output(self, y)

    monkeypatch.setattr(SelfAttention, "_output", silent)
    model = tiny("vanilla", len(letters), width=32)
    assert loss_after_one_batch_again_and_again(model, letters) > 0.9 * math.log(4) / 6
