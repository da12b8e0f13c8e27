"""Random directions: each N(0, I) by itself, orthogonal in blocks, reproducible draw by draw.

Kolmogorov–Smirnov distances are held against DKW's bound for a false alarm of 1e-6 a statistic;
seeds are fixed besides, so a test that passes once passes always.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from scipy import stats
from torch import Generator, Tensor

from gpt.attention import directions
from gpt.attention.directions import DRAWS, generator, independent, orthogonal

ALARM = 1e-6
HEADS, D = 20_000, 4
Draw = Callable[[int, int, int, Generator], Tensor]
EVERY = pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS.keys())


def distance(sample: Tensor, law: Callable[[Tensor], Tensor]) -> float:
    """Kolmogorov–Smirnov's, over DKW's bound √(ln(2/α)/2n): above 1 with probability α at most."""
    bound = math.sqrt(math.log(2 / ALARM) / (2 * len(sample)))
    return float(stats.kstest(sample.numpy(), law).statistic) / bound


def squared_lengths(draw: Draw) -> float:
    """Against the law of ‖N(0, I)‖², chi-square with d degrees of freedom; one row a head."""
    rows = draw(HEADS, D, D, generator(0, 0))[:, 1]
    return distance(rows.square().sum(-1), stats.chi2(D).cdf)


def coordinates(draw: Draw) -> float:
    """The farthest of all rows and coordinates from N(0, 1); one number a head."""
    numbers = draw(HEADS, D, D, generator(1, 0)).flatten(1)
    return max(distance(column, stats.norm.cdf) for column in numbers.unbind(1))


@EVERY
def test_each_direction_is_a_standard_normal_vector(draw: Draw) -> None:
    assert squared_lengths(draw) < 1
    assert coordinates(draw) < 1


def unit(heads: int, m: int, d: int, generator: Generator) -> Tensor:
    return torch.nn.functional.normalize(orthogonal(heads, m, d, generator), dim=-1)


def regularised(heads: int, m: int, d: int, generator: Generator) -> Tensor:
    """The paper's other choice, whose kernel lies below softmax's (its Theorem 1)."""
    return math.sqrt(d) * unit(heads, m, d, generator)


@pytest.mark.parametrize("twin", [unit, regularised])
def test_lengths_that_are_not_those_of_normal_vectors_are_caught(twin: Draw) -> None:
    assert squared_lengths(twin) > 5


def test_rotations_that_are_not_uniform_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: Q as LAPACK returns it. The signs of its diagonal are then not even."""
    monkeypatch.setattr(directions, "_rotations", lambda x: torch.linalg.qr(x)[0].mT)
    assert coordinates(orthogonal) > 5


@pytest.mark.parametrize(("m", "d"), [(1, 1), (3, 1), (2, 5), (5, 5), (12, 5)])
def test_blocks_are_orthogonal_and_only_they(m: int, d: int) -> None:
    rows = orthogonal(3, m, d, generator(2, 0))
    assert rows.shape == (3, m, d)
    gram = rows @ rows.mT
    block = torch.arange(m) // d
    together = (block[:, None] == block) & ~torch.eye(m, dtype=torch.bool)
    apart = block[:, None] != block
    assert not together.any() or float(gram[:, together].abs().max()) < 1e-12
    assert not apart.any() or float(gram[:, apart].abs().min()) > 1e-6
    lengths = gram.diagonal(dim1=-2, dim2=-1).flatten()
    assert len(lengths.unique()) == len(lengths)  # drawn apart, not one for all


def test_independent_directions_are_not_orthogonal() -> None:
    """The twin: of 5 directions in 5 dimensions."""
    rows = independent(3, 5, 5, generator(2, 0))
    gram = rows @ rows.mT
    assert rows.shape == (3, 5, 5)
    assert float(gram.triu(1).abs().max()) > 0.1


@EVERY
def test_a_draw_is_a_function_of_seed_and_number(draw: Draw) -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    one, same, next_one, other = (
        draw(2, 7, 4, generator(*key)) for key in ((5, 0), (5, 0), (5, 1), (6, 0))
    )
    assert bool((one == same).all())
    for different in (next_one, other):
        assert not bool((one == different).any())
    assert not bool((one[0] == one[1]).any())  # heads
    assert bool((torch.get_rng_state() == before).all())


def test_far_draws_of_one_seed_differ() -> None:
    """torch's generator on a CPU keeps 32 bits of its seed: seed + number·2³² would repeat."""
    numbers = [0, 1, 2**8, 2**16, 2**32]
    states = {generator(3, number).initial_seed() & 0xFFFFFFFF for number in numbers}
    assert len(states) == len(numbers)
