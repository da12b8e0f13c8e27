"""Causal linear attention from features, against sums by loops; what its shifts may depend on."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor

from gpt.attention import running_sums
from gpt.attention.directions import generator, orthogonal
from gpt.attention.feature_maps import MAPS, Features
from gpt.attention.running_sums import Reading, RunningSums, read_causally

EVERY = pytest.mark.parametrize("name", MAPS)
CHUNK = 8
B, D = 2, 4
LENGTHS = (1, 2, 3, 7, 8, 9, 16, 21)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def features(name: str, x: Tensor) -> Features:
    m = 16
    omega = orthogonal(1, m, x.shape[-1], generator(0, 0))[0]
    return MAPS[name](x, omega.to(x))


def given(name: str, T: int, size: float = 1.0) -> tuple[Features, Features, Tensor]:
    q, k = (features(name, size * normal(B, T, D, seed=seed)) for seed in (1, 2))
    return q, k, normal(B, T, D, seed=3)


def causally(q: Features, k: Features, v: Tensor, chunk: int = CHUNK) -> Tensor:
    return read_causally(q, k, v, chunk).quotient()


def products(q: Features, k: Features) -> Tensor:
    """φ(q_t)ᵀφ(k_j), (B, T, T), by loops; no shift is needed in float64 for exponents below 700."""
    plain = [x.exponents.exp() * (1 if x.factors is None else x.factors) for x in (q, k)]
    rows, T = plain[0].shape[:2]
    found = torch.zeros(rows, T, T, dtype=torch.float64)
    for b in range(rows):
        for t in range(T):
            for j in range(T):
                found[b, t, j] = math.fsum((plain[0][b, t] * plain[1][b, j]).tolist())
    return found


def brute_force(q: Features, k: Features, v: Tensor, later: int = 0) -> Tensor:
    """Position by position; `later` keys behind its own are seen as well."""
    weights, y = products(q, k), torch.zeros_like(v)
    for b in range(len(v)):
        for t in range(v.shape[1]):
            seen = range(min(t + 1 + later, v.shape[1]))
            total = math.fsum(float(weights[b, t, j]) for j in seen)
            for j in seen:
                y[b, t] += weights[b, t, j] / total * v[b, j]
    return y


def error(name: str, T: int, chunk: int = CHUNK) -> float:
    """Relative to the largest output, which trigonometric features make large."""
    q, k, v = given(name, T)
    exact = brute_force(q, k, v)
    return float((causally(q, k, v, chunk) - exact).abs().max() / exact.abs().max())


@EVERY
@pytest.mark.parametrize("T", LENGTHS)
def test_causal_sums_are_those_of_the_loops(name: str, T: int) -> None:
    assert error(name, T) < 1e-12


@pytest.mark.parametrize("chunk", [1, 2, 4, 16, 32, 64])
def test_every_chunk_gives_the_same(chunk: int) -> None:
    assert error("positive", 21, chunk) < 1e-12


def test_all_keys_at_once_are_those_of_the_loops() -> None:
    for name in MAPS:
        q, k, v = given(name, 9)
        exact = brute_force(q, k, v, later=9)
        found = RunningSums.of(k, v).read(q).quotient()
        assert float((found - exact).abs().max() / exact.abs().max()) < 1e-12


@EVERY
def test_one_key_after_the_other_is_the_same(name: str) -> None:
    q, k, v = given(name, 21)
    whole = causally(q, k, v)
    begun = [x.each(lambda y: y[:, :5]) for x in (q, k)]
    state = RunningSums.of(begun[1], v[:, :5])
    for t in range(5, 21):
        query, key = (x.each(lambda y: y[:, t : t + 1]) for x in (q, k))  # noqa: B023
        state.append(key, v[:, t : t + 1])
        found = state.read(query).quotient()[:, 0]
        torch.testing.assert_close(found, whole[:, t], rtol=1e-9, atol=1e-9)
    kept = state.keep(torch.tensor([1]))
    assert bool((kept.sums[0] == state.sums[1]).all() and (kept.maxima[0] == state.maxima[1]).all())
    assert kept.sums.shape == (1, 16 if name == "positive" else 32, D + 1)


# ------------------------------------------------------------------------------ wrong twins


def without_normaliser(self: Reading) -> Tensor:
    return self.sums[..., :-1]


own_chunk = running_sums._read_own_chunk


def rolled(by: int) -> Callable[[Features, Features, Tensor], Reading]:
    """Within a chunk, keys and values stand `by` positions later than they are."""
    roll = partial(torch.roll, shifts=by, dims=-2)
    return lambda q, k, v: own_chunk(q, k.each(roll), roll(v))


def forgetful(chunks: RunningSums) -> RunningSums:
    """The sums of the chunk before alone."""
    return RunningSums(chunks.maxima.roll(1, -3), chunks.sums.roll(1, -3))


def undivided(self: RunningSums, other: RunningSums) -> RunningSums:
    """Sums that are added though they are divided by different maxima."""
    return RunningSums(torch.maximum(self.maxima, other.maxima), self.sums + other.sums)


TWINS: dict[str, tuple[object, str, Callable[..., object]]] = {
    "no normaliser": (Reading, "quotient", without_normaliser),
    "a mask that shows one key more": (running_sums, "_read_own_chunk", rolled(-1)),
    "a mask that hides the own key": (running_sums, "_read_own_chunk", rolled(1)),
    "earlier chunks forgotten": (running_sums, "_before", forgetful),
    "maxima not made good": (RunningSums, "plus", undivided),
}


@pytest.mark.parametrize(("owner", "name", "wrong"), TWINS.values(), ids=TWINS.keys())
def test_wrong_sums_are_caught(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str, wrong: Callable[..., object]
) -> None:
    monkeypatch.setattr(owner, name, wrong)
    assert error("positive", 21) > 1e-3


# ---------------------------------------------------------------------------- the future

Attend = Callable[[Features, Features, Tensor], Tensor]


def moved_by_the_future(
    attend: Attend, name: str, dtype: torch.dtype = torch.float32, size: float = 1.0
) -> float:
    """How far changing a position's key and value moves outputs before it; every later one must
    move. Keys are made `size` times longer."""
    q, k = (normal(B, 21, D, seed=seed).to(dtype) for seed in (1, 2))
    v = normal(B, 21, D, seed=3).to(dtype)
    before, moved = attend(features(name, q), features(name, k), v), 0.0
    for t in range(1, 21):
        other, values = k.clone(), v.clone()
        other[0, t], values[0, t] = size * k[0, t].flip(0), -v[0, t]
        after = attend(features(name, q), features(name, other), values)
        difference = (after - before).abs()
        moved = max(moved, float(difference[0, :t].max()), float(difference[1].max()))
        assert float(difference[0, t].max()) > 0 or size > 1
    return moved


@EVERY
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [1.0, 30.0])
def test_the_future_does_not_change_a_bit(name: str, dtype: torch.dtype, size: float) -> None:
    assert moved_by_the_future(causally, name, dtype, size) == 0.0


def test_one_maximum_for_all_blocks_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: the quotient is the same, but for its last digits, or wholly where one key's
    features are far larger than those of the keys before it."""

    def of_all(keys: Features) -> Tensor:
        return keys.exponents.amax().expand_as(keys.exponents.amax(-2, keepdim=True))

    monkeypatch.setattr(running_sums, "_maxima", of_all)
    assert error("positive", 21) < 1e-12
    assert moved_by_the_future(causally, "positive") > 0.0
    q, k, v = shrinking(21)
    assert not bool(causally(q, k, v).allclose(brute_force(*doubled(q, k, v)).float(), atol=0.1))


