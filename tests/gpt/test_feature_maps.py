"""Random features against theory/performer.py: formulas, mean and variance of their products.

Means of n draws are held against 5 standard errors, a false alarm of 6e-7 each by the normal law;
the lengths are small (‖z‖² = 0.5), so that n is large enough for it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from gpt.attention import feature_maps
from gpt.attention.directions import DRAWS, generator
from gpt.attention.feature_maps import MAPS, Features, positive
from theory.features.feature_variance import (
    hyperbolic_error,
    positive_error,
    trigonometric_error,
)
from theory.features.orthogonal_features import block_error, orthogonal_error
from theory.performer import hyperbolic_features, positive_features, trigonometric_features
from theory.proof.law import Law

Map = Callable[[Tensor, Tensor], Features]
EVERY = pytest.mark.parametrize("name", MAPS)
FORMULAS = {
    "positive": positive_features,
    "hyperbolic": hyperbolic_features,
    "trigonometric": trigonometric_features,
}
LAWS: dict[str, Law] = {
    "positive": positive_error,
    "hyperbolic": hyperbolic_error,
    "trigonometric": trigonometric_error,
}
D, DRAWN = 4, 400_000
TOTAL, APART = 0.5**0.5, 0.9  # ‖x + y‖ and ‖x − y‖
NOTHING = torch.zeros(1, dtype=torch.float64)


def plain(features: Features) -> Tensor:
    """φ itself."""
    return features.shifted(NOTHING)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@EVERY
def test_features_are_the_formulas_of_the_theory(name: str) -> None:
    x, omega = normal(2, 3, 6, D), normal(3, 10, D, seed=1)
    found = plain(MAPS[name](x, omega))
    for b in range(2):
        for head in range(3):
            exact = FORMULAS[name](x[b, head].numpy(), omega[head].numpy())
            np.testing.assert_allclose(found[b, head].numpy(), exact, rtol=1e-12, atol=1e-14)


@EVERY
def test_shifts_multiply_features(name: str) -> None:
    x, omega = normal(6, D), normal(10, D, seed=1)
    features = MAPS[name](x, omega)
    raised = features.shifted(torch.full_like(NOTHING, 1.25))
    torch.testing.assert_close(raised, np.exp(1.25) * plain(features), rtol=1e-12, atol=0)
    rows = torch.arange(6) % 2 == 0
    without = plain(features.without(rows))
    assert bool((without[rows] == 0).all())
    assert bool((without[~rows] == plain(features)[~rows]).all())


# --------------------------------------------------------------------- mean and variance


def pair() -> tuple[Tensor, Tensor]:
    """x and y whose sum and difference have the lengths above, in no special direction."""
    z, w = torch.linalg.qr(normal(D, 2, seed=2))[0].T
    return (TOTAL * z + APART * w) / 2, (TOTAL * z - APART * w) / 2


def products(name: str, directions: Tensor) -> Tensor:
    """φ(x)ᵀφ(y) of each head's directions."""
    x, y = (plain(MAPS[name](row[None], directions)) for row in pair())
    return (x * y).sum((-2, -1))


def standard_errors(sample: Tensor, mean: float) -> float:
    """How many of its own the mean of a sample lies above `mean`."""
    return float((sample.mean() - mean) / (sample.std() / len(sample) ** 0.5))


def kernel() -> float:
    x, y = pair()
    return float((x @ y).exp())


@pytest.mark.parametrize("draws", DRAWS)
@EVERY
def test_the_mean_of_the_products_is_the_softmax_kernel(name: str, draws: str) -> None:
    """100,000 heads of 6 directions in 4 dimensions: a block and a half."""
    sample = products(name, DRAWS[draws](100_000, 6, D, generator(3, 0)))
    assert abs(standard_errors(sample, kernel())) < 5


def test_features_without_the_factor_of_length_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: exp(ωᵀx)/√m, as if the factor cancelled for keys as it does for queries."""
    monkeypatch.setattr(feature_maps, "_half_square", lambda x, _: torch.zeros_like(x[..., :1]))
    sample = products("positive", DRAWS["orthogonal"](100_000, 6, D, generator(3, 0)))
    assert standard_errors(sample, kernel()) > 50


def test_directions_without_the_lengths_of_normal_vectors_are_caught() -> None:
    """The twins: unit rows, and rows of length √d, whose kernel is below softmax's."""
    rows = torch.nn.functional.normalize(DRAWS["orthogonal"](DRAWN, D, D, generator(3, 0)), dim=-1)
    assert standard_errors(products("positive", rows), kernel()) < -50
    assert standard_errors(products("positive", D**0.5 * rows), kernel()) < -5


@EVERY
def test_one_independent_draw_has_the_variance_of_the_law(name: str) -> None:
    sample = products(name, DRAWS["independent"](DRAWN, 1, D, generator(4, 0)))
    squares = (sample - kernel()).square()
    assert abs(standard_errors(squares, LAWS[name](TOTAL, APART, 1))) < 5


@EVERY
def test_the_laws_tell_the_maps_apart(name: str) -> None:
    """The twins: each map against the laws of the two others."""
    sample = products(name, DRAWS["independent"](DRAWN, 1, D, generator(4, 0)))
    squares = (sample - kernel()).square()
    for other in LAWS.keys() - {name}:
        assert abs(standard_errors(squares, LAWS[other](TOTAL, APART, 1))) > 5


@pytest.mark.parametrize("m", [3, 4, 6, 9])
def test_orthogonal_draws_keep_their_smaller_error(m: int) -> None:
    """At most the theorem's bound, in and beyond one block; independent draws are above it."""
    blocks, rest = divmod(m, D)
    if m <= D:
        bound = orthogonal_error(TOTAL, APART, m, D)
    else:
        bound = block_error(TOTAL, APART, blocks, rest, D)
    squares = {
        draws: (products("positive", draw(200_000, m, D, generator(5, 0))) - kernel()).square()
        for draws, draw in DRAWS.items()
    }
    assert standard_errors(squares["orthogonal"], bound) < 5
    assert standard_errors(squares["independent"], bound) > 5
    assert abs(standard_errors(squares["independent"], positive_error(TOTAL, APART, m))) < 5


# --------------------------------------------------------------------------- large inputs


@EVERY
def test_exponents_are_finite_where_features_are_not(name: str) -> None:
    x = 60.0 * normal(5, D).float()
    features = MAPS[name](x, normal(10, D, seed=1).float())
    assert bool(features.exponents.isfinite().all())
    raised = features.shifted(-features.exponents.amax(-1, keepdim=True))
    assert bool(raised.isfinite().all())
    assert bool((raised.abs().amax(-1) > 0.01).all())


def test_the_mean_is_taken_over_the_directions_given() -> None:
    """1/√m: twice the same directions give the same product."""
    x, omega = normal(2, D), normal(8, D, seed=1)
    once, twice = (plain(positive(x, rows)) for rows in (omega, torch.cat([omega, omega])))
    torch.testing.assert_close(once[0] @ once[1], twice[0] @ twice[1], rtol=1e-12, atol=0)
