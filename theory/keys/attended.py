"""Question 2b by the definition: attention over orthonormal keys that are built one by one.

Nothing here knows a closed form: keys, a query, a softmax, a sum.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence

from theory.proof.direct import Direct, close, unit, weights
from theory.proof.typeset import scientific

MOST_KEYS = 512


def buildable(check: Callable[..., Direct]) -> Callable[..., Direct]:
    """The same check, which says so where there are too many keys to build."""

    @functools.wraps(check)
    def guarded(value: float, *, n: float, **numbers: float) -> Direct:
        if n > MOST_KEYS:
            return Direct(f"{n:g} keys are not built here, only up to {MOST_KEYS}.", True)
        return check(value, n=int(n), **numbers)

    return guarded


def attend(scores: Sequence[float], n: int) -> list[float]:
    """Weights over n orthonormal keys; the query gives the first ones these scores, others 0.

    >>> attend([0.0], 4)
    [0.25, 0.25, 0.25, 0.25]
    """
    query = [*scores, *[0.0] * (n - len(scores))]
    return weights([unit(i, n) for i in range(n)], query)


@buildable
def output_directly(value: float, beta: float, n: int) -> Direct:
    """The leak of q = β(k_a + k_b), summed over the other keys."""
    alpha = attend([beta, beta], n)
    lost = math.fsum(alpha[2:])
    return Direct(
        f"Attention over {n} orthonormal keys gives $a$ and $b$ the weights "
        f"${scientific(alpha[0])}$ and ${scientific(alpha[1])}$ and all others together "
        f"${scientific(lost)}$.",
        close(lost, value) and alpha[0] == alpha[1],
    )


@buildable
def gain_directly(value: float, epsilon: float, n: int) -> Direct:
    """The leak of q = β(k_a + k_b) at the least gain and at a smaller one."""
    return _least_directly(value, epsilon, n, lambda beta: [beta, beta])


@buildable
def subset_directly(value: float, beta: float, n: int, size: float) -> Direct:
    """The weights of a subset that wants 1 : 2 : … : m, and the leak."""
    alpha = attend(_uneven(beta, size), n)
    lost = math.fsum(alpha[int(size) :])
    wanted = [2 * i / (size * (size + 1)) for i in range(1, int(size) + 1)]
    return Direct(
        f"With wanted weights proportional to $1, \\dots, {size:g}$, attention over {n} "
        f"orthonormal keys leaves ${scientific(lost)}$ outside the set.",
        close(lost, value)
        and all(close(a, (1 - value) * w) for a, w in zip(alpha, wanted, strict=False)),
    )


@buildable
def subset_gain_directly(value: float, epsilon: float, n: int, size: float) -> Direct:
    """The leak at the least gain and at a smaller one, for weights 1 : 2 : … : m."""
    return _least_directly(value, epsilon, n, lambda beta: _uneven(beta, size))


def _uneven(beta: float, size: float) -> list[float]:
    """Scores β + log w_i for weights 1 : 2 : … : m that sum to 1."""
    return [beta + math.log(2 * i / (size * (size + 1))) for i in range(1, int(size) + 1)]


def _least_directly(
    value: float, epsilon: float, n: int, scores: Callable[[float], list[float]]
) -> Direct:
    lower = max(value - 0.01, 0.0)
    wanted = len(scores(value))
    lost, more = (math.fsum(attend(scores(beta), n)[wanted:]) for beta in (value, lower))
    found = f"Attention over {n} orthonormal keys leaves ${scientific(lost)}$ on all others"
    if value == 0:
        return Direct(f"{found} with the gain 0.", lost <= epsilon * (1 + 1e-9))
    return Direct(
        f"{found} with this gain, and ${scientific(more)}$ with the gain {lower:.6g}.",
        close(lost, epsilon) and more >= epsilon * (1 - 1e-9),
    )
