"""BigBird's graph against loops, breadth-first search and eigenvalues, and what is built on it."""

from __future__ import annotations

import itertools
import math
from collections import deque

import numpy as np
import pytest

from reports.record import InputError
from theory import bigbird
from theory.graphs import attention_graph as graphs
from theory.graphs import reachability, regular_graphs, spectral_gap
from theory.proof.claim import Claim

MODULES = (graphs, reachability, spectral_gap, bigbird)
CLAIMS = {c.key: c for m in MODULES for c in m.CLAIMS if isinstance(c, Claim)}
SMALL = list(itertools.product((2, 5, 9), (0, 1, 3), (0, 1, 2), (0, 1, 4)))


def attends(i: int, j: int, window: int, global_tokens: int) -> bool:
    """Without the random keys, by the definition."""
    return abs(i - j) <= window or min(i, j) < global_tokens


def distances(graph: np.ndarray, start: int) -> list[float]:
    """Steps from a token to every other, by breadth-first search over lists."""
    found = [math.inf] * len(graph)
    found[start] = 0
    waiting = deque([start])
    while waiting:
        here = waiting.popleft()
        for there in np.flatnonzero(graph[here]).tolist():
            if found[there] == math.inf:
                found[there] = found[here] + 1
                waiting.append(there)
    return found


# --------------------------------------------------------------------------- the graph


@pytest.mark.parametrize(("n", "window", "global_tokens", "random_keys"), SMALL)
def test_the_graph_is_its_definition(
    n: int, window: int, global_tokens: int, random_keys: int
) -> None:
    graph = graphs.attention_graph(n, window, global_tokens, random_keys, seed=3)
    for i in range(n):
        fixed = [attends(i, j, window, global_tokens) for j in range(n)]
        assert np.all(graph[i] | ~np.array(fixed))
        further = 0 if i < global_tokens else min(random_keys, n - sum(fixed))
        assert int(graph[i].sum()) == sum(fixed) + further


def test_the_seed_decides_the_random_keys() -> None:
    first, again, other = (graphs.attention_graph(40, 1, 1, 3, seed) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("n", "window", "global_tokens", "random_keys"),
    [(64, 1, 2, 3), (100, 4, 0, 0), (30, 3, 5, 2), (7, 3, 0, 0), (512, 2, 1, 4)],
)
def test_pairs_by_a_double_loop(n: int, window: int, global_tokens: int, random_keys: int) -> None:
    fixed = sum(attends(i, j, window, global_tokens) for i in range(n) for j in range(n))
    law = graphs.edges(n, window, global_tokens, random_keys)
    assert law == fixed + (n - global_tokens) * random_keys
    assert law <= n * (2 * window + 1 + 2 * global_tokens + random_keys)


def test_diameters_by_breadth_first_search() -> None:
    for n, window, global_tokens, random_keys in SMALL:
        graph = graphs.attention_graph(n, window, global_tokens, random_keys, seed=1)
        longest = max(max(distances(graph, start)) for start in range(n))
        assert graphs.diameter(graph) == longest
        assert longest <= 2 or global_tokens == 0
        if global_tokens == random_keys == 0 and window:
            assert longest == reachability.window_diameter(n, window)


def test_layers_between_tokens_by_breadth_first_search() -> None:
    graph = graphs.attention_graph(25, 1, 0, 1, seed=2)
    graph[9] = np.arange(25) == 9  # attends to itself alone
    for start in (0, 9, 24):
        found = [graphs.layers_between(graph, start, end) for end in range(25)]
        assert found == distances(graph, start)


def test_a_graph_in_two_parts_has_no_diameter() -> None:
    assert graphs.diameter(np.kron(np.eye(2, dtype=bool), np.ones((3, 3), dtype=bool))) == math.inf


