"""Small Linformers, their brute force in loops, and what the tests of both forms ask of them."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from gpt.attention.linformer import LinformerAttention
from tests.gpt import attention_checks
from tests.gpt.attention_checks import some_padding

HEADS, SIZE, N, K, BLOCK = 2, 4, 24, 5, 4
WIDTH = HEADS * SIZE
SHARES = pytest.mark.parametrize("share", ["key-value", "headwise"])
FORMS = pytest.mark.parametrize("causal", [True, False])


def layer(causal: bool = True, share: str = "headwise", **options: Any) -> LinformerAttention:
    """In float64, with weights far from equal."""
    torch.manual_seed(0)
    chosen = {"k": K, "block": BLOCK, "share": share} | options
    made = LinformerAttention(WIDTH, HEADS, N, 0.0, causal, **chosen).double()  # type: ignore[arg-type]
    with torch.no_grad():
        for linear in (made.query, made.key, made.value):
            linear.weight.normal_(std=0.5)
    return made.eval()


inputs = partial(attention_checks.inputs, WIDTH)


@torch.no_grad()
def brute_force(made: LinformerAttention, x: Tensor, padding: Tensor | None = None) -> Tensor:
    """Query by query: a softmax over a list of keys, each a sum over positions or a position."""
    B, T, _ = x.shape
    E, F = made.matrices
    q, k, v = (linear(x) for linear in (made.query, made.key, made.value))
    mixed = torch.zeros(B, T, WIDTH, dtype=torch.float64)
    for b in range(B):
        there = [s for s in range(T) if padding is None or not padding[b, s]]
        for h in range(HEADS):
            part = slice(h * SIZE, (h + 1) * SIZE)
            for t in range(T):
                begun = t // made.block * made.block if made.causal else T
                summed = [s for s in there if s < begun]
                keys, values = [], []
                for e, f in zip(E, F, strict=True):
                    if any(float(e[s]) != 0.0 for s in summed):
                        keys.append(torch.stack([e[s] * k[b, s, part] for s in summed]).sum(0))
                        values.append(torch.stack([f[s] * v[b, s, part] for s in summed]).sum(0))
                for s in there:
                    if begun <= s <= t:
                        keys.append(k[b, s, part])
                        values.append(v[b, s, part])
                weights = [math.exp(float(q[b, t, part] @ key) / SIZE**0.5) for key in keys]
                for weight, value in zip(weights, values, strict=True):
                    mixed[b, t, part] += weight / sum(weights) * value
    y: Tensor = made.projection(mixed)
    return y


@torch.no_grad()
def error(made: LinformerAttention, T: int, padded: bool = False) -> float:
    x, padding = inputs(T), some_padding(T) if padded else None
    return float((made(x, padding) - brute_force(made, x, padding)).abs().max())


def made_exact(made: LinformerAttention) -> LinformerAttention:
    """k = n, E = F = identity."""
    with torch.no_grad():
        for name in ("E", "F") if made.share == "headwise" else ("E",):
            made.get_parameter(name).copy_(torch.eye(N))
    return made


@torch.no_grad()
def sees_the_future(made: LinformerAttention, T: int = N) -> bool:
    """Whether a bit of the output changes with an input behind it or in another row."""
    dtype = made.query.weight.dtype
    x = inputs(T).to(dtype)
    before = made(x)
    for t in range(T):
        changed = x.clone()
        changed[0, t] = 3.0
        after = made(changed)
        if not bool((after[0, :t] == before[0, :t]).all() and (after[1] == before[1]).all()):
            return True
        assert bool((after[0, t:] != before[0, t:]).any(-1).all())  # all that follow see it
    return False


@torch.no_grad()
def stepwise_error(made: LinformerAttention, dtype: torch.dtype = torch.float64) -> float:
    """Rows at different places of their blocks, extended to the end; two leave half-way."""
    made, x = made.to(dtype), inputs(N, 5).to(dtype)
    whole, lengths, rows = made(x), torch.tensor([1, 9, 4, 8, 7]), torch.arange(5)
    begun, state = made.start(x[:, :9], lengths, N - 9)
    found = [(begun[r, :n] - whole[r, :n]).abs().max() for r, n in enumerate(lengths)]
    for step in range(N - 9):
        if step == 6:
            kept = torch.tensor([0, 1, 4])
            rows, lengths, state = rows[kept], lengths[kept], state.keep(kept)
        positions = lengths + step
        y = made.extend(x[rows, positions][:, None], positions, state)
        found.append((y[:, 0] - whole[rows, positions]).abs().max())
    return float(torch.stack(found).max())
