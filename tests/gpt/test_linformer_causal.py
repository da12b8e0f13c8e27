"""The causal form of Linformer: no look ahead, one position at a time, and wrong twins of both."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gpt.attention import linformer
from gpt.attention.linformer import LinformerAttention, ProjectedSums
from gpt.model import build
from tests.gpt.linformer_checks import (
    BLOCK,
    FORMS,
    SHARES,
    K,
    N,
    brute_force,
    error,
    inputs,
    layer,
    made_exact,
    sees_the_future,
    stepwise_error,
)

# ------------------------------------------------------------------ causality, and step by step


@pytest.mark.parametrize("rotary", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_no_output_changes_in_a_bit_with_later_inputs(dtype: torch.dtype, rotary: bool) -> None:
    assert not sees_the_future(layer(rotary=rotary).to(dtype))
    assert not sees_the_future(layer(rotary=rotary, share="key-value").to(dtype), 18)


def test_the_papers_form_sees_the_future() -> None:
    assert sees_the_future(layer(causal=False))


@SHARES
@pytest.mark.parametrize(("k", "block"), [(K, BLOCK), (1, 1), (N, 5), (3, N)])
def test_one_position_at_a_time_gives_the_same(share: str, k: int, block: int) -> None:
    assert stepwise_error(layer(share=share, k=k, block=block)) < 1e-12
    assert stepwise_error(layer(share=share, k=k, block=block), torch.float32) < 1e-5
    assert stepwise_error(layer(share=share, k=k, block=block, rotary=True)) < 1e-12
    assert stepwise_error(made_exact(layer(share=share, k=N, block=block))) < 1e-12


@torch.no_grad()
def test_a_model_of_the_practicals_size_keeps_the_bound() -> None:
    model = build("linformer", 23, block_size=64, attention={"k": 16, "block": 8}).eval()
    ids = torch.randint(1, 23, (3, 60), generator=torch.Generator().manual_seed(0))
    whole, lengths = model(ids), torch.tensor([30, 3, 17])
    logits, states = model.start(ids[:, :30], lengths, 30)
    for step in range(30):
        there = torch.stack([row[n - 1] for row, n in zip(whole, lengths + step, strict=True)])
        assert (logits - there).abs().max() < 1e-5
        logits = model.extend(ids[range(3), lengths + step], lengths + step, states)


# ------------------------------------------------------------------------------ wrong twins


def test_the_keys_projection_used_for_values_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LinformerAttention, "matrices",
                        property(lambda self: torch.stack((self.E, self.E))))  # fmt: skip
    made = layer(False)
    got, x = made(inputs(N)), inputs(N)
    monkeypatch.undo()
    assert (got - brute_force(made, x)).abs().max() > 1e-2


def test_sums_that_hold_the_block_at_hand_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(x: Tensor, dim: int) -> Tensor:
        return x.cumsum(dim).to(x.dtype)

    monkeypatch.setattr(linformer, "before", wrong)
    assert sees_the_future(layer())
    assert error(layer(), N) > 1e-2
    assert stepwise_error(layer()) > 1e-2


def test_a_mask_off_by_one_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(positions: int, device: torch.device) -> Tensor:
        return torch.ones(positions, positions, dtype=torch.bool, device=device).triu(2)

    monkeypatch.setattr(linformer, "later", wrong)
    assert sees_the_future(layer())
    assert error(layer(), N) > 1e-2


@FORMS
def test_padding_that_leaks_through_the_projection_is_caught(
    causal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linformer, "blank", lambda pair, absent: pair)
    assert error(layer(causal), N, padded=False) < 1e-12
    assert error(layer(causal), N, padded=True) > 1e-2


def test_padding_behind_a_row_that_leaks_into_its_sums_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(linformer, "blank", lambda pair, absent: pair)
    assert stepwise_error(layer()) > 1e-2


def test_a_block_that_is_never_finished_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    append = ProjectedSums.append

    def wrong(self: ProjectedSums, pair: Tensor, positions: Tensor) -> None:
        finished = self._finished
        append(self, pair, positions)
        self._finished = finished

    monkeypatch.setattr(ProjectedSums, "append", wrong)
    assert stepwise_error(layer()) > 1e-2
