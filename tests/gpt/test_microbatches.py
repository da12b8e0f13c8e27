"""A batch's gradient is that of its microbatches added up, on however many ranks."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from itertools import product

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from gpt.batches import Batch
from gpt.model import GPT
from gpt.ranks import Ranks
from gpt.training import microbatches
from gpt.training.microbatches import deal, gradient

Build = Callable[..., GPT]
CPU = torch.device("cpu")
ROUNDING = 1e-5  # of the gradient's length: a few hundred units in the last place of fp32


class OneOf(Ranks):
    """A rank that takes part in nothing and keeps what it would have added."""

    def __init__(self, rank: int, size: int) -> None:
        super().__init__(rank, size)
        self.added: list[Tensor] = []

    def add(self, tensors: Sequence[Tensor]) -> None:
        self.added = [tensor.detach().clone() for tensor in tensors]


def ragged(rows: int, seed: int = 0) -> Batch:
    """Rows of 1 to 24 targets in a row; the third has none."""
    generator = torch.Generator().manual_seed(seed)
    x, y = torch.randint(1, 11, (2, rows, 25), generator=generator)
    targets = torch.randint(1, 25, (rows,), generator=generator)
    targets[2:3] = 0
    y[torch.arange(25) >= targets[:, None]] = 0
    return Batch(x, y, rows * 25, targets + 1, torch.zeros(rows).long())


def whole(model: GPT, batch: Batch) -> list[Tensor]:
    """The loss of the batch and its gradient, at once."""
    model = copy.deepcopy(model)
    logits = model(batch.x).flatten(0, 1)
    loss = functional.cross_entropy(logits, batch.y.flatten(), ignore_index=0)
    loss.backward()
    return [loss.detach(), *(p.grad for p in model.parameters() if p.grad is not None)]


def dealt(model: GPT, batch: Batch, size: int, accumulate: int) -> list[Tensor]:
    """The same, computed by so many ranks in so many microbatches each, and added."""
    found = []
    for rank in range(size):
        mine, taking_part = copy.deepcopy(model), OneOf(rank, size)
        loss = gradient(mine, batch, "fp32", taking_part, accumulate)
        grads = [p.grad for p in mine.parameters() if p.grad is not None]
        found.append(taking_part.added or [loss, *grads])
    return [torch.stack(parts).sum(0) for parts in zip(*found, strict=True)]


def distance(a: Sequence[Tensor], b: Sequence[Tensor]) -> float:
    """The largest difference of two numbers of one place, in lengths of the second vector."""
    length = torch.cat([tensor.flatten() for tensor in b]).norm()
    return max(float((x - y).abs().max() / length) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize(
    ("rows", "size", "accumulate"), [(8, 2, 1), (8, 1, 3), (7, 2, 2), (3, 4, 1), (1, 2, 2)]
)
def test_microbatches_add_up_to_the_batch(
    tiny: Build, rows: int, size: int, accumulate: int
) -> None:
    """Whatever their numbers of targets, without rows (the last two) or targets at all."""
    model, batch = tiny("rope"), ragged(rows)
    assert distance(dealt(model, batch, size, accumulate), whole(model, batch)) < ROUNDING


@pytest.mark.parametrize(("size", "accumulate"), [(2, 1), (1, 3)])
def test_the_mean_of_the_microbatches_means_is_noticed(
    tiny: Build, size: int, accumulate: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        microbatches, "deal", lambda batch, n: [(part, 1 / n) for part, _ in deal(batch, n)]
    )
    model, batch = tiny("rope"), ragged(9)
    assert distance(dealt(model, batch, size, accumulate), whole(model, batch)) > 100 * ROUNDING


def test_every_row_is_dealt_once() -> None:
    batch = ragged(7)
    rows = [row for part, _ in deal(batch, 3) for row in zip(part.x, part.y, strict=True)]
    assert len(rows) == 7
    for x, y in zip(batch.x, batch.y, strict=True):
        assert sum(bool((x == a).all() and (y == b).all()) for a, b in rows) == 1
    assert sum(part for _, part in deal(batch, 3)) == pytest.approx(1.0)


def test_one_microbatch_is_the_batch_itself() -> None:
    """So that a run by one process without accumulation is what it was, to the bit."""
    batch = ragged(5)
    ((part, share),) = deal(batch, 1)
    assert part is batch
    assert share == 1.0


def test_ranks_draw_different_dropout_at_every_step_and_the_first_as_one_process() -> None:
    torch.manual_seed(5)
    untouched = torch.rand(3)
    seen = set()
    for rank, seed, step in product(range(3), range(3), range(3)):
        torch.manual_seed(5)
        OneOf(rank, 3).reseed(seed, step)
        drawn = torch.rand(3)
        assert torch.equal(drawn, untouched) == (rank == 0)
        seen.add(tuple(drawn.tolist()))
    assert len(seen) == 2 * 9 + 1  # by chance one fewer with probability 171 / 2⁷²