# ------------------------------------------------------------------------ large exponents


def shrinking(T: int) -> tuple[Features, Features, Tensor]:
    """Keys of lengths from 24 down to 0 in float32, so their features' exponents rise by 280."""
    sizes = torch.linspace(24, 0, T)[:, None]
    k = sizes * torch.nn.functional.normalize(normal(B, T, D, seed=2).float(), dim=-1)
    q = 2 * normal(B, T, D, seed=1).float()
    return features("positive", q), features("positive", k), normal(B, T, D, seed=3).float()


def doubled(q: Features, k: Features, v: Tensor) -> tuple[Features, Features, Tensor]:
    return q.each(Tensor.double), k.each(Tensor.double), v.double()


@pytest.mark.parametrize("chunk", [1, 4, 32])
def test_features_that_span_hundreds_of_exponents_are_summed(chunk: int) -> None:
    q, k, v = shrinking(21)
    assert float(k.exponents.max() - k.exponents.min()) > 250
    found = causally(q, k, v, chunk)
    assert float((found - brute_force(*doubled(q, k, v))).abs().max()) < 1e-3


@pytest.mark.parametrize("name", ["positive", "hyperbolic"])
@pytest.mark.parametrize("size", [1.0, 10.0, 1000.0])
def test_normalisers_of_positive_features_are_at_least_1(name: str, size: float) -> None:
    q, k, v = given(name, 21, size)
    for causal in (True, False):
        values = v
        reading = read_causally(q, k, values, 8) if causal else RunningSums.of(k, values).read(q)
        assert bool(reading.sums.isfinite().all())
        assert float(reading.sums[..., -1].min()) >= 1.0


def test_a_single_key_is_its_value_however_unlikely() -> None:
    x = 100 * normal(B, 1, D).float()
    v = normal(B, 1, D, seed=1).float()
    for name in ("positive", "hyperbolic"):
        found = causally(features(name, x), features(name, -x), v)  # a score of −‖x‖², −10⁴
        torch.testing.assert_close(found, v, rtol=1e-6, atol=0)


def test_normalisers_near_0_keep_their_sign_and_a_least_size() -> None:
    """Two keys with opposite trigonometric features: 1 and −1 + δ."""
    v = torch.tensor([[[1.0], [3.0]]], dtype=torch.float64)
    zero = torch.zeros(1, 2, 1, dtype=torch.float64)
    q = Features(zero, torch.ones(1, 2, 1, dtype=torch.float64))
    for delta, normaliser in ((0.0, 1e-6), (1e-9, 1e-6), (-1e-9, -1e-6), (-0.5, -0.5)):
        factors = torch.tensor([[[1.0], [-1.0 + delta]]], dtype=torch.float64, requires_grad=True)
        found = causally(q, Features(zero, factors), v)
        expected = (1.0 + 3.0 * (-1.0 + delta)) / normaliser
        torch.testing.assert_close(found[0, 1].item(), expected, rtol=1e-6, atol=0)
        found.sum().backward()
        assert factors.grad is not None
        assert bool(factors.grad.isfinite().all())
