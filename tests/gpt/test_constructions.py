"""The constructions of questions 2a to 2e, run through the model's own attention in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from gpt.attention.vanilla import SelfAttention, attend
from theory.constructions import Construction, constructions
from theory.key_query_value import error, error_second, matrices

ROUNDING = 1e-12  # of float64, above a bound that is met exactly
BETA, GAIN = 2.5, 1.5
CASES = {case.name: case for case in constructions()}


def excess(case: Construction, queries: Tensor, values: Tensor) -> np.ndarray:
    """By how much each row of the output lies beyond the bound from its target."""
    outputs = attend(queries, torch.from_numpy(case.keys), values, scale=1.0)
    assert outputs.dtype == torch.float64
    rows = outputs.unflatten(0, (-1, case.heads)).mean(1).numpy()
    return np.asarray(np.linalg.norm(rows - case.target, axis=1) - case.bound)


def tensors(case: Construction) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(case.queries), torch.from_numpy(case.values)


def test_every_question_of_section_2_has_a_construction() -> None:
    assert len(CASES) >= 7
    assert {"copying", "averaging", "two heads", "key, query, value"} <= set(CASES)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_attention_stays_within_the_proved_bound(case: Construction) -> None:
    queries, values = tensors(case)
    assert excess(case, queries, values).max() <= ROUNDING


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_third_of_the_gain_exceeds_the_bound(case: Construction) -> None:
    queries, values = tensors(case)
    assert excess(case, queries / 3, values).max() > 10 * ROUNDING


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_values_in_another_order_exceed_the_bound(case: Construction) -> None:
    queries, values = tensors(case)
    assert excess(case, queries, values.roll(1, 0)).max() > 10 * ROUNDING


# ------------------------------------------------- 2e.2 through the whole attention module


def module(K: np.ndarray, Q: np.ndarray, V: np.ndarray) -> SelfAttention:
    """The practical's attention layer with K, Q and V as its weights, and nothing else."""
    width = len(K)
    layer = SelfAttention(width, heads=1, block_size=8, dropout=0.0, causal=False, scale=1.0)
    layer = layer.double()
    with torch.no_grad():
        for linear, weight in (
            (layer.key, K), (layer.query, Q), (layer.value, V), (layer.projection, np.eye(width))
        ):  # fmt: skip
            linear.weight.copy_(torch.from_numpy(weight))
            linear.bias.zero_()
    return layer


def distances(layer: SelfAttention, basis: np.ndarray) -> tuple[float, float]:
    """How far outputs 1 and 2 are from u_b − u_c and u_b."""
    u_a, u_b, u_c, u_d = basis
    x = torch.from_numpy(np.stack([u_d + u_b, u_a, u_c + u_b]))
    with torch.no_grad():
        outputs = layer(x[None])[0].numpy()
    first, second = outputs[0] - (u_b - u_c), outputs[1] - u_b
    return float(np.linalg.norm(first)), float(np.linalg.norm(second))


@pytest.fixture
def basis() -> np.ndarray:
    """u_a, u_b, u_c, u_d in R^6: orthogonal, of norm β."""
    normal = np.random.default_rng(4).standard_normal((6, 6))
    return BETA * np.linalg.qr(normal)[0][:4]


def test_key_query_and_value_matrices_in_the_attention_layer(basis: np.ndarray) -> None:
    u_a, u_b, u_c, u_d = basis
    first, second = distances(module(*matrices(u_a, u_b, u_c, u_d, GAIN)), basis)
    assert first <= error(GAIN, BETA) + ROUNDING
    assert second <= error_second(GAIN, BETA) + ROUNDING


def test_key_and_query_exchanged_exceed_the_bounds(basis: np.ndarray) -> None:
    u_a, u_b, u_c, u_d = basis
    K, Q, V = matrices(u_a, u_b, u_c, u_d, GAIN)
    first, second = distances(module(Q, K, V), basis)
    assert first > error(GAIN, BETA) + ROUNDING
    assert second > error_second(GAIN, BETA) + ROUNDING
