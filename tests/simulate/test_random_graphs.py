"""Planted mistakes in BigBird's random graphs, and the graphs against loops and theory's own.

Runs with a mistake have the default number of trials; all spend what one check of the whole
catalogue may. A test of a sampler by itself rejects a right one with probability FALSE_ALARM, over
its seed.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest
from scipy import stats

import theory
from simulate import experiment
from simulate.ensembles import attention_graphs
from simulate.ensembles.attention_graphs import BITS, with_random_keys
from simulate.experiment import DEFAULT_TRIALS, Experiment
from simulate.experiments import attention_graph, bigbird, random_attention, spectral_gap
from simulate.samplers import Draw, reduced
from simulate.statistics import Probability
from simulate.streams import SIZE, Block
from tests.simulate.verdicts import contradicted, verdicts
from theory.graphs import attention_graph as theorys
from theory.graphs import regular_graphs
from theory.proof.claim import Claim

MODULES = (attention_graph, random_attention, spectral_gap, bigbird)
EXPERIMENTS = {e.key: e for module in MODULES for e in module.experiments(1e-3)}
FALSE_ALARM = 1e-9


def test_the_laws_hold() -> None:
    found = verdicts(EXPERIMENTS.values(), trials=DEFAULT_TRIALS // 4)
    assert set(found.values()) == {"consistent"}


# -------------------------------------------------------------------- mistakes in the graphs


def _with_replacement(
    rng: np.random.Generator, bits: np.ndarray, size: int, trials: int
) -> np.ndarray:
    """A key that is drawn twice is lost."""
    if not len(bits):
        return np.zeros(trials, dtype=np.uint64)
    drawn = bits[rng.integers(0, len(bits), (size, trials))]
    return np.bitwise_or.reduce(drawn, axis=0)


def _one_more(rng: np.random.Generator, bits: np.ndarray, size: int, trials: int) -> np.ndarray:
    return SUBSETS(rng, bits, size + 1, trials)


def _never_the_last(
    rng: np.random.Generator, bits: np.ndarray, size: int, trials: int
) -> np.ndarray:
    """An index drawn below the greatest one, which is then never drawn."""
    return SUBSETS(rng, bits[:-1], size, trials)


def _one_after_another(
    rng: np.random.Generator, bits: np.ndarray, size: int, trials: int
) -> np.ndarray:
    """A run of neighbouring keys from a random place: of the right number, and each as likely."""
    if not len(bits):
        return np.zeros(trials, dtype=np.uint64)
    start = rng.integers(0, len(bits), trials)
    return np.bitwise_or.reduce([bits[(start + i) % len(bits)] for i in range(size)], axis=0)


def _one_draw_for_all_tokens(
    rng: np.random.Generator, certain: np.ndarray, random_keys: int, trials: int
) -> np.ndarray:
    """Every token draws the same keys, counted from its own place."""
    first = with_random_keys(rng, certain[:1], random_keys, trials)[0]
    width = np.uint64(len(certain))
    places = np.arange(len(certain), dtype=np.uint64)[:, None]
    everything = np.bitwise_or.reduce(BITS[: len(certain)])
    return ((first << places) | (first >> (width - places) % width)) & everything


SUBSETS = attention_graphs.subsets
WRONG_SUBSETS: dict[str, tuple[Callable[..., np.ndarray], set[str]]] = {
    "drawn with replacement": (
        _with_replacement,
        {
            "attention_graph.edges", "random_attention.undrawn.n16",
            "random_attention.two_layers.n32",
        },
    ),
    "one key more": (
        _one_more,
        {
            "attention_graph.edges", "random_attention.undrawn.n16",
            "random_attention.two_layers.n12",
        },
    ),
    "the last token is never drawn": (
        _never_the_last,
        {"random_attention.undrawn.n16", "random_attention.two_layers.n12"},
    ),
    "neighbouring keys": (_one_after_another, {"random_attention.two_layers.n32"}),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_SUBSETS)
def test_wrong_sets_of_keys_are_found(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    wrong, expected = WRONG_SUBSETS[name]
    monkeypatch.setattr(attention_graphs, "subsets", wrong)
    assert contradicted(EXPERIMENTS[key] for key in sorted(expected)) == expected


def test_keys_shared_by_all_tokens_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random_attention, "with_random_keys", _one_draw_for_all_tokens)
    keys = ("random_attention.undrawn.n16", "random_attention.two_layers.n12")
    assert contradicted(EXPERIMENTS[key] for key in keys) == set(keys)


def test_keys_drawn_from_the_window_too_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token then often draws what it attends to already: fewer pairs, fewer ways."""

    def wrong(
        rng: np.random.Generator, certain: np.ndarray, random_keys: int, trials: int
    ) -> np.ndarray:
        nobody = np.zeros_like(certain)
        drawn = with_random_keys(rng, nobody, random_keys, trials)
        return drawn | with_random_keys(rng, certain, 0, trials)

    for module in (attention_graph, random_attention):
        monkeypatch.setattr(module, "with_random_keys", wrong)
    keys = ("attention_graph.edges", "random_attention.undrawn.n16")
    assert contradicted(EXPERIMENTS[key] for key in keys) == set(keys)


