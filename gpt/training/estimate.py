"""What a run will take, said before it starts: its memory, its operations and its time.

The parameters in fp32, a gradient for each and the optimizers' states are counted. What the forward
pass keeps for the backward pass is weighed on two and on three full rows of a copy of the model,
and grows alike with every further row. Passing buffers and what the libraries themselves take are
left out. Operations are those that torch counts in a real step, its time that of a few, on the
run's own batches, times the number of steps: it holds as far as those batches are like the others
and the machine stays as busy as it was.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import fmean

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.utils import clip_grad_norm_
from torch.optim import AdamW, Muon, Optimizer
from torch.utils.flop_counter import FlopCounterMode

from gpt.batches import Batch
from gpt.model import GPT
from gpt.ranks import Ranks
from gpt.recipe import Recipe, Stage
from gpt.training.microbatches import gradient
from gpt.training.optimizer import optimizers
from gpt.training.precision import Precision, loss_of

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
class Estimate:
    """operations: floating-point operations of the products of a step, all ranks together

    seconds: its time; steps: of the whole run
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
    rows = -(-stage.batch_size // (ranks.size * accumulate))
    counter = FlopCounterMode(display=False)
    seconds = []
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        kept = activations(trial, rows, device, precision)
        for counting, batch in [(True, some[0]), *((False, batch) for batch in some)]:
            begin = time.perf_counter()
            with ExitStack() as stack:
                if counting:  # which also warms up; the counter knows no fused kernel of a CPU
                    stack.enter_context(sdpa_kernel(SDPBackend.MATH))
                    stack.enter_context(counter)
                gradient(trial, batch, precision, ranks, accumulate)
            clip_grad_norm_(trial.parameters(), recipe.clip)
            for optimizer in made:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            seconds.append(time.perf_counter() - begin)
    return Estimate(
        memory(made, kept), ranks.size * counter.get_total_flops(), fmean(seconds[1:]), steps
    )


# --------------------------------------------------------------------------------- counts


def memory(made: Sequence[Optimizer], kept: int) -> Memory:
    """Bytes that training the parameters of the optimizers `made` takes on one rank."""
    weights = sum(p.numel() for o in made for group in o.param_groups for p in group["params"])
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


def activations(model: GPT, rows: int, device: torch.device, precision: Precision) -> int:
    """Bytes that the forward pass of a microbatch of so many full rows keeps for the backward pass.

    Every position is a target.
    """
    if rows <= 3:
        return _kept(model, rows, device, precision)
    two, three = (_kept(model, n, device, precision) for n in (2, 3))  # a row alone is not copied
    return two + (rows - 2) * (three - two)


def _kept(model: GPT, rows: int, device: torch.device, precision: Precision) -> int:
    """The same of a few rows, by autograd's hooks: each storage once, parameters left out."""
    ours = {t.untyped_storage().data_ptr() for t in [*model.parameters(), *model.buffers()]}
    found: dict[int, Tensor] = {}

    def pack(tensor: Tensor) -> Tensor:
        found[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    block = model.config.block_size
    ids = torch.ones(rows, block - 1, dtype=torch.long, device=device)
    batch = Batch(ids, ids, ids.numel(), torch.full((rows,), block), torch.zeros(rows).long())
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss_of(model, batch, precision)
    return sum(t.untyped_storage().nbytes() for key, t in found.items() if key not in ours)
