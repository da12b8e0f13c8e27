"""BigBird against its definition in plain loops, exact attention and Hugging Face's block-sparse.

The graph and its random blocks are tested in test_blocks.py. All here is deterministic.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.func import functional_call
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from gpt.attention.bigbird import BigBirdAttention
from gpt.attention.heads import Attention
from gpt.attention.vanilla import SelfAttention
from tests.gpt.sparse import (
    EITHER,
    HEADS,
    LONGEST,
    SHAPED,
    SHAPES,
    TWINS,
    WIDTH,
    Redrawn,
    attention,
    brute_force,
    normal,
    padded,
)  # fmt: skip


def error(causal: bool, shape: tuple[int, ...], T: int, with_padding: bool = False) -> float:
    """Of `mix` in float64 against the definition."""
    layer = attention(causal, shape).double()
    q, k, v = 2 * normal(3, 3, HEADS, T, WIDTH // HEADS)
    padding = padded(3, T) if with_padding else None
    found = layer.mix(q, k, v, padding)
    return float((found - brute_force(layer, shape, q, k, v, padding)).abs().max())


@EITHER
@SHAPED
@pytest.mark.parametrize("T", [1, 4, 23, 43])
def test_outputs_are_those_of_the_definition(shape: tuple[int, ...], causal: bool, T: int) -> None:
    assert error(causal, shape, T) < 1e-12
    assert error(causal, shape, T, with_padding=True) < 1e-12


@pytest.mark.parametrize("twin", TWINS)
def test_a_wrong_graph_or_mask_is_caught(monkeypatch: pytest.MonkeyPatch, twin: str) -> None:
    for patch in TWINS[twin]:
        monkeypatch.setattr(*patch)
    assert error(True, SHAPES[0], LONGEST) > 1e-2


# ----------------------------------------------------------------------- exact attention


def exact_of(layer: BigBirdAttention) -> SelfAttention:
    """Full attention with the same weights."""
    exact = SelfAttention(
        WIDTH, HEADS, LONGEST, 0.0, layer.causal, rotary=layer.rotation is not None
    )
    exact.load_state_dict({n: w for n, w in layer.state_dict().items() if n != "seen"})
    return exact.double()


@EITHER
@pytest.mark.parametrize("rotary", [False, True])
def test_a_graph_that_covers_everything_is_exact_attention(causal: bool, rotary: bool) -> None:
    x, padding = 3 * normal(3, LONGEST, WIDTH), padded(3, LONGEST)
    window = 11 if causal else 21
    for shape in ((4, window, 0, 0), (4, 1, 0, 11), (4, 1, 11, 0), (43, 1, 0, 0)):
        layer = attention(causal, shape, rotary=rotary).double()
        assert (layer(x, padding) - exact_of(layer)(x, padding)).abs().max() < 1e-12, shape
    layer = attention(causal, rotary=rotary).double()
    covered = 12 if causal else 8  # what the window of three blocks reaches from everywhere
    assert (layer(x[:, :covered]) - exact_of(layer)(x[:, :covered])).abs().max() < 1e-12
    assert (layer(x) - exact_of(layer)(x)).abs().max() > 1e-3


# --------------------------------------------------------------------------- Hugging Face

BLOCKS, DRAWN = 11, 2


def huggingface(layer: BigBirdAttention, x: Tensor, training: bool) -> tuple[Tensor, Tensor]:
    """The heads of `BigBirdBlockSparseAttention` with the weights of ours, and its random blocks.

    Its last block is global as well: it is made padding here, and left out of what is returned.
    """
    from transformers import BigBirdConfig, BigBirdModel
    from transformers.models.big_bird.modeling_big_bird import BigBirdBlockSparseAttention

    config = BigBirdConfig(
        hidden_size=WIDTH, num_attention_heads=HEADS, block_size=4, num_random_blocks=DRAWN
    )
    theirs = BigBirdBlockSparseAttention(config, seed=7).double().train(training)
    state = layer.state_dict()
    theirs.load_state_dict({name: state[name] for name in theirs.state_dict()})
    x = torch.cat([x, x[:, :4]], dim=1)
    there = torch.ones(x.shape[:2], dtype=torch.float64)
    there[:, -4:] = 0
    blocked, band, start, end = BigBirdModel.create_masks_for_block_sparse_attn(there, 4)
    heads = theirs(x, band, start, end, blocked, blocked)[0]
    np.random.seed(7)  # the draw of the pass above once more
    plan = theirs._get_rand_attn_plan(4 * BLOCKS, 4, DRAWN)
    drawn = theirs._bigbird_block_rand_mask_with_head(4 * BLOCKS, 4 * BLOCKS, 4, 4, HEADS, *plan)
    return heads[:, :-4], torch.from_numpy(np.stack(drawn)).long()


@torch.no_grad()
def test_hugging_faces_block_sparse_attention() -> None:
    """It agrees in training. In evaluation its random blocks are all block 0, which is so counted
    three times here; ours has the blocks that it was trained with.
    """
    layer = attention(False, (4, 3, 1, DRAWN), block_size=4 * BLOCKS).double()
    x = 3 * normal(2, 4 * (BLOCKS - 1), WIDTH)

    def ours() -> Tensor:
        return layer.mix(*layer._queries_keys_values(x), None).transpose(1, 2).flatten(2)

    trained, blocks = huggingface(layer, x, training=True)
    layer.seen[:, 1:-1, -DRAWN:] = blocks
    assert len(blocks.unique()) > 5
    assert (ours() - trained).abs().max() < 1e-12
    evaluated, blocks = huggingface(layer, x, training=False)
    assert not blocks.any()
    assert (ours() - evaluated).abs().max() > 1e-2
    layer.seen[:, :, -DRAWN:] = blocks.new_zeros(())
    assert (ours() - evaluated).abs().max() < 1e-12


# ------------------------------------------------------- what an output may depend on


@torch.no_grad()
def sees_the_future(layer: BigBirdAttention) -> bool:
    """Whether changing one position changes a bit of an output before it."""
    dtype = layer.query.weight.dtype
    x = normal(2, LONGEST, WIDTH).to(dtype)
    before = layer(x)
    for t in range(LONGEST):
        changed = x.clone()
        changed[0, t] += 1
        after = layer(changed)
        if bool((after[0, :t] != before[0, :t]).any()):
            return True
        assert bool((after[1] == before[1]).all())
        assert bool((after[0, t] != before[0, t]).any())
    return False


@SHAPED
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_no_output_depends_on_a_later_position(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    assert not sees_the_future(attention(True, shape, rotary=True).to(dtype))


@pytest.mark.parametrize("twin", ["a mask off by one", "a later block"])
def test_a_leak_is_caught(monkeypatch: pytest.MonkeyPatch, twin: str) -> None:
    for patch in TWINS[twin]:
        monkeypatch.setattr(*patch)
    assert sees_the_future(attention(True))


@torch.no_grad()
def stepwise_error(layer: BigBirdAttention) -> float:
    """Of `start` and `extend` on ragged rows, one of which leaves, against the whole rows."""
    x = normal(4, LONGEST, WIDTH).to(layer.query.weight.dtype)
    whole = layer(x)
    lengths = torch.tensor([1, 17, 9, 16])
    y, state = layer.start(x[:, :17], lengths, LONGEST - 17)
    rows = torch.arange(4)
    worst = max(float((y[r, :n] - whole[r, :n]).abs().max()) for r, n in enumerate(lengths))
    for step in range(LONGEST - 17):
        if step == 5:
            kept = torch.tensor([0, 1, 3])
            rows, lengths, state = rows[kept], lengths[kept], state.keep(kept)
        positions = lengths + step
        y = layer.extend(x[rows, positions][:, None], positions, state)
        worst = max(worst, float((y[:, 0] - whole[rows, positions]).abs().max()))
    return worst


@SHAPED
@pytest.mark.parametrize("rotary", [False, True])
def test_position_by_position_the_outputs_are_the_same(
    shape: tuple[int, ...], rotary: bool
) -> None:
    layer = attention(True, shape, rotary=rotary)
    assert stepwise_error(layer) < 1e-5
    assert stepwise_error(layer.double()) < 1e-12


def test_random_blocks_that_are_drawn_again_do_not_fit_what_was_kept() -> None:
    layer = attention(True)
    layer.__class__ = Redrawn
    assert stepwise_error(layer) > 1e-3


def test_a_bidirectional_layer_cannot_be_extended() -> None:
    with pytest.raises(ValueError, match="sees later positions cannot be extended"):
        attention(False).start(torch.zeros(1, 2, WIDTH), torch.tensor([2]), 1)


@EITHER
@pytest.mark.parametrize("T", [1, 6, 43])
def test_padding_is_never_seen_and_a_query_without_keys_gets_nothing(causal: bool, T: int) -> None:
    layer, padding = attention(causal).double(), padded(3, T)
    q, k, v = normal(3, 3, HEADS, T, WIDTH // HEADS).requires_grad_()
    y = layer.mix(q, k, v, padding)
    other = padding[:, None, :, None]
    again = layer.mix(q, k.masked_fill(other, 1e3), v.masked_fill(other, -1e3), padding)
    assert bool((y == again).all())
    assert not y[-1].any()
    (gradient,) = torch.autograd.grad(y.sum(), v)
    assert bool(gradient.isfinite().all())
    assert not gradient.masked_select(other).any()


# ---------------------------------------------------------------------- numbers and types


@EITHER
def test_gradients_are_those_of_finite_differences(causal: bool) -> None:
    layer = attention(causal, (2, 3, 1, 1), block_size=11).double()
    inputs = normal(3, 2, HEADS, 11, 2).requires_grad_()
    for padding in (None, padded(2, 11)):
        assert torch.autograd.gradcheck(lambda x, p=padding: layer.mix(x[0], x[1], x[2], p), inputs)


@EITHER
def test_large_scores_give_no_nan(causal: bool) -> None:
    layer = attention(causal)
    q, k, v = normal(3, 2, HEADS, LONGEST, WIDTH // HEADS).float()
    x = torch.stack([1e4 * q, 1e4 * k, v]).requires_grad_()
    y = layer.mix(x[0], x[1], x[2], padded(2, LONGEST))
    y.sum().backward()
    assert bool(y.isfinite().all())
    assert x.grad is not None
    assert bool(x.grad.isfinite().all())


@EITHER
def test_in_bf16_the_outputs_are_rounded_and_no_more(causal: bool) -> None:
    layer, x, padding = attention(causal), normal(3, LONGEST, WIDTH).float(), padded(3, LONGEST)
    copy = {name: weight.bfloat16() for name, weight in layer.named_parameters()}
    low = functional_call(layer, copy, (x.bfloat16(), padding))
    assert low.dtype == torch.bfloat16
    low.float().sum().backward()
    assert layer.query.weight.grad is not None
    assert bool(layer.query.weight.grad.isfinite().all())
    assert (low.float() - layer(x, padding)).abs().max() < 0.03  # outputs are of order 1


def test_dropout_is_on_the_weights_in_training() -> None:
    """One position's only weight is 1: it is dropped or doubled, and each comes in 400 heads."""
    layer = attention(True, dropout=0.5)
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 200, HEADS, 1, WIDTH // HEADS)
    share = (layer.train().mix(q, k, v, None) / v).unique().tolist()
    assert share == [0.0, 2.0]
    assert bool((layer.eval().mix(q, k, v, None) == v).all())


