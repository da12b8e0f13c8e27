"""Question 3g.2: graphs in which every token has equally many keys, and their eigenvalues.

With equal weights on the keys, one layer of attention multiplies by the graph's matrix over its
degree. Entries count, so that a key drawn twice has twice the weight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from theory.graphs.attention_graph import require_square
from theory.proof.assumptions import require

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float, Int


def regular_graph(n: int, degree: int, seed: int) -> Int[np.ndarray, "n n"]:
    """Random keys that make every row and column sum to `degree`: permutations, both ways.

    Token i attends to σ(i) and to σ⁻¹(i) for degree/2 random permutations σ; an entry may exceed 1.
    Raises: InputError unless n ≥ 1 and degree is even and at least 2.

    >>> regular_graph(5, 2, seed=0).sum(axis=0)
    array([2, 2, 2, 2, 2])
    """
    import numpy as np

    require(
        None if n >= 1 else f"n must be an integer of at least 1, got {n}",
        None
        if degree >= 2 and degree % 2 == 0
        else f"degree must be an even integer of at least 2, got {degree}",
    )
    random = np.random.default_rng(seed)
    identity = np.eye(n, dtype=np.int64)
    shuffled = np.stack([identity[random.permutation(n)] for _ in range(degree // 2)])
    graph: np.ndarray = (shuffled + shuffled.transpose(0, 2, 1)).sum(axis=0)
    return graph


def ring(n: int, window: int) -> Int[np.ndarray, "n n"]:
    """The window's graph on a ring of n tokens, where every token has 2·window + 1 keys.

    Raises: InputError unless 2·window + 1 ≤ n.

    >>> ring(5, 1)[0]
    array([1, 1, 0, 0, 1])
    """
    import numpy as np

    require(
        None
        if window >= 0 and 2 * window + 1 <= n
        else f"2 * window + 1 must be at most n, got window = {window} and n = {n}"
    )
    away = np.abs(np.arange(n)[:, None] - np.arange(n))
    graph: np.ndarray = (np.minimum(away, n - away) <= window).astype(np.int64)
    return graph


def closed_walks(graph: Int[np.ndarray, "n n"], length: int) -> int:
    """The number of walks of this length that end where they began, exactly.

    It is the trace of the power of the graph's matrix, in whole numbers of any size.
    Raises: InputError unless the graph is square.

    >>> closed_walks(ring(5, 1) - ring(5, 0), 4)  # the cycle on five tokens
    30
    """
    import numpy as np

    require_square(graph)
    exact = graph.astype(object)
    half = np.linalg.matrix_power(exact, length // 2)
    rest = half @ exact if length % 2 else half
    return int(np.sum(half * rest.T))  # the trace of the product of the two


def measured_gap(graph: Float[np.ndarray, "n n"]) -> float:
    """1 − |λ₂| of a symmetric graph of constant degree, its matrix divided by the degree.

    Raises: InputError unless the graph is square.

    >>> round(measured_gap(ring(9, 1)), 6)
    0.15597
    """
    import numpy as np

    require_square(graph)
    spectrum = np.sort(np.abs(np.linalg.eigvalsh(graph / graph[0].sum())))
    return float(1 - spectrum[-2])
