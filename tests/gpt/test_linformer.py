"""Linformer in both its forms against loops, exact softmax (E = F = identity)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from gpt.attention import linformer
from gpt.attention.heads import Attention
from gpt.attention.linformer import LinformerAttention
from gpt.attention.rope import RotaryAttention
from gpt.attention.synthesizer import SynthesizerAttention
from gpt.attention.vanilla import SelfAttention
from gpt.model import GPT
from tests.gpt.attention_checks import require_zero_for_nothing_and_no_nan, some_padding
from tests.gpt.linformer_checks import (
    BLOCK,
    FORMS,
    HEADS,
    SHARES,
    WIDTH,
    N,
    error,
    inputs,
    layer,
    made_exact,
)

LENGTHS = pytest.mark.parametrize("T", [1, 3, BLOCK, BLOCK + 1, 18, N])


@pytest.mark.parametrize("padded", [False, True])
@SHARES
@FORMS
@LENGTHS
def test_the_layer_is_the_loops(T: int, causal: bool, share: str, padded: bool) -> None:
    assert error(layer(causal, share), T, padded) < 1e-12


# ------------------------------------------------------------------- exact softmax, by identity


def exact(made: LinformerAttention, kind: type[Attention]) -> Attention:
    """Exact attention with the same maps."""
    same = kind(WIDTH, HEADS, N, 0.0, made.causal).double()
    own = {name: p for name, p in made.state_dict().items() if name not in ("E", "F")}
    same.load_state_dict(own)
    return same.eval()


@torch.no_grad()
def distance_from_softmax(made: LinformerAttention, kind: type[Attention] = SelfAttention) -> float:
    made = made_exact(made)
    softmax, found = exact(made, kind), []
    for T in (1, BLOCK, 18, N):
        for padding in (None, some_padding(T)):
            found.append((made(inputs(T), padding) - softmax(inputs(T), padding)).abs().max())
    return float(torch.stack(found).max())


@SHARES
@FORMS
def test_identity_projections_give_exact_softmax(causal: bool, share: str) -> None:
    assert distance_from_softmax(layer(causal, share, k=N)) < 1e-12


@FORMS
def test_identity_projections_give_exact_softmax_over_rotated_keys(causal: bool) -> None:
    made = layer(causal, k=N, rotary=True)
    assert not made.positions_learned
    assert distance_from_softmax(made, RotaryAttention) < 1e-12


@pytest.mark.parametrize("block", [1, 7, N])
def test_so_do_blocks_of_any_length(block: int) -> None:
    assert distance_from_softmax(layer(k=N, block=block)) < 1e-12


def test_one_block_for_all_is_exact_softmax_whatever_e_is() -> None:
    made, x = layer(block=N), inputs(N)
    with torch.no_grad():
        assert (made(x) - exact(made, SelfAttention)(x)).abs().max() < 1e-12
        made = layer(block=N // 2)
        assert (made(x) - exact(made, SelfAttention)(x)).abs().max() > 1e-2


def test_projections_of_nothing_are_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: rows of E K that are 0 for want of positions take their part in the softmax."""

    def wrong(E: Tensor, there: Tensor | None) -> Tensor:
        return torch.ones(1, E.shape[1], E.shape[0], dtype=torch.bool)

    monkeypatch.setattr(linformer, "adds", wrong)
    assert distance_from_softmax(layer(False, k=N)) > 1e-2
    assert distance_from_softmax(layer(True, k=N)) > 1e-2


# ------------------------------------------------------------------ gradients, extremes, costs


@SHARES
@FORMS
def test_gradients_are_those_of_differences(causal: bool, share: str) -> None:
    made = layer(causal, share, k=3, block=2).requires_grad_(False)
    names = [*("EF" if share == "headwise" else "E"), "query.bias", "key.bias", "value.bias"]
    given = [made.get_parameter(n).clone().requires_grad_() for n in names]
    padding = some_padding(5)

    def output(x: Tensor, *parameters: Tensor) -> Tensor:
        values = dict(zip(names, parameters, strict=True))
        y: Tensor = torch.func.functional_call(made, values, (x, padding))
        return y

    assert torch.autograd.gradcheck(output, (inputs(5).requires_grad_(), *given))


@pytest.mark.parametrize("size", [1.0, 1e6])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@FORMS
def test_nothing_to_see_gives_zero_and_no_nan(
    causal: bool, dtype: torch.dtype, size: float
) -> None:
    made = layer(causal).to(dtype)
    require_zero_for_nothing_and_no_nan(made, (size * inputs(7)).to(dtype))


