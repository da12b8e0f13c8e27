"""Affine maps that use oneDNN's fp32 products where no gradient is wanted.

torch multiplies fp32 matrices on a CPU with MKL, which leaves the AVX-512 units of other makers'
processors idle; oneDNN, in the same build, does not. Both sum in fp32, in another order.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Linear(nn.Linear):
    """`nn.Linear`, with the same parameters and, to rounding, the same outputs."""

    def forward(self, input: Float[Tensor, "*B n"]) -> Float[Tensor, "*B m"]:
        if torch.is_grad_enabled() or not _is_plain_fp32(input):
            return super().forward(input)
        product: Tensor = torch.ops.mkldnn._linear_pointwise(
            input, self.weight, self.bias, "none", [], ""
        )
        return product


def _is_plain_fp32(x: Tensor) -> bool:
    """Whether `x` is what oneDNN's fp32 product takes: dense, on a CPU, and not to be rounded."""
    on_cpu = x.device.type == "cpu" and x.dtype == torch.float32
    return on_cpu and torch.backends.mkldnn.is_available() and not torch.is_autocast_enabled("cpu")
