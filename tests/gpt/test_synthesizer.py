"""The dense synthesizer against the handout's equation, written in loops."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor

from gpt.attention import synthesizer
from gpt.attention.synthesizer import START, SynthesizerAttention, Values
from gpt.model import GPT
from tests.gpt import attention_checks
from tests.gpt.attention_checks import require_zero_for_nothing_and_no_nan, some_padding

HEADS, SIZE, BLOCK = 3, 4, 24
WIDTH = HEADS * SIZE


def layer(causal: bool = True, block_size: int = BLOCK) -> SynthesizerAttention:
    """In float64, with all parameters random and weights far from equal."""
    torch.manual_seed(0)
    made = SynthesizerAttention(WIDTH, HEADS, block_size, 0.0, causal).double()
    with torch.no_grad():
        made.w2.normal_()
        made.b2.normal_()
    return made.eval()


inputs = partial(attention_checks.inputs, WIDTH)


@torch.no_grad()
def brute_force(made: SynthesizerAttention, x: Tensor, padding: Tensor | None = None) -> Tensor:
    """Position by position: exp(relu(x A + b₁)·B_s + b₂_s) V_s, over their sum."""
    B, T, _ = x.shape
    mixed = torch.zeros(B, T, WIDTH, dtype=torch.float64)
    for b in range(B):
        for h in range(HEADS):
            part = slice(h * SIZE, (h + 1) * SIZE)
            for t in range(T):
                hidden = made.query.weight[part] @ x[b, t] + made.query.bias[part]
                hidden = torch.tensor([max(float(a), 0.0) for a in hidden], dtype=torch.float64)
                total, value = 0.0, torch.zeros(SIZE, dtype=torch.float64)
                for s in range(t + 1 if made.causal else T):
                    if padding is not None and padding[b, s]:
                        continue
                    weight = math.exp(float(hidden @ made.w2[:, s]) + float(made.b2[s]))
                    total += weight
                    value += weight * (made.value.weight[part] @ x[b, s] + made.value.bias[part])
                mixed[b, t, part] = value / total if total else 0.0
    return mixed @ made.projection.weight.T + made.projection.bias


@torch.no_grad()
def error(made: SynthesizerAttention, T: int, padded: bool = False) -> float:
    x, padding = inputs(T), some_padding(T) if padded else None
    return float((made(x, padding) - brute_force(made, x, padding)).abs().max())


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("T", [1, 2, 17, BLOCK])
def test_the_layer_is_the_handouts_equation(T: int, causal: bool, padded: bool) -> None:
    assert error(layer(causal), T, padded) < 1e-12


@torch.no_grad()
def stepwise_error(made: SynthesizerAttention, x: Tensor, dtype: torch.dtype) -> float:
    """Rows of several lengths, extended to the end; two leave half-way."""
    made, x = made.to(dtype), x.to(dtype)
    whole, T = made(x), x.shape[1]
    lengths, rows = torch.tensor([1, 9, 4, 5]), torch.arange(4)
    begun, state = made.start(x[:, :9], lengths, T - 9)
    found = [(begun[r, :n] - whole[r, :n]).abs().max() for r, n in enumerate(lengths)]
    for step in range(T - 9):
        if step == 5:
            kept = torch.tensor([0, 2])
            rows, lengths, state = rows[kept], lengths[kept], state.keep(kept)
        positions = lengths + step
        y = made.extend(x[rows, positions][:, None], positions, state)
        found.append((y[:, 0] - whole[rows, positions]).abs().max())
    return float(torch.stack(found).max())


def test_one_position_at_a_time_gives_the_same() -> None:
    x = inputs(BLOCK, 4)
    assert stepwise_error(layer(), x, torch.float64) < 1e-12
    assert stepwise_error(layer(), x, torch.float32) < 1e-5


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@torch.no_grad()
def test_no_output_changes_in_a_bit_with_later_inputs(dtype: torch.dtype) -> None:
    made, x = layer().to(dtype), inputs(BLOCK).to(dtype)
    assert not sees_the_future(made, x)
    made.causal = False
    assert sees_the_future(made, x)


@torch.no_grad()
def sees_the_future(made: SynthesizerAttention, x: Tensor) -> bool:
    before, changed_any = made(x), False
    for t in range(x.shape[1]):
        changed = x.clone()
        changed[0, t] = 7.0
        changed_any |= not bool((made(changed)[0, :t] == before[0, :t]).all())
    return changed_any


@pytest.mark.parametrize("causal", [True, False])
def test_gradients_are_those_of_differences(causal: bool) -> None:
    made = layer(causal, block_size=6).requires_grad_(False)
    names = ("query.weight", "query.bias", "w2", "b2", "value.weight")
    given = [made.get_parameter(n).clone().requires_grad_() for n in names]
    padding = some_padding(5)

    def output(x: Tensor, *parameters: Tensor) -> Tensor:
        values = dict(zip(names, parameters, strict=True))
        y: Tensor = torch.func.functional_call(made, values, (x, padding))
        return y

    assert torch.autograd.gradcheck(output, (inputs(5).requires_grad_(), *given))


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("size", [1.0, 1e6])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_nothing_to_see_gives_zero_and_no_nan(
    causal: bool, size: float, dtype: torch.dtype
) -> None:
    made = layer(causal).to(dtype)
    require_zero_for_nothing_and_no_nan(made, (size * inputs(7)).to(dtype))


@torch.no_grad()
def test_bf16_is_near_float64() -> None:
    made, x = layer(), inputs(BLOCK)
    exact = made(x)
    assert (made.bfloat16()(x.bfloat16()).double() - exact).abs().max() < 0.05 * exact.abs().max()


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("causal", [True, False])
@torch.no_grad()
def test_cuda_gives_the_same(causal: bool) -> None:
    made, x, padding = layer(causal), inputs(BLOCK), some_padding(BLOCK)
    there = layer(causal).cuda()(x.cuda(), padding.cuda()).cpu()
    torch.testing.assert_close(there, made(x, padding), rtol=0, atol=1e-12)


# ------------------------------------------------------------------------------- parameters


def test_there_are_no_keys_and_every_parameter_is_used(tiny: Callable[..., GPT]) -> None:
    """The course's parameters, with n columns for its n − 1: w1, w2, b2, value, projection."""
    model = tiny("synthesizer", block_size=BLOCK)
    attention = model.blocks[0].get_submodule("attention")
    assert isinstance(attention, SynthesizerAttention)
    shapes = {name: tuple(p.shape) for name, p in attention.named_parameters()}
    assert shapes == {
        "w2": (8, BLOCK),
        "b2": (BLOCK,),
        **{f"{name}.weight": (16, 16) for name in ("query", "value", "projection")},
        **{f"{name}.bias": (16,) for name in ("query", "value", "projection")},
    }
    model(torch.arange(1, 11)[None]).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
    used = attention.w2.grad
    assert used is not None
    assert bool((used[:, :10] != 0).any(0).all())
    assert bool((used[:, 10:] == 0).all())  # columns of positions that the input has not


