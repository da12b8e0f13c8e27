"""What the tests of several variants of attention ask of a layer, and give it."""

from __future__ import annotations

import torch
from torch import Tensor

from gpt.attention.heads import Attention


def inputs(width: int, T: int, B: int = 2, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(B, T, width, generator=generator, dtype=torch.float64)


def some_padding(T: int) -> Tensor:
    """Of the first row its first third, of the second its end and one in the middle."""
    padding = torch.zeros(2, T, dtype=torch.bool)
    padding[0, : T // 3] = True
    padding[1, T // 2], padding[1, 4 * T // 5 :] = True, True
    return padding


def require_zero_for_nothing_and_no_nan(made: Attention, x: Tensor) -> None:
    """All keys of the first row are padding, of the second the first: a causal query there sees
    nothing. Values and gradients stay finite."""
    x = x.requires_grad_()
    padding = torch.zeros(x.shape[:2], dtype=torch.bool)
    padding[0], padding[1, 0] = True, True
    y = made(x, padding)
    assert y.dtype == x.dtype
    y.float().square().sum().backward()
    assert bool((y[0] == made.projection.bias).all())
    assert bool((y[1, 0] == made.projection.bias).all()) == made.causal
    for tensor in (y, x.grad, *(p.grad for p in made.parameters())):
        assert tensor is not None
        assert bool(tensor.isfinite().all())