# -------------------------------------------------------------------------------- memory


class Largest(TorchDispatchMode):
    """Notes the numbers in the largest tensor that is made."""

    numbers: int = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        out = func(*args, **(kwargs or {}))
        made = [x.numel() for x in tree_leaves(out) if isinstance(x, Tensor)]
        self.numbers = max(self.numbers, *made, 0)
        return out


def largest_tensor(kind: type[Attention], T: int, causal: bool) -> int:
    """In a forward and a backward pass over one text with one head of size 4 and padding."""
    layer: Attention = kind(4, 1, T, 0.0, causal)
    q, k, v = torch.randn(3, 1, 1, T, 4).requires_grad_()
    padding = torch.zeros(1, T, dtype=torch.bool)
    made = Largest()
    with made:
        layer.mix(q, k, v, padding).sum().backward()
    return made.numbers


@EITHER
def test_no_tensor_grows_with_the_square_of_the_length(causal: bool) -> None:
    short, long = (largest_tensor(BigBirdAttention, T, causal) for T in (2048, 4096))
    assert 2 * short <= long < 2.01 * short
    assert long < 4096**2 / 40
    assert largest_tensor(SelfAttention, 2048, causal) >= 2048**2  # the mask for its padding


# ------------------------------------------------------------------------------- refusals