def test_w2_starts_uniform_as_the_course_has_it() -> None:
    """Mean 0, variance START²/3, within five standard errors: false alarms below 2e-6."""
    torch.manual_seed(0)
    made = SynthesizerAttention(32, 1, 128, 0.0)
    w2 = made.w2.detach() / START
    assert 0.99 < float(w2.abs().max()) <= 1.0
    assert abs(float(w2.mean())) < 5 * 3**-0.5 / 64
    assert abs(float(w2.square().mean()) - 1 / 3) < 5 * (4 / 45) ** 0.5 / 64
    assert bool((made.b2 == 0).all())


def test_an_input_beyond_the_block_is_refused() -> None:
    with pytest.raises(ValueError, match="7 positions exceed the block size 6"):
        layer(block_size=6)(inputs(7))


def test_bidirectional_attention_cannot_be_extended() -> None:
    with pytest.raises(ValueError, match="cannot be extended"):
        layer(causal=False).start(inputs(4), torch.tensor([4, 4]), 1)


# ------------------------------------------------------------------------------ wrong twins


def test_a_mask_off_by_one_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(positions: int, device: torch.device) -> Tensor:
        return torch.ones(positions, positions, dtype=torch.bool, device=device).triu(2)

    monkeypatch.setattr(synthesizer, "later", wrong)
    assert error(layer(), 9) > 1e-3
    assert sees_the_future(layer(), inputs(9))


def test_a_missing_relu_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(self: SynthesizerAttention, q: Tensor, columns: int) -> Tensor:
        return q @ self.w2[:, :columns] + self.b2[:columns]

    monkeypatch.setattr(SynthesizerAttention, "_scores", wrong)
    assert error(layer(), 9) > 1e-3


def test_the_last_columns_for_a_shorter_input_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(self: SynthesizerAttention, q: Tensor, columns: int) -> Tensor:
        return q.relu() @ self.w2[:, -columns:] + self.b2[-columns:]

    monkeypatch.setattr(SynthesizerAttention, "_scores", wrong)
    assert error(layer(), BLOCK) < 1e-12  # the same when the block is full
    assert error(layer(), 9) > 1e-3
    assert stepwise_error(layer(), inputs(BLOCK, 4), torch.float64) > 1e-3


def test_values_behind_the_longest_row_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    append = Values.append

    def wrong(self: Values, value: Tensor, positions: Tensor) -> Tensor:
        return append(self, value, torch.full_like(positions, self._used))

    monkeypatch.setattr(Values, "append", wrong)
    assert stepwise_error(layer(), inputs(BLOCK, 4), torch.float64) > 1e-3
