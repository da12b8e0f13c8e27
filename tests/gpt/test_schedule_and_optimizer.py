"""Learning rates against hand values; which parameters decay and which Muon trains."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch.optim import AdamW, Muon

from gpt.model import GPT
from gpt.recipe import PRACTICAL, RECIPES, Stage, recipe
from gpt.training.optimizer import optimizers, set_factor
from gpt.training.schedule import course_factor, linear_factor
from reports.record import InputError

DOCUMENTS = 2937  # of the practical's wiki.txt
FINAL = 200 * DOCUMENTS * 128
EPOCH = DOCUMENTS * 127  # labels that the course's trainer counts in one


def test_the_course_warms_up_over_less_than_one_batch() -> None:
    assert course_factor(0, FINAL) == 0.0
    assert course_factor(5120, FINAL) == 0.5
    assert course_factor(127 * 128, FINAL) > 0.999999


def test_the_course_cosine_runs_on_past_its_end() -> None:
    assert course_factor(FINAL, FINAL) == 0.1
    assert course_factor(200 * EPOCH, FINAL) == pytest.approx(0.1)
    assert course_factor(100 * EPOCH, FINAL) == pytest.approx(0.5, abs=0.01)
    assert course_factor(400 * EPOCH, FINAL) == pytest.approx(1.0, abs=0.001)
    assert course_factor(600 * EPOCH, FINAL) == pytest.approx(0.1)
    quarter = (FINAL - 10240) // 4 + 10240
    assert course_factor(quarter, FINAL) == pytest.approx((1 + math.sqrt(0.5)) / 2, abs=1e-6)


def test_the_linear_schedule_rises_then_falls_to_the_last_step() -> None:
    factors = [linear_factor(step, 100) for step in range(100)]
    assert factors[:3] == [0.5, 1.0, 98 / 99]
    assert factors[-1] == pytest.approx(1 / 99)
    assert linear_factor(0, 1) == 1.0
    for steps in (1, 2, 49, 50, 51, 1000):
        factors = [linear_factor(step, steps) for step in range(steps)]
        assert min(factors) > 0
        assert max(factors) == 1.0
        peak = factors.index(1.0)
        assert factors == sorted(factors[: peak + 1]) + sorted(factors[peak + 1 :], reverse=True)


# ------------------------------------------------------------------------------- optimizers


@pytest.mark.parametrize("variant", ["vanilla", "rope"])
def test_adamw_decays_everything_but_biases(tiny: Callable[..., GPT], variant: str) -> None:
    model = tiny(variant)
    (made,) = optimizers(model, Stage(1, 1, 3e-4), 0.1)
    assert isinstance(made, AdamW)
    decay = {id(p): g["weight_decay"] for g in made.param_groups for p in g["params"]}
    assert len(decay) == len(list(model.parameters()))
    for name, parameter in model.named_parameters():
        assert decay[id(parameter)] == (0.0 if name.endswith("bias") else 0.1), name
    assert {(g["lr"], g["betas"], g["eps"]) for g in made.param_groups} == {
        (3e-4, (0.9, 0.95), 1e-8)
    }


@pytest.mark.parametrize("variant", ["vanilla", "rope"])
def test_muon_trains_the_matrices_of_the_blocks_alone(
    tiny: Callable[..., GPT], variant: str
) -> None:
    model = tiny(variant)
    adamw, muon = optimizers(model, Stage(1, 1, 3e-4, matrix_rate=0.02), 0.1)
    assert isinstance(muon, Muon)
    named = {id(p): name for name, p in model.named_parameters()}
    groups = {
        kind: sorted(named[id(p)] for g in made.param_groups for p in g["params"])
        for kind, made in (("adamw", adamw), ("muon", muon))
    }
    assert sorted(groups["adamw"] + groups["muon"]) == sorted(named.values())
    matrices = ("query", "key", "value", "projection", "mlp.0", "mlp.2")
    inner = ("attention.",) * 4 + ("",) * 2
    assert groups["muon"] == sorted(
        f"blocks.{i}.{a}{m}.weight" for i in range(2) for a, m in zip(inner, matrices, strict=True)
    )


def test_a_factor_scales_every_peak_rate(tiny: Callable[..., GPT]) -> None:
    made = optimizers(tiny(), Stage(1, 1, 3e-4, matrix_rate=0.02), 0.1)
    for factor in (0.5, 0.25):  # of the peak, not of the rate before
        set_factor(made, factor)
        rates = [group["lr"] for optimizer in made for group in optimizer.param_groups]
        assert rates == [3e-4 * factor, 3e-4 * factor, 0.02 * factor]


def test_a_step_without_gradient_shrinks_what_decays(tiny: Callable[..., GPT]) -> None:
    """AdamW multiplies by 1 − rate · decay where the gradient is zero."""
    model = tiny()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(1.0)
            parameter.grad = torch.zeros_like(parameter)
    (made,) = optimizers(model, Stage(1, 1, 0.01), 0.1)
    made.step()
    for name, parameter in model.named_parameters():
        wanted = 1.0 if name.endswith("bias") else 1 - 0.01 * 0.1
        assert parameter.detach().flatten()[0].item() == pytest.approx(wanted, abs=1e-7), name


# ---------------------------------------------------------------------------------- recipes


def test_the_practical_recipe_is_the_courses() -> None:
    r = PRACTICAL
    assert (r.layers, r.heads, r.width, r.dropout, r.block_size) == (4, 8, 256, 0.1, 128)
    assert (r.weight_decay, r.clip, r.precision, r.schedule) == (0.1, 1.0, "fp32", "course")
    assert r.pretrain == Stage(epochs=650, batch_size=128, rate=6e-3)
    assert r.scratch == Stage(epochs=75, batch_size=256, rate=6e-4)
    assert r.finetune == Stage(epochs=10, batch_size=256, rate=6e-4)
    ours = (r.shuffle, r.whole_lines, r.closing_mask, r.question_share)
    assert ours == (False, False, False, 0.0)
    assert r.ascii_pairs
    assert r.changes() == ()


def test_recipes_that_differ_say_so_and_hash_apart() -> None:
    assert all(r.changes() for name, r in RECIPES.items() if name != "practical")
    assert len({r.sha256 for r in RECIPES.values()}) == len(RECIPES)
    renamed = replace(PRACTICAL, name="other", remarks=("A new name.",))
    assert renamed.sha256 == PRACTICAL.sha256
    shorter = PRACTICAL.with_epochs("pretrain", 1)
    assert shorter.sha256 != PRACTICAL.sha256
    assert (shorter.pretrain.epochs, shorter.finetune) == (1, PRACTICAL.finetune)


def test_a_recipe_speaks_of_truncation_where_it_shows_lines_and_truncates_them_alike() -> None:
    for r in RECIPES.values():
        said = any("truncated" in sentence for sentence in r.changes())
        assert said == (r.whole_lines and r.document_share > 0), r.name


def test_an_unknown_recipe_is_refused() -> None:
    with pytest.raises(InputError, match="unknown recipe 'slow'; known: practical"):
        recipe("slow")


def test_the_changes_name_every_number_that_differs_from_the_course() -> None:
    changed = PRACTICAL.with_epochs("pretrain", 7)
    assert changed.changes() == ("Pretraining: epochs 7 for 650.",)
    listed = " ".join(RECIPES["quick"].changes())
    assert "width 128 for 256" in listed
    assert "batch size 64 for 128" in listed