def test_a_window_without_its_ring_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a chain the tokens at the ends have more to draw from, and fewer near them."""
    monkeypatch.setattr(
        random_attention,
        "ring",
        lambda n, window: theorys.attention_graph(n, window, 0, 0, seed=0),
    )
    keys = ("random_attention.two_layers.n12", "random_attention.two_layers.n32")
    assert contradicted(EXPERIMENTS[key] for key in keys) == set(keys)


# ---------------------------------------------------------- mistakes in what is measured


def test_flipped_inequalities_are_found() -> None:
    """Every event for its opposite, every ratio to a bound for its reciprocal: few trials do."""
    events = [e for e in EXPERIMENTS.values() if isinstance(e.check, Probability)]
    bounds = [e for e in EXPERIMENTS.values() if not isinstance(e.check, Probability)]
    flipped = [
        *(_changed(e, lambda values: 1 - values) for e in events),
        *(_changed(e, lambda values: 1 / np.maximum(values, 1e-9)) for e in bounds),
    ]
    assert contradicted(flipped, trials=SIZE) == set(EXPERIMENTS)


def _changed(e: Experiment, change: Callable[[np.ndarray], np.ndarray]) -> Experiment:
    return dataclasses.replace(e, measure=lambda draw: change(np.asarray(e.measure(draw))))


def test_too_few_layers_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two too few: with one the ratio would come to 1 and not cross it."""
    layers = attention_graphs.layers_to_all
    monkeypatch.setattr(attention_graph, "layers_to_all", lambda rows, i: layers(rows, i) - 2)
    assert contradicted([EXPERIMENTS["reachability.layers"]]) == {"reachability.layers"}


def test_walks_of_half_the_length_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The law for p steps with the walks of 2p steps."""
    gap = theory.law("spectral_gap.gap")
    monkeypatch.setattr(spectral_gap, "law", lambda name: lambda n, pi, p: gap(n, pi, p // 2))
    assert contradicted([EXPERIMENTS["spectral_gap.random"]]) == {"spectral_gap.random"}


def test_half_as_many_layers_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = theory.law("spectral_gap.layers")
    monkeypatch.setattr(spectral_gap, "law", lambda name: lambda *given: layers(*given) / 2)
    assert contradicted([EXPERIMENTS["spectral_gap.layers"]]) == {"spectral_gap.layers"}


# ------------------------------------------------------------------------------ false twins


@pytest.mark.parametrize(
    ("key", "module"),
    [
        ("attention_graph.edges", attention_graph),
        ("reachability.layers", attention_graph),
        ("random_attention.undrawn.n16", random_attention),
        ("random_attention.two_layers.n12", random_attention),
        ("random_attention.two_layers.n32", random_attention),
        ("bigbird.furthest", bigbird),
    ],
)
def test_false_twins_are_contradicted(
    monkeypatch: pytest.MonkeyPatch, key: str, module: ModuleType
) -> None:
    """The claim's own false twin in place of its law: the sample tells them apart."""
    (claim,) = theory.find(EXPERIMENTS[key].claim)
    assert isinstance(claim, Claim)
    twin = dataclasses.replace(claim.law, expression=claim.twin)

    monkeypatch.setattr(module, "law", lambda name: twin, raising=False)
    monkeypatch.setattr(experiment, "law", lambda name: twin)
    (spoilt,) = [e for e in module.experiments(1e-3) if e.key == key]
    assert contradicted([spoilt]) == {key}


# -------------------------------------------------------------------- samplers by themselves


def as_matrices(rows: np.ndarray) -> np.ndarray:
    """The graphs as matrices, trial by trial, bit by bit."""
    n, trials = rows.shape
    return np.array(
        [
            [[bool(int(rows[i, t]) >> j & 1) for j in range(n)] for i in range(n)]
            for t in range(trials)
        ]
    )


@pytest.mark.parametrize(("n", "window", "global_tokens", "random_keys"),
                         [(7, 1, 1, 2), (9, 2, 0, 1), (6, 1, 2, 9), (5, 0, 0, 0)])  # fmt: skip
