"""Scores of low rank: keys on a circle reach any single targets with rank 2.

The sources that are attended to lie at equal distances on the unit circle, all other positions at
its centre. For a set T the polynomial −∏_{j∈T} (1 − cos(θ − θ_j)) is 0 on T and negative at every
other source. It is trigonometric of degree k = |T|, so without its constant, which changes no
weight, it is a scalar product of the 2k features cos mθ, sin mθ (m ≤ k) with a query.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import sympy as sp

from theory.matrices import targets
from theory.matrices.least_norm import INDEPENDENT
from theory.proof.assumptions import array, at_least, require
from theory.proof.claim import Claim
from theory.proof.direct import Direct, close
from theory.proof.law import Law
from theory.proof.steps import Proof
from theory.proof.typeset import latex, scientific
from theory.symbols import ANY, KEYS, POSITIVE, SIZE, gamma, n, size

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

circle_margin = Law(r"\Delta", 1 - sp.cos(2 * sp.pi / n), (KEYS,))
line_targets = Law(r"r", sp.Integer(2), (), relation=r"\le")
rank_of_sets = Law(r"\operatorname{rank} M", 2 * size, (SIZE,), relation=r"\le")

theta, phi = sp.symbols("theta varphi", real=True)
harmonic = sp.Symbol("l", real=True)
a_1, a_2 = sp.symbols("a_1 a_2", real=True)
b_1, b_2 = sp.symbols("b_1 b_2", nonnegative=True)
LINE_KEYS, LINE_QUERIES = (3, 1, 0, -1, -2), (-2, -1, 1, 2)  # an example of scores of rank 1
SIGNS = (-1, 0, 1)
FOUR_KEYS = tuple(itertools.product(range(-2, 3), repeat=4))  # with entries from -2 to 2


def low_rank(
    inputs: Float[np.ndarray, "n d"], attended: Sequence[targets.Target], margin: float
) -> Float[np.ndarray, "d d"]:
    """M of low rank with which each position attends as wanted, by exactly the margin.

    Its rank is at most 2k for sets of at most k sources, and 1 for at most two single targets.
    inputs: n independent rows; attended: n targets as in `targets`; margin: of at least 0.
    Source: neighbourly polytopes (Carathéodory's curve); for single targets, keys on a circle.
    Raises: InputError naming all that is wrong, dependent inputs with their certificate.

    >>> import numpy as np
    >>> M = low_rank(np.eye(5), [1, 2, 3, 4, 0], margin=3.0)
    >>> int(np.linalg.matrix_rank(M)), M.argmax(axis=0).tolist()
    (2, [1, 2, 3, 4, 0])
    """
    import numpy as np

    shapeless = array("inputs", inputs, "n", "d")
    require(
        shapeless,
        at_least("margin", margin, 0),
        shapeless or targets.violation(attended, len(inputs)),
        shapeless or INDEPENDENT.violation(inputs),
    )
    sets = targets.sets(attended)
    keys, queries = _features(sets, len(inputs), margin)
    dual = np.linalg.pinv(np.asarray(inputs, dtype=float)).T
    matrix: np.ndarray = (dual.T @ keys) @ (queries.T @ dual)
    return matrix


def least_rank(sets: targets.Sets) -> int:
    """The rank that `low_rank` needs.

    >>> least_rank({0: {1: 1}, 1: {0: 1}}), least_rank({0: {0: 0.5, 1: 0.5}})
    (1, 4)
    """
    sources = set(itertools.chain.from_iterable(sets.values()))
    degree = max(map(len, sets.values()))
    return 1 if degree == 1 and len(sources) <= 2 else 2 * degree


def _features(
    sets: targets.Sets, n: int, margin: float
) -> tuple[Float[np.ndarray, "n features"], Float[np.ndarray, "n features"]]:
    """Keys and queries on the circle and its harmonics: scores = keys queriesᵀ."""
    import numpy as np

    sources = sorted(set(itertools.chain.from_iterable(sets.values())))
    angles = {j: 2 * math.pi * k / len(sources) for k, j in enumerate(sources)}
    degree = max(map(len, sets.values()))
    keys, queries = np.zeros((n, 2 * degree)), np.zeros((n, 2 * degree))
    for j, angle in angles.items():
        orders = angle * np.arange(1, degree + 1)
        keys[j] = np.concatenate([np.cos(orders), np.sin(orders)])
    grid = 2 * math.pi * np.arange(2 * degree + 1) / (2 * degree + 1)
    for i, weights in sets.items():
        at = {angles[j]: math.log(w) for j, w in weights.items()}
        offset = _harmonics(_interpolated(at, grid), grid)
        valley = _harmonics(-_product(at, grid), grid)
        first = next(iter(weights))
        others = [j for j in range(n) if j not in weights]
        depth = (keys[first] - keys[others]) @ valley
        missing = margin + math.log(weights[first]) - (keys[first] - keys[others]) @ offset
        gain = float(np.max(missing / depth, initial=0.0))
        queries[i] = offset + gain * valley
    return keys, queries


def _product(at: Mapping[float, float], grid: Float[np.ndarray, " g"]) -> Float[np.ndarray, " g"]:
    """∏ (1 − cos(θ − θ_j)) over the angles of a set."""
    import numpy as np

    factors = [1 - np.cos(grid - angle) for angle in at]
    product: np.ndarray = np.prod(factors, axis=0) if factors else np.ones_like(grid)
    return product


def _interpolated(
    at: Mapping[float, float], grid: Float[np.ndarray, " g"]
) -> Float[np.ndarray, " g"]:
    """The trigonometric polynomial, of degree |T| − 1, with these values at the angles of T."""
    import numpy as np

    values = np.zeros_like(grid)
    for angle, value in at.items():
        rest = {other: 0.0 for other in at if other != angle}
        values += value * _product(rest, grid) / _product(rest, np.array([angle]))
    return values


def _harmonics(
    values: Float[np.ndarray, " g"], grid: Float[np.ndarray, " g"]
) -> Float[np.ndarray, " features"]:
    """Coefficients of cos mθ and sin mθ, m ≥ 1, from values at 2k + 1 equidistant angles."""
    import numpy as np

    orders = np.outer(np.arange(1, len(grid) // 2 + 1), grid)
    found: np.ndarray = np.concatenate([np.cos(orders), np.sin(orders)]) @ values
    return found * 2 / len(grid)


# ------------------------------------------------------------------------------------ claims


def _circle(formula: sp.Expr, proof: Proof) -> None:
    target, other, neighbour = (
        sp.Matrix([sp.cos(angle), sp.sin(angle)]) for angle in (theta, phi, theta + 2 * sp.pi / n)
    )
    proof.equal(
        target.dot(other),
        sp.cos(theta - phi),
        r"the source at angle $\theta_j = 2 \pi j / n$ has the key $(\cos \theta_j, "
        r"\sin \theta_j)^\top$, and position $i$ asks with $\gamma$ times the key of its target; "
        r"with the dual basis, $x_i^{*\top} x_j = 1$ for $i = j$ and 0 otherwise, this is "
        r"$K = \sum_j k_j x_j^{*\top}$ and $Q = \gamma \sum_i k_{t(i)} x_i^{*\top}$ with two rows "
        r"each, so $M = K^\top Q$ has rank at most 2",
        r"k(\theta)^\top k(\varphi)",
    )
    proof.equal(
        target.dot(target) - target.dot(neighbour),
        formula,
        r"the margin over the next key on the circle, for $\gamma = 1$",
        r"k_t^\top (k_t - k_{t+1})",
    )
    proof.equal(
        sp.cos(2 * theta) - sp.cos(2 * phi),
        2 * sp.sin(phi + theta) * sp.sin(phi - theta),
        r"key $t + l$ with $1 \le l \le n - 1$: put $\theta = \pi / n$ and $\varphi = \pi l / n$; "
        r"$-\sin(\theta - \varphi) = \sin(\varphi - \theta)$, so both sines are of angles from 0 "
        r"to $\pi$ and not negative: no other key has a smaller margin",
        r"\cos \frac{2 \pi}{n} - \cos \frac{2 \pi l}{n}",
    )


def _line(formula: sp.Expr, proof: Proof) -> None:
    reached = {_strict([a * b for a in LINE_KEYS]) for b in LINE_QUERIES}
    proof.equal(
        sp.Integer(len(reached)),
        formula,
        r"two are reached: scores of rank 1 are $s_{ji} = a_j b_i$; with "
        rf"$a = {LINE_KEYS}$ and $b = {LINE_QUERIES}$ a positive $b_i$ attends to the largest "
        r"$a_j$, a negative one to the least",
        "r",
    )
    chosen = (1, -1, 0)
    margins = [
        b * (chosen[target] - chosen[j])
        for b, target in ((gamma, 0), (-gamma, 1))
        for j in range(3)
        if j != target
    ]
    proof.equal(
        sp.Matrix([margins]),
        sp.Matrix([[2, 1, 2, 1]]) * gamma,
        r"in general: $a_j = 1$ at one target, $-1$ at the other, 0 elsewhere, and "
        r"$b_i = \pm \gamma$; the margins over the other target and over a source with $a_j = 0$, "
        r"for $b_i = \gamma$ and for $b_i = -\gamma$. Independent inputs have such scores, claim "
        "score_matrix.exact",
        r"b_i (a_{t(i)} - a_j)",
    )
    first, second = b_1 * (a_1 - a_2), b_2 * (a_2 - a_1)
    proof.equal(
        b_2 * first + b_1 * second,
        sp.Integer(0),
        r"not more: of three positions with three targets, two have $b_1, b_2$ of one sign, say "
        r"$\ge 0$ (else change both signs); $m_1 = b_1 (a_1 - a_2)$ and $m_2 = b_2 (a_2 - a_1)$ "
        r"are their margins over the target of the other, and cannot both be positive",
        "b_2 m_1 + b_1 m_2",
    )
    counts = {
        len({t for b in SIGNS if (t := _strict([a * b for a in keys])) is not None})
        for keys in FOUR_KEYS
    }
    proof.holds(
        rf"r \le {latex(formula)}",
        max(counts) == formula,
        r"the same by trial: for which keys do the signs of $b_i$ reach how many strict targets? "
        r"$b_i = 0$ reaches none, since all scores are equal",
        "enumeration of all four keys with entries from $-2$ to 2",
    )


def _strict(scores: Sequence[int]) -> int | None:
    """Where the single greatest score is; None if two scores share it."""
    best = max(scores)
    return scores.index(best) if scores.count(best) == 1 else None


def _sets(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        1 - sp.cos(2 * theta),
        2 * sp.sin(theta) ** 2,
        r"give every input an angle $\theta_j$ of its own. Each factor of $P(\theta) = "
        r"\prod_{j \in T} (1 - \cos(\theta - \theta_j))$ is 0 at its "
        r"own angle and positive at every other: the score $-\gamma P$ is greatest on $T$, "
        r"with margin $\gamma \min P$ over the other sources",
    )
    proof.equal(
        2 * sp.cos(theta) * sp.cos(phi),
        sp.cos(theta + phi) + sp.cos(theta - phi),
        r"a further factor raises the degree by one: $\cos(\theta - \theta_j) \cos(l \theta)$ "
        r"is made of the cosines of $(l + 1) \theta$ and $(l - 1) \theta$, shifted; the same for "
        r"$\sin(l \theta)$",
    )
    proof.equal(
        2 * (size - 1) + 2,
        formula,
        r"induction on the number of factors: each adds two entries to the key of an input, "
        r"$\cos l\theta_j$ and $\sin l\theta_j$; the constant part of $P$ is added to all scores "
        r"and drops out. The weights need offsets $\log w_j$ on $T$: a polynomial of degree $m - "
        r"1$ takes these "
        r"values there, and a larger $\gamma$ outweighs it off $T$",
        r"\text{entries of a key}",
    )
    proof.equal(
        (2 * size + 1) - ((formula - 1) + 1),
        sp.Integer(1),
        r"keys with one entry fewer are too small for $2m + 1$ inputs: $\sum_j y_j k_j = 0$ and "
        r"$\sum_j y_j = 0$ are fewer equations than unknowns, so some $y \ne 0$ solves them. "
        r"It has both signs, one of them at no more than $m$ inputs; let $T$ be these. A query "
        r"that gives $T$ equal "
        r"weights has one score $s$ on $T$ and smaller ones elsewhere, but then "
        r"$\sum_j y_j (k_j^\top q - s)$ is not 0: no query attends to $T$",
        r"\text{unknowns} - \text{equations}",
    )


def _circle_directly(value: float, n: float) -> Direct:
    keys = min(int(n), 4096)
    step = 2 * math.pi / keys
    found = min(1 - math.cos(step * k) for k in range(1, keys))
    capped = f" ({keys} are built)" if keys != n else ""
    law = circle_margin(keys) if keys != n else value
    return Direct(
        f"The smallest of the margins over all other keys on the circle is "
        f"${scientific(found)}$ for a gain of 1{capped}.",
        close(found, law, 1e-6),
    )


def _line_directly(value: float) -> Direct:
    import numpy as np

    random = np.random.default_rng(0)
    found = max(
        len(set(np.outer(random.standard_normal(9), random.standard_normal(50)).argmax(axis=0)))
        for _ in range(1000)
    )
    return Direct(
        f"Of 1000 random score matrices of rank 1, with 9 keys and 50 queries each, none has "
        f"more than {found} positions that some query prefers.",
        found == value,
    )


def _sets_directly(value: float, size: float) -> Direct:
    import numpy as np

    k = min(int(size), 3)
    count = 2 * k + 2
    random = np.random.default_rng(k)
    wanted = [
        dict(zip(chosen, random.dirichlet(np.ones(k)).tolist(), strict=True))
        for chosen in (random.choice(count, k, replace=False).tolist() for _ in range(count))
    ]
    matrix = low_rank(np.eye(count), wanted, margin=5.0)
    rank = int(np.linalg.matrix_rank(matrix, tol=1e-9 * float(np.abs(matrix).max())))
    reached = min(targets.margins(matrix, targets.sets(wanted)).values())
    capped = " (the largest that is built)" if k != size else ""
    return Direct(
        f"For {count} inputs and random weights on random sets of {k}{capped}, the matrix has rank "
        f"{rank} and every set lies above all other scores by ${scientific(reached)}$, where 5 "
        "was asked for.",
        (rank == value or k != size) and abs(reached - 5) < 1e-6,
    )


INDEPENDENT_WORDS = (
    INDEPENDENT,
    r"the scores are $s_{ji} = x_j^\top M x_i$ with $M = K^\top Q$, with no $1/\sqrt{d}$",
)
CLAIMS = (
    Claim(
        key="low_rank.circle",
        question="2e.2",
        title="Rank 2 suffices for single targets: keys on a circle",
        statement=r"For every choice of one target a position there is $M$ of rank at most 2 with "
        r"which each position attends to its target: with keys on the unit circle and queries of "
        r"norm $\gamma$ the margin is $\gamma \Delta$, $\Delta = {law}$, so some $\gamma$ reaches "
        r"any margin.",
        assumptions=INDEPENDENT_WORDS,
        law=circle_margin,
        derive=_circle,
        twin=1 - sp.cos(sp.pi / n),
        changed="half the angle",
        example={"n": 8},
        source="points on a circle are the corners of their convex hull",
        variables={theta: ANY, phi: ANY},
        direct=_circle_directly,
    ),
    Claim(
        key="low_rank.line",
        question="2e.2",
        title="Rank 1 suffices for two targets and for no more",
        statement=r"With scores of rank 1, $s_{ji} = a_j b_i$, the number $r$ of different "
        r"targets is at most ${law}$, and any two targets can be shared out among the positions at "
        r"will: $a_j = \pm 1$ at the targets, 0 elsewhere, $b_i = \pm \gamma$.",
        assumptions=(
            *INDEPENDENT_WORDS,
            r"position $i$ attends to $t$ if $s_{ti} > s_{ji}$ for all $j \ne t$",
        ),
        law=line_targets,
        derive=_line,
        twin=sp.Integer(1),
        changed="1 in place of 2",
        example={},
        source="pigeonhole principle on the sign of the query",
        variables=dict.fromkeys((a_1, a_2, b_1, b_2), ANY) | {gamma: POSITIVE},
        direct=_line_directly,
    ),
    Claim(
        key="low_rank.sets",
        question="2e.2",
        title="Sets of sources with weights need few features",
        statement=r"If each position attends to at most $m$ sources, with any positive "
        r"weights, there is $M$ of rank at most ${law}$, whatever the number of inputs, with which "
        r"the weights within each set are exact in proportion to one another, and all other scores "
        r"lie as far below as wanted. No smaller "
        r"rank will do where all sets of at most $m$ of some $2m + 1$ inputs are attended to.",
        assumptions=INDEPENDENT_WORDS,
        law=rank_of_sets,
        derive=_sets,
        twin=2 * size - 1,
        changed="one fewer",
        example={"size": 3},
        source="neighbourly polytopes: Carathéodory's trigonometric moment curve",
        variables={theta: ANY, phi: ANY},
        direct=_sets_directly,
    ),
)
