"""The loss of a batch in fp32 or bf16, and which of the two is faster here."""

from __future__ import annotations

import copy
import time
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import functional_call
from torch.nn import functional

from gpt.batches import Batch
from gpt.device import moved
from gpt.model import GPT

Precision = Literal["fp32", "bf16"]


def loss_of(model: GPT, batch: Batch, precision: Precision) -> Float[Tensor, ""]:
    """The mean loss over the batch's targets, in nats; the loss itself is taken in fp32.

    In bf16 the whole pass works on a copy of the weights; gradients arrive at the fp32 ones.
    """
    kept = moved(batch.kept, batch.x.device)
    x, y = batch.x, batch.y.flatten()[kept]
    if precision == "fp32":
        return functional.cross_entropy(model(x, kept), y)
    copy = {name: weight.bfloat16() for name, weight in model.named_parameters()}
    return functional.cross_entropy(functional_call(model, copy, (x, kept)).float(), y)


def faster_precision(model: GPT, batch: Batch) -> Precision:
    """Time a forward and backward pass in fp32 and in bf16 and return the faster.

    The model and the random state are left as they were.
    """
    device = batch.x.device
    trial = copy.deepcopy(model)
    seconds: dict[Precision, float] = {}
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        for precision in ("fp32", "bf16", "fp32", "bf16"):
            begin = time.perf_counter()
            loss_of(trial, batch, precision).backward()
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            seconds[precision] = time.perf_counter() - begin
    return "bf16" if seconds["bf16"] < seconds["fp32"] else "fp32"
