"""Affine maps that use oneDNN's products on a CPU.

torch multiplies fp32 matrices on a CPU with MKL, which leaves the AVX-512 units of other makers'
processors idle; oneDNN, in the same build, does not, and takes half the time there, forward and
backward. Both sum in fp32, in another order. In bf16 torch uses oneDNN itself, but writes the bias
in a pass of its own, which oneDNN does not need where no gradient is wanted.
"""

from __future__ import annotations

from math import prod
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional
from torch.utils.flop_counter import register_flop_formula

AVAILABLE = torch.backends.mkldnn.is_available()
IN_BF16 = AVAILABLE and torch.ops.mkldnn._is_mkldnn_bf16_supported()


class Linear(nn.Linear):
    """`nn.Linear`, with the same parameters and, to rounding, the same outputs and gradients."""

    def forward(self, input: Float[Tensor, "*B n"]) -> Float[Tensor, "*B m"]:
        return linear(input, self.weight, self.bias)


def linear(
    x: Float[Tensor, "*B n"], weight: Float[Tensor, "m n"], bias: Float[Tensor, " m"] | None
) -> Float[Tensor, "*B m"]:
    """x Wᵀ + b, as `torch.nn.functional.linear` and, to rounding, with its values."""
    wanted = torch.is_grad_enabled() and (
        x.requires_grad or weight.requires_grad or (bias is not None and bias.requires_grad)
    )
    if not _is_for_onednn(x, weight, bias, wanted):
        return functional.linear(x, weight, bias)
    product: Tensor = _Product.apply(x, weight, bias) if wanted else _product(x, weight, bias)
    return product


class _Product(torch.autograd.Function):
    """The product with its gradients, once: nobody here differentiates them again."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _product(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        to_x, to_weight, to_bias = ctx.needs_input_grad
        rows, read = (t.reshape(-1, t.shape[-1]) for t in (gradient, x))
        return (
            _product(gradient, weight.mT) if to_x else None,
            _product(rows.mT, read.mT) if to_weight else None,
            rows.sum(0) if to_bias else None,
        )


def _product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    product: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return product


def _is_for_onednn(x: Tensor, weight: Tensor, bias: Tensor | None, wanted: bool) -> bool:
    """Whether oneDNN multiplies these as they are: on a CPU, of one type, not to be rounded first.

    wanted: whether gradients are
    """
    fitting = x.dtype == torch.float32 or (x.dtype == torch.bfloat16 and IN_BF16 and not wanted)
    alike = x.dtype == weight.dtype and (bias is None or bias.dtype == x.dtype)
    there = x.is_cpu and weight.is_cpu and x.numel() > 0
    enabled = AVAILABLE and bool(torch.backends.mkldnn.enabled)
    return fitting and alike and there and enabled and not torch.is_autocast_enabled("cpu")


if AVAILABLE:

    @register_flop_formula(torch.ops.mkldnn._linear_pointwise)
    def _operations(x: list[int], weight: list[int], *_: Any, **__: Any) -> int:
        """So that torch's counter of operations sees these products, too."""
        return 2 * prod(x) * weight[0]