def test_walks_of_length_two_by_a_loop() -> None:
    n, window, global_tokens = 30, 3, 2
    graph = graphs.attention_graph(n, window, global_tokens, 0, seed=0)
    for i, j in [(10, 10), (10, 12), (12, 9), (10, 16), (8, 20)]:
        counted = sum(bool(graph[i, m] and graph[m, j]) for m in range(n))
        apart = abs(i - j)
        law = reachability.walks(global_tokens, window, apart) if apart <= 6 else global_tokens
        assert counted == law


def test_a_star_lacks_nothing() -> None:
    graph = graphs.attention_graph(12, 1, 1, 0, seed=0)
    assert graphs.contains_star(graph)
    for i, j in [(0, 5), (5, 0), (5, 5)]:
        broken = graph.copy()
        broken[i, j] = False
        assert not graphs.contains_star(broken)


@pytest.mark.parametrize(("degree", "depth"), [(2, 6), (3, 4), (7, 2)])
def test_de_bruijn_graphs_attain_the_bound(degree: int, depth: int) -> None:
    graph = graphs.de_bruijn(degree**depth, degree)
    assert set(graph.sum(axis=1).tolist()) == {degree}
    assert max(max(distances(graph, start)) for start in range(len(graph))) == depth
    assert graphs.layers_to_all(graph) == depth
    assert reachability.layers(degree**depth, degree) == pytest.approx(depth, rel=1e-12)


@pytest.mark.parametrize(("n", "degree"), [(2, 5), (5, 2), (9, 2), (30, 3), (33, 2)])
def test_generalised_de_bruijn_graphs_need_the_next_whole_number(n: int, degree: int) -> None:
    """Sets of tokens, followed one layer at a time."""
    reached = [{start} for start in range(n)]
    layers = 0
    while any(len(tokens) < n for tokens in reached):
        reached = [{(degree * i + r) % n for i in had for r in range(degree)} for had in reached]
        layers += 1
    assert graphs.layers_to_all(graphs.de_bruijn(n, degree)) == layers
    assert layers == math.ceil(reachability.layers(n, degree))


def test_no_drawn_graph_beats_the_bound() -> None:
    random = np.random.default_rng(0)
    for n, degree in itertools.product((9, 40, 130), (2, 3, 8)):
        graph = np.eye(n, dtype=bool)
        for row in graph:
            row[random.permutation(n)[: degree - 1]] = True
        assert graphs.diameter(graph) >= reachability.layers(n, degree) - 1e-12


# ------------------------------------------------------------------------ eigenvalues


@pytest.mark.parametrize("window", [1, 2, 5])
def test_eigenvalues_of_a_window(window: int) -> None:
    """All of them are (1 + 2 Σ cos(2πjk/n))/(2h + 1), a sum of which the bound uses one."""
    for n in (2 * window + 1, 20, 61):
        matrix = regular_graphs.ring(n, window) / (2 * window + 1)
        angles = 2 * math.pi * np.outer(np.arange(n), np.arange(1, window + 1)) / n
        closed = (1 + 2 * np.cos(angles).sum(axis=1)) / (2 * window + 1)
        assert np.sort(np.linalg.eigvalsh(matrix)) == pytest.approx(np.sort(closed), abs=1e-12)
        found = regular_graphs.measured_gap(matrix)
        assert found <= spectral_gap.window_gap(n, window)
    assert found >= 0.6 * spectral_gap.window_gap(61, window)
    nearly = regular_graphs.measured_gap(regular_graphs.ring(400, window))
    assert nearly == pytest.approx(spectral_gap.window_gap(400, window), rel=0.01)


def walks_by_enumeration(graph: np.ndarray, length: int) -> int:
    """Closed walks one by one, weighted by the entries along them."""
    n = len(graph)
    total = 0
    for path in itertools.product(range(n), repeat=length):
        steps = zip(path, (*path[1:], path[0]), strict=True)
        total += math.prod(int(graph[i, j]) for i, j in steps)
    return total


