"""The estimate against what a step really does: tensors weighed, autograd and torch counting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.optim import AdamW

from gpt.attention import VARIANTS
from gpt.batches import Batch, TrainingData
from gpt.dataset import CharCorruptionDataset
from gpt.model import GPT
from gpt.ranks import ALONE
from gpt.recipe import PRACTICAL, Stage
from gpt.training import estimate
from gpt.training.estimate import Memory, activations, memory
from gpt.training.optimizer import optimizers
from gpt.training.precision import Precision, loss_of
from gpt.training.trainer import train

Build = Callable[..., GPT]
CPU = torch.device("cpu")
MUON = Stage(1, 4, 1e-3, matrix_rate=0.02)
ADAMW = replace(MUON, matrix_rate=None)


def batch_of(rows: int, positions: int, symbols: int) -> Batch:
    """Random rows, of which about two thirds of the positions are targets."""
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randint(2, symbols, (2, rows, positions), generator=generator)
    silent = torch.randint(2 * positions // 3, (rows,), generator=generator)
    y[torch.arange(positions) < silent[:, None]] = 0
    return Batch(x, y, rows * positions, torch.full((rows,), positions + 1), silent)


def kept(model: GPT, batch: Batch, precision: Precision) -> int:
    """Bytes that autograd keeps after a forward pass, each storage once, parameters left out."""
    ours = {t.untyped_storage().data_ptr() for t in [*model.parameters(), *model.buffers()]}
    found: dict[int, Tensor] = {}

    def pack(tensor: Tensor) -> Tensor:
        found[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss_of(model, batch, precision)
    return sum(t.untyped_storage().nbytes() for key, t in found.items() if key not in ours)


def full(model: GPT, rows: int) -> Batch:
    """Rows that fill the block, of which every position is a target."""
    block = model.config.block_size
    x, y = torch.randint(2, model.config.vocabulary_size, (2, rows, block - 1))
    return Batch(x, y, y.numel(), torch.full((rows,), block), torch.zeros(rows).long())


def counted_and_real(model: GPT, stage: Stage) -> tuple[list[int], list[int]]:
    """Bytes of parameters, gradients and states: as counted, and of the tensors of a first step."""
    made, batch = optimizers(model, stage, 0.1), batch_of(2, 20, 11)
    counted = memory(made, 0)
    loss_of(model, batch, "fp32").backward()
    for optimizer in made:
        optimizer.step()
    parameters = list(model.parameters())
    real: list[list[Tensor]] = [
        [*parameters],
        [p.grad for p in parameters if p.grad is not None],
        [t for o in made for state in o.state.values() for t in state.values()],
    ]
    return (
        [counted.parameters, counted.gradients, counted.states],
        [sum(tensor.nbytes for tensor in tensors) for tensors in real],
    )


@pytest.mark.parametrize("stage", [ADAMW, MUON])
def test_parameters_gradients_and_states_are_counted_to_the_byte(tiny: Build, stage: Stage) -> None:
    counted, real = counted_and_real(tiny("vanilla", dropout=0.1), stage)
    assert counted == real


def test_an_optimizer_of_one_moment_for_two_is_noticed(
    tiny: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(estimate.MOMENTS, AdamW, 1)
    counted, real = counted_and_real(tiny("vanilla"), ADAMW)
    assert counted[:2] == real[:2]
    assert counted[2] < 0.6 * real[2]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("dropout", [0.0, 0.1])
@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_activations_are_what_autograd_keeps(
    tiny: Build, variant: str, dropout: float, precision: Precision
) -> None:
    """Within 1 %: of a few storages the size is no multiple of the rows."""
    model = tiny(variant, dropout=dropout, vocabulary_size=90, heads=4, width=64)
    found = kept(model, full(model, 9), precision)
    assert abs(found / activations(model, 9, CPU, precision) - 1) < 0.01
    assert abs(found / activations(model, 8, CPU, precision) - 1) > 0.05  # twin: a row forgotten


def test_activations_are_those_counted_by_hand(tiny: Build) -> None:
    """In fp32 and without dropout, in units of the width: a block keeps of each position 6 (its
    first norm before and after, query, key, value, attention's output) and 10 in the MLP (its norm
    before and after, 4 before and after GELU), the model 2 at its last norm, and the softmax of
    the logits. Kernels keep up to 15 % more, as copies in an order of their own.
    """
    rows, L, C, V = 5, 3, 32, 40
    model = tiny("vanilla", V, layers=L, heads=2, width=C)
    positions = rows * (model.config.block_size - 1)
    counted = 4 * (positions * (C * (16 * L + 2) + V) + 3 * L * C**2)
    assert 1.0 <= activations(model, rows, CPU, "fp32") / counted <= 1.15


def test_operations_are_those_counted_by_hand(tiny: Build) -> None:
    """2 for a multiplication and addition; each product has two more in the backward pass.

    The matrices of a block's attention have 4 C² numbers, those of its MLP 8 C²; the last MLP and
    the head work on the targets alone. Attention itself is two products of T × C numbers a
    position, the masked half included.
    """
    L, C, V, T = 2, 16, 11, 30
    batch = batch_of(6, T, V)
    position = L * (4 * C**2 + 2 * T * C) + (L - 1) * 8 * C**2
    target = 8 * C**2 + C * V
    counted = 3 * 2 * (6 * T * position + int(batch.scored.sum()) * target)
    for accumulate in (1, 3):
        made = estimate.estimate(
            tiny(), PRACTICAL, MUON, [batch, batch_of(2, 5, V)], 9, CPU, "fp32", ALONE, accumulate
        )
        assert made.operations == counted


def test_an_estimate_changes_nothing_and_says_what_it_is(tiny: Build) -> None:
    model = tiny("rope", dropout=0.1)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    some = [batch_of(3, 20, 11), batch_of(4, 30, 11)]
    torch.manual_seed(4)
    state = torch.get_rng_state()
    made = estimate.estimate(model, PRACTICAL, MUON, some, 600, CPU, "fp32", ALONE, 2)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    assert made.seconds > 0
    assert made.memory.activations == activations(model, 2, CPU, "fp32")  # 4 in 2 microbatches
    minute = replace(made, seconds=0.1, operations=2.5e9, memory=Memory(4, 4, 8, 2 * 10**9))
    assert minute.sentence() == (
        "estimate: 2.00 GB counted (parameters 0.0 MB, gradients 0.0 MB, optimizers 0.0 MB, "
        "activations 2.00 GB); 2.50 GFLOP and 0.1 s a step, so 1.0 minutes for 600 steps"
    )


def test_a_run_with_an_estimate_is_the_run_without(
    tiny: Build, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Dropout included; the estimate of a run that is over at once is not made."""
    monkeypatch.setattr("gpt.training.trainer.TIMED", 1)
    corruption = CharCorruptionDataset(text)

    def losses(epochs: int, estimated: bool) -> list[float]:
        model = tiny("rope", corruption.vocab_size, dropout=0.1)
        stage, data = Stage(epochs, 2, 1e-3), TrainingData(corruption, None)
        trained = train(model, data, PRACTICAL, stage, 24, 0, CPU, "fp32", estimated=estimated)
        return [point.loss for point in trained.points]

    assert losses(5, estimated=True) == losses(5, estimated=False)
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 1
    assert said[0].endswith("minutes for 60 steps")
    losses(4, estimated=True)
    assert capsys.readouterr().out == ""
