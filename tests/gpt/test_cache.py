"""Starting on ragged rows and extending them, against the forward pass over each whole row."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor

from gpt.attention import VARIANTS
from gpt.attention.cache import KeyValues
from gpt.attention.rope import RotaryAttention
from gpt.model import GPT

Build = Callable[..., GPT]
LENGTHS, STEPS, SYMBOLS = (1, 9, 4, 9, 2), 6, 23
EVERY = pytest.mark.parametrize("variant", sorted(VARIANTS))


def shaken(model: GPT, seed: int, size: float = 0.2) -> GPT:
    """The model with random parameters, gains and positions included: logits of order 1 to 10."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(size * torch.randn(parameter.shape, generator=generator))
    return model.eval()


def texts(seed: int) -> Tensor:
    """Rows of ids long enough for the longest prompt and all steps."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(1, SYMBOLS, (len(LENGTHS), max(LENGTHS) + STEPS), generator=generator)


def stepwise(model: GPT, ids: Tensor, padding: int = 0) -> Iterator[tuple[int, int, Tensor]]:
    """Row, position and logits there, from `start` and `extend`; two rows leave half-way."""
    lengths = torch.tensor(LENGTHS)
    prompts = ids[:, : max(LENGTHS)].clone()
    prompts[torch.arange(max(LENGTHS)) >= lengths[:, None]] = padding
    logits, states = model.start(prompts, lengths, STEPS)
    rows = torch.arange(len(LENGTHS))
    for step in range(STEPS):
        positions = lengths + step
        yield from (
            (r, int(p) - 1, x) for r, p, x in zip(rows.tolist(), positions, logits, strict=True)
        )
        if step == STEPS // 2:
            kept = torch.tensor([0, 1, 3])
            rows, lengths, positions = rows[kept], lengths[kept], positions[kept]
            states = [state.keep(kept) for state in states]
        logits = model.extend(ids[rows, positions], positions, states)


@torch.no_grad()
def largest_error(model: GPT, ids: Tensor) -> float:
    """Of the stepwise logits, against the forward pass over each row alone."""
    whole = [model(row[None])[0] for row in ids]
    return max(
        float((logits - whole[row][position]).abs().max())
        for row, position, logits in stepwise(model, ids)
    )


@EVERY
def test_stepwise_logits_are_those_of_the_forward_pass(tiny: Build, variant: str) -> None:
    for seed in range(20):
        model = shaken(tiny(variant, SYMBOLS, seed=seed), seed)
        ids = texts(seed)
        with torch.no_grad():
            assert 1.0 < float(model(ids).abs().max()) < 20.0
        assert largest_error(model, ids) <= 1e-5
        assert largest_error(model.double(), ids) <= 1e-12


@EVERY
@torch.no_grad()
def test_a_model_of_the_practicals_size_keeps_the_bound(variant: str, tiny: Build) -> None:
    model = tiny(variant, SYMBOLS, layers=4, heads=8, width=256).eval()
    assert largest_error(model, texts(0)) <= 1e-5
    model.head.weight.mul_(100)  # logits as large as those of a model that is sure
    largest = float(model(texts(0)).abs().max())
    assert largest > 20
    assert largest_error(model, texts(0)) <= 2e-6 * largest


def test_padding_never_reaches_a_logit(tiny: Build) -> None:
    for variant in sorted(VARIANTS):
        assert not depends_on_padding(shaken(tiny(variant, SYMBOLS), 1))


@torch.no_grad()
def depends_on_padding(model: GPT) -> bool:
    ids = texts(1)
    pairs = zip(stepwise(model, ids, padding=0), stepwise(model, ids, padding=5), strict=True)
    return any(not bool((a[2] == b[2]).all()) for a, b in pairs)


@EVERY
@torch.no_grad()
def test_a_changed_id_changes_no_logit_before_it_nor_of_another_row(
    tiny: Build, variant: str
) -> None:
    model = shaken(tiny(variant, SYMBOLS), 2)
    ids = texts(2)
    before = list(stepwise(model, ids))
    for changed in range(ids.shape[1] - 1):
        other = ids.clone()
        other[1, changed] = 0
        for (row, position, a), (_, _, b) in zip(before, stepwise(model, other), strict=True):
            may_differ = row == 1 and position >= changed
            assert bool((a == b).all()) != may_differ, (row, position, changed)


# ------------------------------------------------------------------------------ wrong twins


def sees_one_more(self: KeyValues, query: Tensor, positions: Tensor, scale: float) -> Tensor:
    return attend(self, query, positions + 1, scale)


def writes_at_the_end(self: KeyValues, key: Tensor, value: Tensor, positions: Tensor) -> None:
    """Behind the longest row, which leaves padding among the keys of the others."""
    append(self, key, value, torch.full_like(positions, self._used))


def keeps_nothing(self: KeyValues, key: Tensor, value: Tensor, positions: Tensor) -> None:
    append(self, torch.zeros_like(key), value, positions)


attend, append, place = KeyValues.attend, KeyValues.append, RotaryAttention.place
TWINS = {
    "a mask off by one": (KeyValues, "attend", sees_one_more, "vanilla"),
    "padding among the keys": (KeyValues, "append", writes_at_the_end, "vanilla"),
    "forgotten keys": (KeyValues, "append", keeps_nothing, "rope"),
    "unrotated keys": (RotaryAttention, "place", lambda self, x, positions=None: place(self, x),
                       "rope"),
}  # fmt: skip


@pytest.mark.parametrize(("owner", "name", "wrong", "variant"), TWINS.values(), ids=TWINS.keys())
def test_a_wrong_cache_is_caught(
    tiny: Build,
    monkeypatch: pytest.MonkeyPatch,
    owner: type,
    name: str,
    wrong: Callable[..., object],
    variant: str,
) -> None:
    model = shaken(tiny(variant, SYMBOLS), 0)
    monkeypatch.setattr(owner, name, wrong)
    assert largest_error(model, texts(0)) > 1e-3


def test_a_mask_off_by_one_lets_padding_through(
    tiny: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KeyValues, "attend", sees_one_more)
    assert depends_on_padding(shaken(tiny("vanilla", SYMBOLS), 1))


def test_rows_and_room_beyond_the_block_are_refused(tiny: Build) -> None:
    model = tiny("vanilla", SYMBOLS, block_size=12)
    ids = torch.ones(1, 9, dtype=torch.long)
    model.start(ids, torch.tensor([9]), 3)
    with pytest.raises(ValueError, match="13 positions exceed the block size 12"):
        model.start(ids, torch.tensor([9]), 4)
