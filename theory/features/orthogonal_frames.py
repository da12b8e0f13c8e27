"""Question 3h: Gaussian directions that are exactly orthogonal, drawn and integrated over.

ω_i = r_i ν_i: the ν_i are the rows of a random orthogonal matrix, and the lengths r_i are
independent of them and of each other and have the law of the length of a Gaussian vector. So each
ω_i alone is N(0, I), and two of them are orthogonal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import sympy as sp

from theory.proof.assumptions import require, whole
from theory.proof.law import Parameter

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

dimension = sp.Symbol("d", integer=True, positive=True)
DIMENSION = Parameter("dimension", dimension, lower=1, integer=True)
ORTHOGONAL = (
    r"$\omega_i = r_i \nu_i$: the unit vectors $\nu_1, \dots, \nu_m$ are rows of a uniformly "
    r"random orthogonal $d \times d$ matrix; the lengths $r_i$ are independent of it and of each "
    "other, each with the law of the length of a vector of $d$ independent standard normal numbers"
)


def orthogonal_directions(count: int, width: int, seed: int) -> Float[np.ndarray, "m d"]:
    """Directions ω_i ~ N(0, I), exactly orthogonal within each block of `width` rows.

    Blocks are independent of each other; the last one may be incomplete.
    Raises: InputError if count or width is less than 1.
    Source: Yu et al. 2016; Choromański et al., section 2.4.

    >>> import numpy as np
    >>> omega = orthogonal_directions(3, 4, seed=0)
    >>> gram = omega @ omega.T
    >>> bool(np.allclose(gram, np.diag(np.diag(gram))))
    True
    """
    import numpy as np

    require(whole("count", count, 1), whole("width", width, 1), whole("seed", seed, 0))
    random = np.random.default_rng(seed)
    blocks = [_rotation(random, width) for _ in range(-(-count // width))]
    lengths = np.linalg.norm(random.standard_normal((count, width)), axis=1, keepdims=True)
    directions: np.ndarray = lengths * np.concatenate(blocks)[:count]
    return directions


def _rotation(random: np.random.Generator, width: int) -> Float[np.ndarray, "d d"]:
    """Uniform over orthogonal matrices: Q of a Gaussian matrix, made unique by diag R > 0."""
    import numpy as np

    orthogonal, triangular = np.linalg.qr(random.standard_normal((width, width)))
    rows: np.ndarray = (orthogonal * np.sign(np.diag(triangular))).T
    return rows


GAUSS = 48  # nodes of each quadrature below
WIDEST = 64  # dimensions up to here are resolved by it


def frame_mean(function: Callable[[np.ndarray], np.ndarray], width: int) -> float:
    """E[f(ω₁ᵀe) f(ω₂ᵀe)] for orthogonal directions, a unit vector e and even f, by quadrature.

    Over both lengths r_i, and over the coordinates (t₁, t₂) of e along ν₁ and ν₂ in polar form.
    """
    import numpy as np
    from scipy import special

    squares, chances = special.roots_genlaguerre(GAUSS, width / 2 - 1)
    chances = chances / chances.sum()
    if width > 2:
        spread, shares = special.roots_jacobi(GAUSS, width / 2 - 2, 0)
    else:
        spread, shares = np.ones(1), np.ones(1)
    angles = np.linspace(0, 2 * np.pi, 4 * GAUSS, endpoint=False)
    radii = np.sqrt((1 + spread) / 2)[:, None]

    def one(coordinate: np.ndarray) -> np.ndarray:
        """E[f(r t)] over the length r."""
        means: np.ndarray = function(coordinate[..., None] * np.sqrt(2 * squares)) @ chances
        return means

    products = one(radii * np.cos(angles)) * one(radii * np.sin(angles))
    return float(shares @ products.mean(axis=1) / shares.sum())


def narrowed(dimension: float) -> str:
    """What to say where the quadrature takes fewer dimensions than asked for."""
    return f" ($d$ cut to ${WIDEST}$ for the quadrature)" if dimension > WIDEST else ""
