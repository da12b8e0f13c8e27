"""What a run will take, said before it starts: memory and operations counted, a step timed.

Counted, for one rank and a microbatch that fills the block: the parameters in fp32, a gradient for
each, the optimizers' states, and the activations that the forward pass keeps for the backward
pass. Passing buffers and what the libraries themselves take are not counted. The time is that of
a few real steps, on the run's own batches and a copy of its model, times the number of steps: it
holds as far as those batches are like the others and the machine stays as busy as it was.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import torch
from torch.nn.utils import clip_grad_norm_
from torch.optim import AdamW, Muon, Optimizer

from gpt.batches import Batch
from gpt.model import GPT, ModelConfig
from gpt.ranks import Ranks
from gpt.recipe import Recipe, Stage
from gpt.training.microbatches import gradient
from gpt.training.optimizer import optimizers
from gpt.training.precision import Precision

FP32 = 4
MOMENTS = {AdamW: 2, Muon: 1}
"""Running means that an optimizer keeps of each parameter's gradient."""


@dataclass(frozen=True)
class Memory:
    """Bytes of one rank while it trains."""

    parameters: int
    gradients: int
    states: int
    activations: int

    @property
    def total(self) -> int:
        return self.parameters + self.gradients + self.states + self.activations


@dataclass(frozen=True)
class Shape:
    """Of a batch or microbatch: rows of so many positions, with so many targets in all."""

    rows: int
    positions: int
    targets: int

    @staticmethod
    def of(batch: Batch) -> Shape:
        rows, positions = batch.x.shape
        return Shape(rows, positions, batch.targets)


@dataclass(frozen=True)
class Estimate:
    """operations: floating-point operations of a step, all ranks together; seconds: its time

    steps: of the whole run
    """

    memory: Memory
    operations: float
    seconds: float
    steps: int

    def sentence(self) -> str:
        """One line for the user."""
        m = self.memory
        return (
            f"estimate: {_bytes(m.total)} counted (parameters {_bytes(m.parameters)}, gradients "
            f"{_bytes(m.gradients)}, optimizers {_bytes(m.states)}, activations "
            f"{_bytes(m.activations)}); {self.operations / 1e9:,.2f} GFLOP and {self.seconds:.2g} "
            f"s a step, so {self.seconds * self.steps / 60:,.1f} minutes for {self.steps:,} steps"
        )


def _bytes(number: int) -> str:
    return f"{number / 1e9:,.2f} GB" if number >= 1e9 else f"{number / 1e6:,.1f} MB"


def estimate(
    model: GPT,
    recipe: Recipe,
    stage: Stage,
    some: Sequence[Batch],
    steps: int,
    device: torch.device,
    precision: Precision,
    ranks: Ranks,
    accumulate: int,
) -> Estimate:
    """The estimate for a run of `steps` steps, of which the batches `some` are timed.

    The model, which is on `device`, and the random state are left as they were. All ranks must
    take part.
    """
    trial = copy.deepcopy(model)
    made = optimizers(trial, stage, recipe.weight_decay)
    seconds = []
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        for batch in (some[0], *some):  # once more the first, which warms up
            begin = time.perf_counter()
            gradient(trial, batch, device, precision, ranks, accumulate)
            clip_grad_norm_(trial.parameters(), recipe.clip)
            for optimizer in made:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            seconds.append(time.perf_counter() - begin)
    rows = -(-stage.batch_size // (ranks.size * accumulate))
    positions = recipe.block_size - 1
    largest = Shape(rows, positions, rows * positions)
    return Estimate(
        memory(model.config, made, largest, precision, device),
        fmean(operations(model.config, Shape.of(batch)) for batch in some),
        fmean(seconds[1:]),
        steps,
    )


# --------------------------------------------------------------------------------- counts


def memory(
    config: ModelConfig,
    made: Sequence[Optimizer],
    shape: Shape,
    precision: Precision,
    device: torch.device,
) -> Memory:
    """Bytes that training the parameters of the optimizers `made` takes on one rank."""
    weights = sum(p.numel() for o in made for group in o.param_groups for p in group["params"])
    kept = activations(config, shape, precision, device)
    return Memory(FP32 * weights, FP32 * weights, states(made), kept)


def states(made: Sequence[Optimizer]) -> int:
    """Bytes of the optimizers' states: running means, and AdamW's count of steps a tensor."""
    total = 0
    for optimizer in made:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                total += FP32 * MOMENTS[type(optimizer)] * parameter.numel()
                total += FP32 * isinstance(optimizer, AdamW)
    return total


def activations(
    config: ModelConfig, shape: Shape, precision: Precision, device: torch.device
) -> int:
    """Bytes that the forward pass of a microbatch keeps for the backward pass.

    In units of the width, a block keeps of each position 6 (its first norm before and after,
    query, key, value, attention's output) and 10 in the MLP (its norm before and after, 4 before
    and after GELU); the last block has an MLP, and the model a last norm, at the targets alone.
    Fused attention keeps rotated queries and keys besides. Attention weights are kept where there
    is no fused kernel, on a CPU in bf16 or with dropout: as they are, and then dropped out, with
    their mask. Every dropout keeps a mask. The softmax over the vocabulary is in fp32. Of the
    matrices there are copies: in bf16 of all, in fp32 of the joint one of queries, keys, values.
    """
    L, C, V, H = config.layers, config.width, config.vocabulary_size, config.heads
    size = FP32 if precision == "fp32" else 2
    on_cpu, drops = device.type == "cpu", config.dropout > 0
    fused = not (on_cpu and (precision == "bf16" or drops))
    rotated = fused and config.variant == "rope"
    mask = drops * (size if on_cpu else 1)
    position = C * (size * (6 * L + 10 * (L - 1) + 2 * L * rotated) + mask * 2 * L)
    position += 0 if fused else size * L * H * shape.positions * (3 if drops else 1)
    target = C * (size * 12 + mask) + FP32 * V
    copies = size * (3 * L * C**2 if precision == "fp32" else 12 * L * C**2 + C * V)
    return shape.rows * shape.positions * position + shape.targets * target + copies


def operations(config: ModelConfig, shape: Shape) -> int:
    """Floating-point operations of a forward and backward pass: 2 a multiplication and addition.

    Products alone are counted. The matrices of a block's attention have 4 C² numbers, those of its
    MLP 8 C²; the last MLP and the head work on the targets alone. Attention itself is two products
    of T × C numbers a position, the masked half included. Each product of the forward pass has two
    in the backward pass.
    """
    L, C, T = config.layers, config.width, shape.positions
    position = L * (4 * C**2 + 2 * T * C) + (L - 1) * 8 * C**2
    target = 8 * C**2 + C * config.vocabulary_size
    return 3 * 2 * (shape.rows * T * position + shape.targets * target)