@FORMS
@torch.no_grad()
def test_bf16_is_near_float64(causal: bool) -> None:
    made, x = layer(causal), inputs(N)
    low = made.bfloat16()(x.bfloat16()).double()
    made, x = made.double(), x.bfloat16().double()
    assert (low - made(x)).abs().max() < 0.05 * made(x).abs().max()


@FORMS
def test_the_work_is_linear_in_the_length(causal: bool) -> None:
    """Operations of `mix` for 256 and 512 positions, beside the synthesizer's, which are not."""

    def work(made: Attention) -> int:
        q, k, v = torch.randn(3, 1, 2, made.block_size, 8)
        with FlopCounterMode(display=False) as counter:
            made.mix(q, k, v, torch.zeros(1, made.block_size, dtype=torch.bool))
        return int(counter.get_total_flops())

    half, whole = (work(LinformerAttention(16, 2, T, 0.0, causal, k=8)) for T in (256, 512))
    assert 0 < whole == 2 * half
    half, whole = (work(SynthesizerAttention(16, 2, T, 0.0, causal)) for T in (256, 512))
    assert 0 < whole == 4 * half


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@FORMS
@torch.no_grad()
def test_cuda_gives_the_same(causal: bool) -> None:
    x, padding = inputs(18), some_padding(18)
    there = layer(causal).cuda()(x.cuda(), padding.cuda()).cpu()
    torch.testing.assert_close(there, layer(causal)(x, padding), rtol=0, atol=1e-12)


# ------------------------------------------------------------------------------- parameters


def matrices(model: GPT) -> dict[str, torch.nn.Parameter]:
    return {name: p for name, p in model.named_parameters() if name.endswith((".E", ".F"))}


def test_sharing_decides_the_parameters_and_all_are_used(tiny: Callable[..., GPT]) -> None:
    for share, names in {"key-value": "E", "headwise": "EF"}.items():
        model = tiny("linformer", attention={"share": share, "k": 8})
        own = matrices(model)
        assert list(own) == [f"blocks.{i}.attention.{name}" for i in (0, 1) for name in names]
        model(torch.arange(1, 40)[None] % 11).square().sum().backward()
        assert all(p.grad is not None for p in model.parameters())
        for matrix in own.values():
            assert matrix.shape == (8, 128)
            assert matrix.grad is not None
            assert bool((matrix.grad[:, :32] != 0).all())  # of the finished blocks alone
            assert bool((matrix.grad[:, 32:] == 0).all())


def test_entries_start_with_variance_one_over_k_and_differ_by_layer_and_seed(
    tiny: Callable[..., GPT],
) -> None:
    """Mean square within five standard errors: a false alarm below 1e-6 for each matrix."""
    chosen = {"share": "headwise", "k": 64}
    one, same, other = (
        [m.detach() for m in matrices(tiny("linformer", seed=seed, attention=chosen)).values()]
        for seed in (1, 1, 2)
    )
    for matrix in one:
        assert abs(64 * float(matrix.square().mean()) - 1) < 5 * (2 / (64 * 128)) ** 0.5
    assert all(bool((a == b).all()) for a, b in zip(one, same, strict=True))
    assert len({float(matrix.sum()) for matrix in (*one, *other)}) == 8


REFUSED = {
    "no rows": ({"k": 0}, "k must be from 1 to the block size 24, got 0"),
    "more rows than positions": ({"k": 25}, "k must be from 1 to the block size 24, got 25"),
    "no block": ({"block": 0}, "block must be from 1 to the block size 24, got 0"),
    "a long block": ({"block": 25}, "block must be from 1 to the block size 24, got 25"),
    "sharing": ({"share": "layerwise"}, "unknown share 'layerwise'; known: headwise, key-value"),
}


@pytest.mark.parametrize(("options", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        layer(**options)
    if "block" not in options:
        with pytest.raises(ValueError, match=f"^{message}$"):
            layer(causal=False, **options)


def test_inputs_beyond_the_block_size_and_odd_rotated_heads_are_refused() -> None:
    with pytest.raises(ValueError, match="25 positions exceed the block size 24"):
        layer()(inputs(25))
    with pytest.raises(ValueError, match="even head size, got 5"):
        LinformerAttention(10, 2, N, 0.0, k=2, block=2, rotary=True)
    with pytest.raises(ValueError, match="cannot be extended"):
        layer(causal=False).start(inputs(4), torch.tensor([4, 4]), 1)
