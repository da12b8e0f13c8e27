"""Random keys: all graphs enumerated, scipy's hypergeometric law, bounds for long sequences."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from reports.record import InputError
from theory.graphs import random_attention
from theory.proof.claim import Claim

CLAIMS = {c.key: c for c in random_attention.CLAIMS if isinstance(c, Claim)}
ENUMERATED = [(5, 1, 1), (6, 1, 1), (6, 1, 2), (7, 1, 1)]
SIZES = [(12, 1, 1), (16, 1, 2), (64, 1, 3), (64, 3, 3), (512, 3, 8), (4096, 3, 64)]


def every_graph(n: int, window: int, random_keys: int) -> np.ndarray:
    """The matrices of all graphs on a ring, graph by graph."""
    rows = []
    for i in range(n):
        away = [min((i - j) % n, (j - i) % n) for j in range(n)]
        outside = [j for j in range(n) if away[j] > window]
        drawn = itertools.combinations(outside, random_keys)
        rows.append([[away[j] <= window or j in keys for j in range(n)] for keys in drawn])
    return np.array(list(itertools.product(*rows)), dtype=np.int64)


@pytest.mark.parametrize(("n", "window", "random_keys"), ENUMERATED)
def test_nobody_draws_a_token_in_this_share_of_all_graphs(
    n: int, window: int, random_keys: int
) -> None:
    graphs = every_graph(n, window, random_keys)
    alone = graphs[:, :, 0].sum(axis=1) == 2 * window + 1
    assert random_attention.undrawn(n, window, random_keys) == pytest.approx(alone.mean(), rel=1e-9)


@pytest.mark.parametrize("target", [3, 4])
def test_two_layers_join_two_tokens_in_this_share_of_all_graphs(target: int) -> None:
    graphs = every_graph(7, 1, 1)
    walks = np.einsum("gm,gm->g", graphs[:, 0], graphs[:, :, target])
    found = float((walks > 0).mean())
    assert random_attention.two_layers(7, 1, 1) == pytest.approx(found, rel=1e-9)


def test_tokens_nearer_to_each_other_are_joined_for_certain() -> None:
    """The law is for tokens more than 2h places apart: nearer ones have windows that meet."""
    graphs = every_graph(7, 1, 1)
    assert np.all(np.einsum("gm,gm->g", graphs[:, 0], graphs[:, :, 2]) > 0)


@pytest.mark.parametrize(("n", "window", "random_keys"), SIZES)
def test_the_laws_are_those_of_scipy(n: int, window: int, random_keys: int) -> None:
    others = n - 2 * window - 1
    lacking = stats.hypergeom(others, 1, random_keys).pmf(0)
    assert random_attention.undrawn(n, window, random_keys) == pytest.approx(lacking**others)
    missed = stats.hypergeom(others, 2 * window + 1, random_keys).pmf(0)
    expected = 1 - missed * lacking ** (2 * window + random_keys)
    assert random_attention.two_layers(n, window, random_keys) == pytest.approx(expected)


@pytest.mark.parametrize(("n", "window", "random_keys"), SIZES)
def test_the_bounds_of_the_statements_hold(n: int, window: int, random_keys: int) -> None:
    lost = random_attention.undrawn(n, window, random_keys)
    assert 0.4 * math.exp(-random_keys) < lost < math.exp(-random_keys)
    joined = random_attention.two_layers(n, window, random_keys)
    assert 0 < joined < random_keys * (4 * window + 1 + random_keys) / (n - 4 * window - 1)


def test_without_random_keys_the_laws_are_trivial() -> None:
    assert random_attention.undrawn(64, 1, 0) == 1
    assert random_attention.two_layers(64, 1, 0) == 0


def test_so_few_tokens_are_refused_in_one_line() -> None:
    with pytest.raises(InputError, match=r"random_keys \+ 2\*window \+ 2 <= n must hold") as caught:
        random_attention.undrawn(4, 1, 1)
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=r"<= n must hold"):
        random_attention.two_layers(9, 2, 0)


@pytest.mark.parametrize("key", CLAIMS)
def test_a_value_that_is_wrong_is_not_confirmed(key: str) -> None:
    claim = CLAIMS[key]
    assert claim.direct is not None
    value = claim.law(24, 1, 2)
    given = {"n": 24.0, "window": 1.0, "random_keys": 2.0}
    assert claim.direct(value, **given).agrees
    assert not claim.direct(value * (1 + 1e-6), **given).agrees
    assert "nothing is checked" in claim.direct(value, **given | {"n": 512.0}).sentence
