"""Attention from one sequence to another, against its definition written in loops."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.func import functional_call

from gpt.attention.cross_attention import CrossAttention

WIDTH, HEADS = 12, 3
F64 = torch.float64


def attention(causal: bool = True) -> CrossAttention:
    """In float64, with all parameters random and scores of order 1."""
    torch.manual_seed(0)
    made = CrossAttention(WIDTH, HEADS, 0.0, causal).double()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(std=0.5)
    return made.eval()


def inputs(T: int, B: int = 2, seed: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(B, T, WIDTH, generator=generator, dtype=F64)


def looked_up(made: Any, query: Tensor, context: Sequence[Tensor]) -> Tensor:
    """One query's output over the vectors it sees: a mean by exp(q·k/√D), head by head."""
    mixed, size = torch.zeros(WIDTH, dtype=F64), WIDTH // HEADS
    for h in range(HEADS):
        part = slice(h * size, (h + 1) * size)
        q = made.query.weight[part] @ query + made.query.bias[part]
        total = 0.0
        for vector in context:
            k = made.key.weight[part] @ vector + made.key.bias[part]
            weight = math.exp(float(q @ k) / math.sqrt(size))
            total += weight
            mixed[part] += weight * (made.value.weight[part] @ vector + made.value.bias[part])
        if context:
            mixed[part] /= total
    output: Tensor = made.projection.weight @ mixed + made.projection.bias
    return output


def some_padding(T: int) -> Tensor:
    """The first row has no position at all, the second misses its first and its last."""
    padding = torch.zeros(2, T, dtype=torch.bool)
    padding[0], padding[1, 0], padding[1, -1] = True, True, True
    return padding


@torch.no_grad()
def cross_error(causal: bool, times: bool, padded: bool) -> float:
    """Of 9 queries and 7 keys, whose times are those of two ragged texts, or 0, 1, 2 …"""
    made, x, context = attention(causal), inputs(9, seed=3), inputs(7, seed=4)
    at, of = list(range(9)), list(range(7))
    given: list[Tensor | None] = [None, None]
    if times:
        at, of = [3, 0, 0, 5, 9, 1, 2, 8, 4], [1, 1, 4, 2, 6, 9, 3]
        given = [torch.tensor(at), torch.tensor(of)]
    padding = some_padding(7)
    ours = made(x, context, *given, padding if padded else None)
    worst = 0.0
    for b in range(2):
        for i in range(9):
            seen = [
                context[b, j]
                for j in range(7)
                if not (causal and of[j] > at[i]) and not (padded and padding[b, j])
            ]
            worst = max(worst, float((ours[b, i] - looked_up(made, x[b, i], seen)).abs().max()))
    return worst


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize(("causal", "times"), [(True, True), (True, False), (False, False)])
def test_cross_attention_is_the_loops(causal: bool, times: bool, padded: bool) -> None:
    assert cross_error(causal, times, padded) < 1e-12


# -------------------------------------------------------------------- gradients and numbers


@pytest.mark.parametrize("causal", [True, False])
def test_gradients_are_those_of_differences(causal: bool) -> None:
    """Of queries that all rows share, a row without any position, and the parameters."""
    made = attention(causal)
    names = [name for name, _ in made.named_parameters()]

    def output(x: Tensor, context: Tensor, *parameters: Tensor) -> Tensor:
        given = dict(zip(names, parameters, strict=True))
        y = functional_call(made, given, (x, context), {"padding": some_padding(4)})
        assert isinstance(y, Tensor)
        return y

    parts = [inputs(3, B=1), inputs(4), *(p.detach().clone() for p in made.parameters())]
    assert torch.autograd.gradcheck(
        output, tuple(p.requires_grad_() for p in parts), fast_mode=True
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("causal", [True, False])
def test_large_scores_and_nothing_to_see_give_numbers(causal: bool, dtype: torch.dtype) -> None:
    made = attention(causal).to(dtype)
    x, context = (1e4 * inputs(T).to(dtype) for T in (9, 7))
    y = made(x.requires_grad_(), context.requires_grad_(), padding=some_padding(7))
    y.float().sum().backward()
    assert y.dtype == dtype
    assert bool((y[0] == made.projection.bias).all())
    gradients = [x.grad, context.grad, *(p.grad for p in made.parameters())]
    assert all(g is not None and bool(g.isfinite().all()) for g in gradients)
    assert x.grad is not None
    assert bool((x.grad[0] == 0).all())


def test_attention_that_sees_later_positions_cannot_be_extended() -> None:
    with pytest.raises(ValueError, match="cannot be extended"):
        attention(causal=False).start(inputs(3), inputs(4), None, None, 0)


# ------------------------------------------------------------------------------ wrong twins


def test_an_ignored_padding_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    mixed = CrossAttention._mixed

    def wrong(self: CrossAttention, x: Tensor, k: Tensor, v: Tensor, *rest: Any) -> Tensor:
        times, others, _ = rest
        return mixed(self, x, k, v, times, others, None)

    monkeypatch.setattr(CrossAttention, "_mixed", wrong)
    assert cross_error(causal=False, times=False, padded=True) > 1e-3


def test_a_causal_flag_that_is_ignored_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Either way."""
    for causal in (True, False):
        made = attention(causal)
        made.causal = not causal
        monkeypatch.setitem(globals(), "attention", lambda causal, made=made: made)
        assert cross_error(causal, times=False, padded=False) > 1e-3


@pytest.mark.parametrize("by", [1, -1])
def test_a_mask_off_by_one_is_caught(monkeypatch: pytest.MonkeyPatch, by: int) -> None:
    mixed = CrossAttention._mixed

    def wrong(self: CrossAttention, x: Tensor, k: Tensor, v: Tensor, *rest: Any) -> Tensor:
        times, others, padding = rest
        times = torch.arange(x.shape[1]) if times is None else times
        return mixed(self, x, k, v, times + by, others, padding)

    monkeypatch.setattr(CrossAttention, "_mixed", wrong)
    assert cross_error(causal=True, times=False, padded=False) > 1e-3
    assert cross_error(causal=True, times=True, padded=False) > 1e-3
