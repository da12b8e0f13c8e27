"""Affine maps that use oneDNN's fp32 products where no gradient is wanted.

torch multiplies fp32 matrices on a CPU with MKL, which leaves the AVX-512 units of other makers'
processors idle; oneDNN, in the same build, does not. Both sum in fp32, in another order.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


class Linear(nn.Linear):
    """`nn.Linear`, with the same parameters and, to rounding, the same outputs."""

    def forward(self, input: Float[Tensor, "*B n"]) -> Float[Tensor, "*B m"]:
        return linear(input, self.weight, self.bias)


def linear(
    x: Float[Tensor, "*B n"], weight: Float[Tensor, "m n"], bias: Float[Tensor, " m"] | None
) -> Float[Tensor, "*B m"]:
    """x Wᵀ + b, as `torch.nn.functional.linear` and, to rounding, with its values."""
    if torch.is_grad_enabled() or not _is_plain_fp32(x):
        return functional.linear(x, weight, bias)
    product: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return product


def _is_plain_fp32(x: Tensor) -> bool:
    """Whether `x` is what oneDNN's fp32 product takes: dense, on a CPU, and not to be rounded."""
    on_cpu = x.device.type == "cpu" and x.dtype == torch.float32
    return on_cpu and torch.backends.mkldnn.is_available() and not torch.is_autocast_enabled("cpu")