REFUSED = {
    "block": ({"block": 0}, "block must be from 1 to the block size 43, got 0"),
    "large block": ({"block": 44}, "block must be from 1 to the block size 43, got 44"),
    "window": ({"window": 0}, "window must be at least 1 block, got 0"),
    "even window": ({"window": 2, "causal": False}, "odd number of blocks, got 2"),
    "no globals": ({"global_blocks": -1}, "global_blocks must be from 0 to 3, all .* got -1"),
    "globals": ({"global_blocks": 4}, "global_blocks must be from 0 to 3, all blocks, got 4"),
    "no random": ({"random_blocks": -1}, "random_blocks must be from 0 to 3, all .* got -1"),
    "random": ({"random_blocks": 4}, "random_blocks must be from 0 to 3, all blocks, got 4"),
    "rotary": ({"rotary": True, "width": 15, "heads": 3}, "even head size, got 5"),
}


@pytest.mark.parametrize(("options", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], message: str) -> None:
    sizes: dict[str, Any] = {"width": WIDTH, "heads": HEADS, "block_size": 43, "dropout": 0.0}
    with pytest.raises(ValueError, match=message):
        BigBirdAttention(**(sizes | options))


def test_an_even_causal_window_and_a_length_beyond_the_block_size() -> None:
    layer = attention(True, (4, 2, 1, 1))
    with pytest.raises(ValueError, match="44 positions exceed the block size 43"):
        layer(torch.zeros(1, 44, WIDTH))
