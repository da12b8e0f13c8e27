"""The training loop: it learns, repeats itself, and stops before it spoils anything."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from gpt.batches import TrainingData, batches
from gpt.corpus import Pair
from gpt.dataset import CharCorruptionDataset, NameDataset
from gpt.model import GPT
from gpt.recipe import PRACTICAL, Recipe, Stage
from gpt.training.checkpoint import Checkpoints
from gpt.training.identity import Identity
from gpt.training.precision import faster_precision, loss_of
from gpt.training.schedule import course_factor, linear_factor
from gpt.training.trainer import Trained, train
from gpt.vocabulary import Vocabulary
from reports.record import InputError

Build = Callable[..., GPT]
CPU = torch.device("cpu")
COURSE = replace(PRACTICAL, dropout=0.0)
LINEAR = replace(COURSE, schedule="linear", shuffle=True)


@pytest.fixture
def names(vocabulary: Vocabulary) -> NameDataset:
    asked = [("Where was Ada born?", "Oslo"), ("Where was Bo born?", "Rome"), ("Where?", "Lima")]
    return NameDataset(vocabulary, [Pair(q, p, i) for i, (q, p) in enumerate(asked, start=1)])


@pytest.fixture
def corruption(text: str) -> CharCorruptionDataset:
    return CharCorruptionDataset(text)


def fit(
    model: GPT, data: TrainingData, stage: Stage, recipe: Recipe = LINEAR, seed: int = 0
) -> Trained:
    return train(model, data, recipe, stage, max(1, data.documents), seed, CPU, "fp32")


def losses(result: Trained) -> list[float]:
    return [point.loss for point in result.points]


@pytest.mark.parametrize("stage", [Stage(120, 4, 0.01), Stage(120, 4, 0.01, matrix_rate=0.05)])
@pytest.mark.parametrize("variant", ["vanilla", "rope"])
def test_one_batch_is_learned_by_heart(
    tiny: Build, names: NameDataset, variant: str, stage: Stage
) -> None:
    model = tiny(variant, len(names.vocabulary), width=32)
    result = fit(model, TrainingData(None, names), stage)
    assert losses(result)[0] == pytest.approx(math.log(len(names.vocabulary)), rel=0.1)
    assert result.final_loss < 0.05
    model.eval()
    x, y = (torch.stack(part) for part in zip(*(names[i] for i in range(3)), strict=True))
    with torch.no_grad():
        learned = functional.cross_entropy(model(x).flatten(0, 1), y.flatten(), ignore_index=0)
    assert learned < 0.05


def test_the_curve_counts_steps_epochs_and_characters(
    tiny: Build, corruption: CharCorruptionDataset, tmp_path: Path
) -> None:
    data = TrainingData(corruption, None)
    log = tmp_path / "new" / "log.jsonl"
    model = tiny("vanilla", corruption.vocab_size)
    result = train(model, data, COURSE, Stage(3, 10, 1e-3), 24, 0, CPU, "fp32", log)
    assert (result.steps, result.precision) == (9, "fp32")
    assert [p.epoch for p in result.points] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert [p.step for p in result.points] == list(range(9))
    read = sum(
        int((batch.x != 0).sum()) for e in range(3) for batch in batches(data, 10, 128, False, 0, e)
    )
    assert result.tokens == result.points[-1].tokens == read
    assert result.final_loss == pytest.approx(sum(losses(result)[-3:]) / 3)
    assert [json.loads(line) for line in log.read_text().splitlines()] == [
        vars(point) for point in result.points
    ]


def test_the_rate_of_each_step_is_the_schedules(
    tiny: Build, corruption: CharCorruptionDataset
) -> None:
    """The course sets the rate after a step from the labels so far; the first step is at full."""
    stage = Stage(8, 24, 1e-3)
    data = TrainingData(corruption, None)
    model = tiny("vanilla", corruption.vocab_size)
    course = train(model, data, COURSE, stage, pretraining_documents=1, seed=0, device=CPU)
    wanted = [1.0] + [course_factor(24 * 127 * step, 200 * 1 * 128) for step in range(1, 8)]
    assert wanted[3] < wanted[4] > wanted[7] > 0.1  # the warm-up ends within, the cosine does not
    assert [p.learning_rate for p in course.points] == pytest.approx([1e-3 * f for f in wanted])
    linear = fit(tiny("vanilla", corruption.vocab_size), data, stage, LINEAR)
    wanted = [linear_factor(step, 8) for step in range(8)]
    assert [p.learning_rate for p in linear.points] == pytest.approx([1e-3 * f for f in wanted])


def test_the_same_seed_repeats_the_run_and_another_does_not(
    tiny: Build, corruption: CharCorruptionDataset
) -> None:
    data, stage = TrainingData(corruption, None), Stage(2, 8, 1e-3)

    def run(seed: int, before: int) -> tuple[list[float], GPT]:
        model = tiny("rope", corruption.vocab_size, dropout=0.1)
        torch.manual_seed(before)
        return losses(fit(model, data, stage, seed=seed)), model

    (one, a), (same, b), (other, _) = run(1, before=5), run(1, before=6), run(2, before=5)
    assert one == same != other
    assert all(bool((p == q).all()) for p, q in zip(a.parameters(), b.parameters(), strict=True))


def test_gradients_are_clipped(tiny: Build, names: NameDataset) -> None:
    """With the clip at 0 nothing is learned, but for decay, which is 0 here."""
    model = tiny("vanilla", len(names.vocabulary))
    before = [p.detach().clone() for p in model.parameters()]
    frozen = replace(LINEAR, clip=0.0, weight_decay=0.0)
    fit(model, TrainingData(None, names), Stage(1, 4, 1e-3), frozen)
    assert all(bool((p == q).all()) for p, q in zip(model.parameters(), before, strict=True))


def test_a_loss_that_is_not_a_number_stops_before_the_step(
    tiny: Build, corruption: CharCorruptionDataset
) -> None:
    model = tiny("vanilla", corruption.vocab_size)
    with torch.no_grad():
        model.head.weight[3, 0] = math.nan
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    with pytest.raises(InputError, match=r"^loss is nan at step 0 of 3 \(epoch 0, batch 0, 8 "):
        fit(model, TrainingData(corruption, None), Stage(1, 8, 1e-3))
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter.nan_to_num(7.0), before[name].nan_to_num(7.0)), name


def test_a_loss_that_explodes_later_stops_with_the_weights_of_the_step_before(
    tiny: Build, corruption: CharCorruptionDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[torch.Tensor]] = []
    real = loss_of

    def explode(model: GPT, *rest: object) -> torch.Tensor:
        seen.append([p.detach().clone() for p in model.parameters()])
        loss = real(model, *rest)  # type: ignore[arg-type]
        return loss if len(seen) < 3 else loss * math.inf

    monkeypatch.setattr("gpt.training.microbatches.loss_of", explode)
    model = tiny("vanilla", corruption.vocab_size)
    with pytest.raises(InputError, match=r"^loss is inf at step 2 of 3 \(epoch 0, batch 2, 8 "):
        fit(model, TrainingData(corruption, None), Stage(1, 8, 1e-3))
    assert len(seen) == 3
    for parameter, first, last in zip(model.parameters(), seen[0], seen[2], strict=True):
        assert torch.equal(parameter, last)
        assert not torch.equal(parameter, first)


def test_a_gradient_that_is_not_a_number_stops_before_the_step(
    tiny: Build, corruption: CharCorruptionDataset, tmp_path: Path
) -> None:
    """The loss is a number still; the message names the batch, and the last checkpoint stays."""
    model = tiny("vanilla", corruption.vocab_size)
    calls: list[int] = []

    def spoil(gradient: torch.Tensor) -> torch.Tensor:
        calls.append(0)
        return gradient * (math.nan if len(calls) == 5 else 1.0)

    model.head.weight.register_hook(spoil)
    checkpoints = Checkpoints(tmp_path / "out.params", Identity({}, {}, {}), every=1)
    data, stage = TrainingData(corruption, None), Stage(2, 8, 1e-3)
    made = list(batches(data, 8, LINEAR.block_size, LINEAR.shuffle, 0, 1))
    first = corruption.vocabulary.decode(made[1].x[0].tolist()).rstrip("□")
    with pytest.raises(InputError) as stopped:
        train(model, data, LINEAR, stage, 24, 0, CPU, "fp32", checkpoints=checkpoints)
    assert str(stopped.value) == (
        f"gradient's norm is nan at step 4 of 6 (epoch 1, batch 1, 8 rows, the first {first!r:.60}"
        "): stopped before the step; what was saved stands"
    )
    newest = checkpoints.newest()
    assert newest is not None
    assert newest.progress.step == 4
    for name, value in model.state_dict().items():
        assert torch.equal(value, newest.tensors[f"model.{name}"]), name


def test_choosing_the_precision_leaves_the_model_and_the_generator_as_they_were(
    tiny: Build, corruption: CharCorruptionDataset
) -> None:
    model = tiny("vanilla", corruption.vocab_size, dropout=0.1).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    batch = next(batches(TrainingData(corruption, None), 4, 128, True, 0, 0))
    torch.manual_seed(4)
    state = torch.get_rng_state()
    assert faster_precision(model, batch) in ("fp32", "bf16")
    assert torch.equal(torch.get_rng_state(), state)
    assert all(p.grad is None for p in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_both_precisions_learn(tiny: Build, names: NameDataset, precision: str) -> None:
    model = tiny("rope", len(names.vocabulary), width=32)
    data = TrainingData(None, names)
    result = train(
        model,
        data,
        LINEAR,
        Stage(120, 4, 0.01),
        1,
        0,
        CPU,
        precision,  # type: ignore[arg-type]
    )
    assert result.precision == precision
    assert result.final_loss < 0.1
    assert {p.dtype for p in model.parameters()} == {torch.float32}


def test_a_log_that_cannot_be_written_is_refused(
    tiny: Build, corruption: CharCorruptionDataset, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    log = tmp_path / "file" / "log.jsonl"
    data = TrainingData(corruption, None)
    with pytest.raises(InputError, match=r"log\.jsonl: cannot be written"):
        train(tiny("vanilla", 11), data, LINEAR, Stage(1, 8, 1e-3), 1, 0, CPU, "fp32", log)
