"""Every construction as concrete arrays with its proved bound: one table for all implementations.

Each case runs through the same attention, output_i = Σ_j softmax_j(keys_j · queries_i) values_j
with no 1/√d, and must come within its bound of its target. The tests of theory/ run it in numpy
and in mpmath, those of gpt/ through the model's own attention in float64.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from theory import averaging, copying, identity_attention, key_query_value, multi_head
from theory.matrices.synthesis import synthesise

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

N, D = 6, 8


@dataclass(frozen=True)
class Construction:
    """Queries, keys and values, and how far the outputs may lie from `target` in the norm.

    heads: the number of consecutive queries whose outputs are averaged into one row of `target`
    """

    name: str
    queries: Float[np.ndarray, "heads*m d"]
    keys: Float[np.ndarray, "n d"]
    values: Float[np.ndarray, "n d"]
    target: Float[np.ndarray, "m d"]
    bound: Float[np.ndarray, " m"]
    heads: int = 1


def constructions(seed: int = 0) -> list[Construction]:
    """The constructions of questions 2a to 2e in a random orthonormal basis of R^8, float64."""
    import numpy as np

    random = np.random.default_rng(seed)
    basis = np.linalg.qr(random.standard_normal((D, D)))[0]
    values = random.standard_normal((N, D))
    return [
        _copying(random.standard_normal((N, D)), values, random.standard_normal(D)),
        _averaging(basis[:N], values, beta=9.0),
        _subset(basis[:N], values, beta=9.0),
        _noisy_average(basis, values, 1e-4 * random.standard_normal((N, D)), beta=9.0),
        _multi_head(basis[:N], values, beta=9.0),
        _identity(basis, beta=2.5),
        _key_query_value(basis, beta=2.5, gain=1.5),
        _synthesised(random.standard_normal((4, D)), values[:4], error=1e-3),
    ]


def _distance(
    rows: Float[np.ndarray, "n d"], target: Float[np.ndarray, " d"]
) -> Float[np.ndarray, " n"]:
    import numpy as np

    lengths: np.ndarray = np.linalg.norm(rows - target, axis=1)
    return lengths


def _copying(
    keys: Float[np.ndarray, "n d"], values: Float[np.ndarray, "n d"], q: Float[np.ndarray, " d"]
) -> Construction:
    """2a: arbitrary keys; the query is scaled until the best key has a margin of 10."""
    import numpy as np

    scores = np.sort(keys @ q)
    q = q * 10 / (scores[-1] - scores[-2])
    best = int(np.argmax(keys @ q))
    others = np.delete(keys @ q, best)
    gap = float((keys @ q)[best] - others.max())
    bound = copying.error(gap, N, float(_distance(values, values[best]).max()))
    return Construction("copying", q[None], keys, values, values[best][None], np.array([bound]))


def _averaging(
    keys: Float[np.ndarray, "n d"], values: Float[np.ndarray, "n d"], beta: float
) -> Construction:
    """2b: the error is exactly the leak times a distance."""
    import numpy as np

    target = (values[0] + values[1]) / 2
    bound = averaging.leak(beta, N) * np.linalg.norm(values[2:].mean(axis=0) - target)
    q = beta * (keys[0] + keys[1])
    return Construction("averaging", q[None], keys, values, target[None], np.array([bound]))


def _subset(
    keys: Float[np.ndarray, "n d"], values: Float[np.ndarray, "n d"], beta: float
) -> Construction:
    """2b for three keys with weights 1/2, 1/3, 1/6."""
    import numpy as np

    weights = np.array([1 / 2, 1 / 3, 1 / 6])
    target = weights @ values[:3]
    q = averaging.subset_scores(weights, beta) @ keys[:3]
    bound = averaging.subset_leak(beta, N, 3) * np.linalg.norm(values[3:].mean(axis=0) - target)
    return Construction("subset", q[None], keys, values, target[None], np.array([bound]))


def _noisy_average(
    basis: Float[np.ndarray, "d d"],
    values: Float[np.ndarray, "n d"],
    noise: Float[np.ndarray, "n d"],
    beta: float,
) -> Construction:
    """2c.1 on drawn keys (α = 1e-8): a bound that holds for these scores, not just on average.

    The share of v_a is off by |s − ½| = |tanh((s_a − s_b)/2)|/2, and the pair loses at most what
    copying of the lower of the two loses.
    """
    import numpy as np

    keys = basis[:N] + noise
    q = beta * (basis[0] + basis[1])
    scores = keys @ q
    target = (values[0] + values[1]) / 2
    off_half = abs(np.tanh((scores[0] - scores[1]) / 2)) / 2
    gap = float(scores[:2].min() - scores[2:].max())
    lost = copying.error(gap, N - 1, float(_distance(values, target).max()))
    bound = off_half * np.linalg.norm(values[0] - values[1]) + lost
    return Construction("noisy average", q[None], keys, values, target[None], np.array([bound]))


def _multi_head(
    keys: Float[np.ndarray, "n d"], values: Float[np.ndarray, "n d"], beta: float
) -> Construction:
    """2d.1: two queries, one averaged output."""
    import numpy as np

    target = (values[0] + values[1]) / 2
    bound = multi_head.leak(beta, N) * np.linalg.norm(values[2:].mean(axis=0) - target)
    return Construction(
        "two heads", beta * keys[:2], keys, values, target[None], np.array([bound]), heads=2
    )


def _identity(basis: Float[np.ndarray, "d d"], beta: float) -> Construction:
    """2e.1: K = Q = V = I; the query x₂ = u_a gets u_a back."""
    import numpy as np

    u_a, u_b, u_c, u_d = beta * basis[:4]
    x = np.stack([u_d + u_b, u_a, u_c + u_b])
    bound = np.array([identity_attention.error(beta)])
    return Construction("identity", x[1:2], x, x, u_a[None], bound)


def _key_query_value(basis: Float[np.ndarray, "d d"], beta: float, gain: float) -> Construction:
    """2e.2: outputs 1 and 2 approach u_b − u_c and u_b."""
    import numpy as np

    u_a, u_b, u_c, u_d = beta * basis[:4]
    x = np.stack([u_d + u_b, u_a, u_c + u_b])
    K, Q, V = key_query_value.matrices(u_a, u_b, u_c, u_d, gain)
    bound = np.array([key_query_value.error(gain, beta), key_query_value.error_second(gain, beta)])
    return Construction(
        "key, query, value", (x @ Q.T)[:2], x @ K.T, x @ V.T, np.stack([u_b - u_c, u_b]), bound
    )


def _synthesised(
    x: Float[np.ndarray, "n d"], values: Float[np.ndarray, "n d"], error: float
) -> Construction:
    """2e.2 for other inputs and wishes: a source, two of them averaged, position 4 left free."""
    import numpy as np

    wanted = np.stack([values[2], (values[0] + values[3]) / 2, values[2]])
    found = synthesise(x, [2, {0: 1 / 2, 3: 1 / 2}, 2, None], [*wanted, None], error)
    keys, queries = x @ found.key.T, (x @ found.query.T)[:3]
    bound = np.full(3, found.error_bound)
    return Construction("synthesised", queries, keys, x @ found.value.T, wanted, bound)
