"""Peak memory against bytes counted by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from benchmarks import peak_memory
from benchmarks.one_layer import forward, forward_and_backward
from benchmarks.peak_memory import peak

CPU = torch.device("cpu")
N = 1000
GIVEN = torch.ones(N, dtype=torch.float64)


def two_of_three() -> Tensor:
    """Three tensors are made, two are held at a time, one in the end."""
    x = GIVEN + GIVEN
    y = x + x
    del x
    return y + y


def within_a_line() -> Tensor:
    """A copy in float32 is held while its sum with itself, and its copy in float64, are made."""
    return (GIVEN.float() + GIVEN.float()).double()


def without_gradients() -> Tensor:
    """The square is dropped when the sum is made, and then the sum."""
    return forward(lambda x: (x.square() + x).exp(), [GIVEN])


def with_gradients() -> None:
    """The copy of x, exp(x), which is kept for the backward pass, and its product with GIVEN."""
    forward_and_backward(torch.exp, [GIVEN.clone().requires_grad_()], [], GIVEN)


COUNTED: dict[str, tuple[Callable[[], object], int]] = {
    "two of three": (two_of_three, 16 * N),
    "within a line": (within_a_line, 12 * N),
    "without gradients": (without_gradients, 16 * N),
    "with gradients": (with_gradients, 24 * N),
    "nothing": (lambda: None, 0),
}


@pytest.mark.parametrize("name", COUNTED)
def test_bytes_counted_by_hand(name: str) -> None:
    call, counted = COUNTED[name]
    assert peak(call, CPU) == counted
    assert peak(call, CPU) == counted, "and once more"


def made(changes: Iterable[int]) -> list[int]:
    return [sum(change for change in changes if change > 0)]


def left(changes: Iterable[int]) -> list[int]:
    return [sum(changes)]


def largest(changes: Iterable[int]) -> list[int]:
    return list(changes)


@pytest.mark.parametrize("twin", [made, left, largest])
def test_all_that_is_made_or_left_or_the_largest_is_not_the_peak(
    monkeypatch: pytest.MonkeyPatch, twin: Callable[[Iterable[int]], list[int]]
) -> None:
    monkeypatch.setattr(peak_memory, "itertools", SimpleNamespace(accumulate=twin))
    assert peak(two_of_three, CPU) != 16 * N


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_bytes_counted_by_hand_on_cuda() -> None:
    """Rounded by torch up to multiples of 512."""
    given = torch.ones(1024, dtype=torch.float64, device="cuda")

    def two_of_three() -> Tensor:
        x = given + given
        y = x + x
        del x
        return y + y

    assert peak(two_of_three, torch.device("cuda")) == 2 * 8 * 1024
