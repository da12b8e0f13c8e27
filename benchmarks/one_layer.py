"""What benchmarks of one layer of attention share: sizes, calls, and turns of them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

import torch
from torch import Tensor

Work = Literal["forward", "both"]
Call = Callable[[], object]
Layer = Callable[..., Tensor]

WORKS: tuple[Work, ...] = ("forward", "both")
PRECISIONS: dict[Literal["fp32", "bf16"], torch.dtype] = {
    "fp32": torch.float32,
    "bf16": torch.bfloat16,
}
BATCH, HEADS, SIZE = 1, 4, 64
TURN = 0.05
"""Seconds that a turn takes at least; a shorter call is repeated."""


def calls(
    layer: Layer, inputs: Sequence[Tensor], parameters: Sequence[Tensor], gradient: Tensor
) -> dict[Work, Call]:
    """What is timed of a layer."""
    return {
        "forward": partial(forward, layer, inputs),
        "both": partial(forward_and_backward, layer, inputs, parameters, gradient),
    }


@torch.inference_mode()
def forward(layer: Layer, inputs: Sequence[Tensor]) -> Tensor:
    return layer(*inputs)


def forward_and_backward(
    layer: Layer, inputs: Sequence[Tensor], parameters: Sequence[Tensor], gradient: Tensor
) -> None:
    """The gradients are dropped again, so that each call makes them anew."""
    layer(*inputs).backward(gradient)
    for x in (*inputs, *parameters):
        x.grad = None


def repeated(call: Call, device: torch.device) -> Callable[[], float]:
    """A turn: the call as often as a turn needs, by how long it takes now; returns how often."""
    for _ in range(2):  # the first call of all may have much to prepare
        begin = time.perf_counter()
        times(1, call, device)
        seconds = time.perf_counter() - begin
        if seconds > TURN:
            break
    return partial(times, max(1, math.ceil(TURN / seconds)), call, device)


def times(number: int, call: Call, device: torch.device) -> float:
    """The call so often, until the device has done it; returns how often."""
    for _ in range(number):
        call()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return float(number)


def seconds_of(rates: Sequence[float]) -> tuple[float, ...]:
    """Seconds of one call, to four digits, one value a turn; rates: calls a second."""
    return tuple(float(f"{1 / rate:.4g}") for rate in rates)
