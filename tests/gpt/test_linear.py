"""Products by oneDNN: values and gradients against float64, operations against their formula."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from gpt import linear as module
from gpt.linear import Linear, linear

BIASED = pytest.mark.parametrize("bias", [True, False])
UNIT = {torch.float32: 2.0**-24, torch.bfloat16: 2.0**-8}
"""The largest relative error of a rounding."""


def within(found: Tensor, exact: Tensor, unit: float, summands: int) -> bool:
    """Whether the error is that of a sum rounded at each of its summands, all of unit size."""
    return bool(((found.double() - exact).abs() <= 4 * unit * summands).all())


def parts() -> list[Tensor]:
    """Rows of 48 in several layouts: dense, transposed, sliced, broadcast, one, none."""
    x = torch.randn(5, 7, 48).clamp(-1, 1)
    return [x, x.transpose(0, 1), x[:, :1], x[::2], x[:1].expand(5, 7, 48), x[2], x[2, 3], x[:0]]


@BIASED
@pytest.mark.parametrize("part", range(len(parts())))
def test_values_and_gradients_are_those_of_float64(bias: bool, part: int) -> None:
    torch.manual_seed(0)
    layer = Linear(48, 32, bias)
    x = parts()[part].requires_grad_()
    wanted = [x, *layer.parameters()]
    y = layer(x)
    g = torch.randn_like(y).clamp(-1, 1)
    found = torch.autograd.grad(y, wanted, g)

    exact = [t.detach().double().requires_grad_() for t in wanted]
    product = exact[0] @ exact[1].mT
    product = product + exact[2] if bias else product
    expected = torch.autograd.grad(product, exact, g.double())

    unit = UNIT[torch.float32]
    assert within(y, product, unit, 48)
    for ours, theirs, summands in zip(found, expected, (32, y[..., 0].numel(), 35), strict=False):
        assert ours.shape == theirs.shape
        assert within(ours, theirs, unit, max(summands, 1))
    with torch.no_grad():
        assert within(layer(x), product, unit, 48)


@pytest.mark.parametrize("wanted", [0, 1, 2])
def test_only_the_gradients_that_are_wanted_are_computed(wanted: int) -> None:
    torch.manual_seed(0)
    inputs = [torch.randn(6, 48), torch.randn(32, 48), torch.randn(32)]
    inputs[wanted].requires_grad_()
    linear(inputs[0], inputs[1], inputs[2]).sum().backward()
    assert [t.grad is not None for t in inputs] == [i == wanted for i in range(3)]


@BIASED
def test_in_bf16_a_product_is_rounded_once(bias: bool) -> None:
    torch.manual_seed(0)
    layer = Linear(48, 32, bias).bfloat16()
    for part in parts():
        x = part.bfloat16()
        exact = x.double() @ layer.weight.double().mT
        exact = exact + layer.bias.double() if bias else exact
        with torch.no_grad():
            found = layer(x)
        error = (found.double() - exact).abs()
        rounded_once = UNIT[torch.bfloat16] * exact.abs() + 4 * UNIT[torch.float32] * 48
        assert found.dtype == torch.bfloat16
        assert (error <= rounded_once).all()


def test_other_types_are_left_to_torch() -> None:
    layer, x = Linear(48, 32), torch.randn(5, 48)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        assert layer(x).dtype == torch.bfloat16
    assert layer.double()(x.double()).dtype == torch.float64
    with pytest.raises(RuntimeError, match="dtype"):
        layer.float()(x.double())


def test_torch_counts_the_operations() -> None:
    layer, x = Linear(48, 32), torch.randn(5, 7, 48, requires_grad=True)
    with FlopCounterMode(display=False) as forward:
        y = layer(x)
    with FlopCounterMode(display=False) as backward:
        y.sum().backward()
    assert forward.get_total_flops() == 2 * 35 * 48 * 32
    assert backward.get_total_flops() == 2 * forward.get_total_flops()


@pytest.mark.parametrize("wrong", ["transposed", "no bias"])
def test_a_wrong_product_is_found(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    product = module._product

    def changed(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        if wrong == "no bias":
            return product(x, weight)
        square = weight.shape[0] == weight.shape[1]
        return product(x, weight.mT if square else weight, bias)

    layer, x = Linear(48, 48), torch.randn(5, 48)
    expected = x.double() @ layer.weight.double().mT + layer.bias.double()
    monkeypatch.setattr(module, "_product", changed)
    assert not within(layer(x), expected, UNIT[torch.float32], 48)