def test_closed_walks_one_by_one() -> None:
    graph = regular_graphs.regular_graph(5, 4, seed=1)
    assert np.array_equal(graph, graph.T)
    assert set(graph.sum(axis=0).tolist()) == {4}
    for length in range(1, 7):
        assert regular_graphs.closed_walks(graph, length) == walks_by_enumeration(graph, length)
    powers = np.linalg.eigvalsh(graph) ** 30
    assert regular_graphs.closed_walks(graph, 30) == pytest.approx(float(powers.sum()), rel=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_the_certified_gap_is_below_the_measured_one(seed: int) -> None:
    n, degree, half_length = 60, 8, 24
    graph = regular_graphs.regular_graph(n, degree, seed)
    walks = regular_graphs.closed_walks(graph, 2 * half_length)
    returning = walks / degree ** (2 * half_length) / n
    bound = spectral_gap.gap(n, max(returning, 1 / n), half_length)
    found = regular_graphs.measured_gap(graph)
    assert bound <= found + 1e-9
    assert found <= bound + 0.1
    assert found > 3 * spectral_gap.window_gap(n, degree // 2)


@pytest.mark.parametrize("epsilon", [0.01, 0.3])
def test_layers_until_the_average_is_uniform(epsilon: float) -> None:
    """A random graph is done after the layers of its law, a window not before those of its own."""
    n, degree = 101, 6
    matrix = regular_graphs.regular_graph(n, degree, seed=0) / degree
    gap = regular_graphs.measured_gap(matrix)
    enough = math.ceil(spectral_gap.layers(epsilon, n, gap))
    rows = np.linalg.matrix_power(matrix, enough)
    assert np.abs(rows - 1 / n).sum(axis=1).max() / 2 <= epsilon
    window = regular_graphs.ring(n, degree // 2) / (degree + 1)
    fewer = math.ceil(spectral_gap.window_layers(epsilon, n, degree // 2)) - 1
    assert np.abs(np.linalg.matrix_power(window, fewer)[0] - 1 / n).sum() / 2 > epsilon
    assert fewer > enough


# -------------------------------------------------------------------- furthest vectors


def test_every_furthest_vector_is_found() -> None:
    random = np.random.default_rng(1)
    vectors = random.standard_normal((20, 5))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    apart = np.linalg.norm(vectors[:, None] - vectors, axis=2)
    ordered = np.sort(vectors @ vectors.T, axis=1)
    lead = float((ordered[:, 1] - ordered[:, 0]).min())
    gain = bigbird.furthest_gain(0.01, 20, lead)
    found = bigbird.furthest(vectors, gain)
    assert np.linalg.norm(found - vectors[apart.argmax(axis=1)], axis=1).max() <= 0.01


def test_the_gain_is_needed_in_the_worst_case() -> None:
    """u, −u and n − 2 copies of u: values 2 apart, scores γ and −γ, a lead of 2."""
    vectors = np.array([[1.0], [-1.0], *[[1.0]] * 8])
    gain = bigbird.furthest_gain(0.05, 10, 1.999999)
    errors = [abs(bigbird.furthest(vectors, g)[0, 0] + 1) for g in (gain, 0.99 * gain)]
    assert errors[0] == pytest.approx(0.05, rel=1e-4)
    assert errors[1] > 0.05


# --------------------------------------------------------------- bad input, direct checks


def test_everything_wrong_with_a_graph_is_named() -> None:
    with pytest.raises(InputError) as raised:
        graphs.attention_graph(1, -1, 2, -3, 0)
    assert str(raised.value) == (
        "n must be an integer of at least 2, got 1; window must be an integer of at least 0, "
        "got -1; global_tokens must be an integer of at least 0 and at most 1, got 2; "
        "random_keys must be an integer of at least 0, got -3"
    )
    for function in (graphs.diameter, graphs.contains_star, regular_graphs.measured_gap):
        with pytest.raises(InputError, match=r"graph must be .* got shape \(2, 3\)"):
            function(np.ones((2, 3), dtype=bool))


def test_counts_out_of_range_are_refused() -> None:
    with pytest.raises(InputError, match=r"n must be .* got 0; degree must be an even .* got 3"):
        regular_graphs.regular_graph(0, 3, 0)
    with pytest.raises(InputError, match="must be at most n, got window = 2 and n = 4"):
        regular_graphs.ring(4, 2)
    with pytest.raises(InputError, match=r"n must be .* got 1; degree must be .* got 0"):
        graphs.de_bruijn(1, 0)
    with pytest.raises(InputError, match="must hold, got global_tokens = 2, n = 5"):
        graphs.edges(5, 1, 2, 1)


def test_everything_wrong_with_the_vectors_is_named() -> None:
    with pytest.raises(InputError) as raised:
        bigbird.furthest(np.array([[2.0, 0.0]]), 0)
    assert str(raised.value) == (
        "vectors must have at least 2 rows, got 1; vectors must have rows of norm 1, got norm 2 in "
        "row 0; gain must be a number above 0, got 0"
    )


ELSEWHERE: list[tuple[str, dict[str, float]]] = [
    ("attention_graph.edges", {"n": 3, "window": 1, "global_tokens": 0, "random_keys": 0}),
    ("attention_graph.edges", {"n": 10**7, "window": 1, "global_tokens": 0, "random_keys": 5}),
    ("attention_graph.star", {"n": 2}),
    ("reachability.walks", {"global_tokens": 0, "window": 1, "apart": 2}),
    ("reachability.walks", {"global_tokens": 5000, "window": 1, "apart": 0}),
    ("reachability.diameter", {"n": 2, "window": 50}),
    ("reachability.diameter", {"n": 1000, "window": 1}),
    ("reachability.layers", {"n": 2, "degree": 9}),
    ("reachability.layers", {"n": 50, "degree": 2}),
    ("spectral_gap.window", {"n": 3, "window": 1}),
    ("spectral_gap.window_layers", {"epsilon": 0.49, "n": 3, "window": 1}),
    ("spectral_gap.window_layers", {"epsilon": 1e-6, "n": 200, "window": 1}),
    ("spectral_gap.random", {"n": 2, "returning": 0.5, "half_length": 1}),
    ("spectral_gap.random", {"n": 500, "returning": 1, "half_length": 100}),
    ("spectral_gap.random", {"n": 7, "returning": 0.2, "half_length": 3}),
    ("spectral_gap.layers", {"epsilon": 0.49, "n": 2, "gap": 0.99}),
    ("spectral_gap.layers", {"epsilon": 1e-9, "n": 300, "gap": 1e-3}),
    ("bigbird.furthest", {"epsilon": 0.99, "n": 2, "lead": 1.9}),
    ("bigbird.furthest", {"epsilon": 1e-9, "n": 10**6, "lead": 1e-6}),
]  # fmt: skip


@pytest.mark.parametrize(("key", "numbers"), ELSEWHERE)
def test_direct_checks_survive_other_parameters(key: str, numbers: dict[str, float]) -> None:
    found = CLAIMS[key].verify(numbers)
    assert found is not None
    assert found.agrees, found.sentence


@pytest.mark.parametrize("key", sorted(CLAIMS))
def test_direct_checks_contradict_a_wrong_law(key: str) -> None:
    claim = CLAIMS[key]
    numbers = {name: float(value) for name, value in claim.example.items()}
    value = claim.law(**numbers)
    enough = ("spectral_gap.layers", "bigbird.furthest")  # lower ends of what suffices
    loose = ("spectral_gap.layers", "spectral_gap.window_layers")  # bounds that are not attained
    factor = 5 if key in loose else 1.05
    upwards = claim.law.relation == r"\ge" and key not in enough
    assert not claim.direct(factor * value if upwards else value / factor, **numbers).agrees