def test_graphs_hold_what_is_certain_and_so_many_keys_more(
    n: int, window: int, global_tokens: int, random_keys: int
) -> None:
    certain = theorys.attention_graph(n, window, global_tokens, 0, seed=0)
    rows = with_random_keys(np.random.default_rng(0), certain, random_keys, 50)
    for graph in as_matrices(rows):
        assert np.all(graph | ~certain)
        expected = np.minimum(certain.sum(axis=1) + random_keys, n)
        assert np.array_equal(graph.sum(axis=1), expected)
    assert np.array_equal(attention_graphs.pairs(rows), as_matrices(rows).sum(axis=(1, 2)))


def test_all_sets_are_equally_likely_and_a_bias_is_seen() -> None:
    """Pearson's test over all sets; for the mistake a key that is taken gives way to the next."""

    def biased(rng: np.random.Generator, bits: np.ndarray, trials: int) -> np.ndarray:
        first, second = rng.integers(0, len(bits), (2, trials))
        return bits[first] | bits[np.where(second == first, (second + 1) % len(bits), second)]

    def p_value(found: np.ndarray) -> float:
        sets = [BITS[i] | BITS[j] for i, j in itertools.combinations(range(6), 2)]
        counts = [np.count_nonzero(found == mask) for mask in sets]
        assert sum(counts) == len(found)
        return float(stats.chisquare(counts).pvalue)

    rng, trials = np.random.default_rng(5), 100_000
    assert p_value(attention_graphs.subsets(rng, BITS[:6], 2, trials)) > FALSE_ALARM
    assert p_value(biased(rng, BITS[:6], trials)) < FALSE_ALARM


def test_sixty_four_tokens_fit_a_row_and_no_more() -> None:
    rng = np.random.default_rng(0)
    rows = with_random_keys(rng, np.eye(64, dtype=bool), 3, 10)
    assert np.array_equal(np.bitwise_count(rows), np.full((64, 10), 4))
    with pytest.raises(ValueError, match="at most 64 tokens fit a row, got 65"):
        with_random_keys(rng, np.eye(65, dtype=bool), 3, 10)


def test_layers_are_those_of_breadth_first_search() -> None:
    """Of theory's search, token by token; without a window some graphs never reach all."""
    certain = np.eye(7, dtype=bool)
    rows = with_random_keys(np.random.default_rng(1), certain, 1, 60)
    found = attention_graphs.layers_to_all(rows, 2)
    for graph, layers in zip(as_matrices(rows), found, strict=True):
        expected = max(theorys.layers_between(graph, 2, other) for other in range(7))
        assert layers == expected or (np.isnan(layers) and np.isinf(expected))
    assert 0 < np.isnan(found).sum() < 60


def test_one_layer_is_one_product_of_matrices() -> None:
    rows = with_random_keys(np.random.default_rng(2), np.eye(7, dtype=bool), 2, 30)
    twice = as_matrices(rows).astype(int)
    reached = attention_graphs.one_layer_further(rows, rows[3])
    expected = [[bool(int(mask) >> j & 1) for j in range(7)] for mask in reached]
    assert np.array_equal(expected, (twice @ twice)[:, 3] > 0)


@pytest.mark.parametrize(("tokens", "degree", "epsilon"), [(16, 4, 0.01), (2, 12, 0.2)])
def test_averaging_layer_by_layer(tokens: int, degree: int, epsilon: float) -> None:
    """The distance after so many layers, from a power of the matrix in place of eigenvalues."""
    draw = Draw(Block(0, "spectral_gap.layers", 0, size=40), reduced)
    graphs = spectral_gap._graphs(draw, tokens, degree)
    found = spectral_gap._distance(epsilon, graphs)
    for graph, distance in zip(graphs, found, strict=True):
        gap = regular_graphs.measured_gap(graph)
        if gap < 1e-9 or gap > 1 - 1e-9:
            assert distance == 0
            continue
        layers = math.ceil(theory.law("spectral_gap.layers")(epsilon, tokens, gap))
        row = np.linalg.matrix_power(graph / degree, layers)[0]
        expected = np.abs(row - 1 / tokens).sum() / 2 / epsilon
        assert distance == pytest.approx(expected, abs=1e-9)


def test_graphs_of_permutations_are_regular() -> None:
    graphs = spectral_gap._graphs(Draw(Block(0, "spectral_gap.random", 0, size=100), reduced))
    assert np.array_equal(graphs, graphs.swapaxes(1, 2))
    assert np.all(graphs.sum(axis=2) == spectral_gap.DEGREE)
    assert len(np.unique(graphs, axis=0)) == 100
