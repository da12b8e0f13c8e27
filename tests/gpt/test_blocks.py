"""The block graph against its definition, and the draw of random blocks.

All is deterministic but the draw, whose test states its false alarms.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from gpt.attention.bigbird import BigBirdAttention
from gpt.attention.blocks import distinct
from gpt.model import build
from gpt.parameters import Header, load_parameters, save_parameters
from gpt.vocabulary import Vocabulary
from tests.gpt.sparse import (
    EITHER,
    HEADS,
    LONGEST,
    SHAPED,
    TWINS,
    WIDTH,
    Redrawn,
    attention,
    near_or_global,
    normal,
)  # fmt: skip


def require_definition(shape: tuple[int, ...], causal: bool) -> None:
    blocks = -(-LONGEST // shape[0])
    graph = attention(causal, shape).seen
    for head, i in itertools.product(range(HEADS), range(0 if causal else shape[2], blocks)):
        row = [int(j) for j in graph[head, i] if j >= 0]
        certain = near_or_global(i, shape, blocks, causal)
        drawn = set(row) - certain
        unseen = set(range(i if causal else blocks)) - certain
        assert len(row) == len(set(row)), "a block twice"
        assert certain <= set(row)
        assert drawn <= unseen
        assert len(drawn) == min(shape[3], len(unseen))


@EITHER
@SHAPED
def test_every_block_sees_what_the_definition_says(shape: tuple[int, ...], causal: bool) -> None:
    require_definition(shape, causal)


@pytest.mark.parametrize("twin", ["a key counted twice", "a missing global block", "a later block"])
def test_another_graph_is_caught(monkeypatch: pytest.MonkeyPatch, twin: str) -> None:
    monkeypatch.setattr(*TWINS[twin][0])
    with pytest.raises(AssertionError):
        require_definition((4, 3, 1, 1), causal=True)


def equally_likely(draw: Callable[[Tensor, int], Tensor]) -> bool:
    """Whether all pairs of five are drawn alike often in 20,000 draws.

    Each of the 10 pairs comes 2,000 times in the mean, and by Bernstein's inequality off by more
    than 310 with probability 2 exp(−310²/(2(1,800 + 310/3))) < 3e-11.
    """
    torch.manual_seed(5)
    drawn = draw(torch.full((20_000, 1), 5), 2).sort(-1).values
    pairs = (5 * drawn[:, 0] + drawn[:, 1]).bincount(minlength=25).view(5, 5)
    upper = torch.ones(5, 5).triu(1).bool()
    return not pairs[~upper].any() and bool(((pairs[upper] - 2000).abs() <= 310).all())


def next_if_taken(below: Tensor, number: int) -> Tensor:
    first, second = torch.rand(2, *below.shape[:-1])
    a, b = (first * below[:, 0]).long(), (second * below[:, 0]).long()
    return torch.stack([a, torch.where(a == b, (b + 1) % below[:, 0], b)], dim=-1)


def test_random_blocks_are_drawn_alike() -> None:
    assert equally_likely(distinct)
    assert not equally_likely(next_if_taken)
    assert distinct(torch.tensor([[2]]), 4).sort().values.tolist() == [[-1, -1, 0, 1]]


@EITHER
def test_random_blocks_differ_by_seed_and_head(causal: bool) -> None:
    one, same, other = (attention(causal, (2, 3, 1, 3), seed).seen for seed in (1, 1, 2))
    assert bool((one == same).all())
    assert not bool((one == other).all())
    assert not bool((one[0] == one[1]).all())


def unchanged_by_a_call(layer: BigBirdAttention) -> bool:
    x = normal(1, LONGEST, WIDTH)
    return bool((layer(x) == layer(x)).all())


@EITHER
def test_random_blocks_are_drawn_once(causal: bool) -> None:
    layer = attention(causal).double()
    assert unchanged_by_a_call(layer.train())
    assert unchanged_by_a_call(layer.eval())
    layer.__class__ = Redrawn
    assert not unchanged_by_a_call(layer)


def test_random_blocks_are_kept_with_the_parameters(tmp_path: Path, vocabulary: Vocabulary) -> None:
    """A file's blocks are those of its seed, whatever the generator would draw when it is read."""
    sizes: dict[str, Any] = {
        "layers": 2,
        "heads": 2,
        "width": 16,
        "attention": {"block": 4, "random_blocks": 3},
    }
    model, other = (build("bigbird", len(vocabulary), seed=s, **sizes).eval() for s in (1, 2))
    save_parameters(tmp_path / "p", model, Header(model.config, vocabulary, "", "quick", "scratch"))
    torch.manual_seed(5)
    read, _ = load_parameters(tmp_path / "p", "bigbird", vocabulary)
    read.eval()
    ids = torch.arange(1, 121)[None] % len(vocabulary)
    with torch.no_grad():
        assert bool((read(ids) == model(ids)).all())
        for name, buffer in model.named_buffers():
            assert buffer.dtype == read.get_buffer(name).dtype == torch.int64
            assert bool((buffer == read.get_buffer(name)).all())
            assert not bool((buffer == other.get_buffer(name)).all())
            read.get_buffer(name).copy_(other.get_buffer(name))
        assert float((read(ids) - model(ids)).abs().max()) > 1e-4
