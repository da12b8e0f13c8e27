"""Question 2e.2: K, Q and V as sums of outer products, so that c₂ ≈ u_b and c₁ ≈ u_b − u_c.

u_a, u_b, u_c, u_d are orthogonal with norm β; x₁ = u_d + u_b, x₂ = u_a, x₃ = u_c + u_b. The
query matrix carries a gain γ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from theory.law import Law
from theory.symbols import GAIN, NORM, beta, gamma

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

_small = sp.exp(-gamma * beta**2)
error_second = Law(
    r"\lVert c_2 - u_b \rVert", sp.sqrt(2) * beta * _small / (1 + 2 * _small), (GAIN, NORM)
)
error = Law(
    r"\max(\lVert c_1 - (u_b - u_c) \rVert, \lVert c_2 - u_b \rVert)",
    sp.sqrt(5) * beta * _small / (1 + 2 * _small),
    (GAIN, NORM),
)


def matrices(
    u_a: Float[np.ndarray, " d"],
    u_b: Float[np.ndarray, " d"],
    u_c: Float[np.ndarray, " d"],
    u_d: Float[np.ndarray, " d"],
    gain: float,
) -> tuple[Float[np.ndarray, "d d"], Float[np.ndarray, "d d"], Float[np.ndarray, "d d"]]:
    """K, Q, V for orthogonal u of equal norm β: keys K x_i, queries Q x_i, values V x_i.

    K = (u_d u_dᵀ + u_c u_cᵀ)/β²,  Q = γ (u_d u_aᵀ + u_c u_dᵀ)/β²,  V = (u_b u_bᵀ − u_c u_cᵀ)/β².
    """
    import numpy as np

    square = float(u_b @ u_b)
    key = (np.outer(u_d, u_d) + np.outer(u_c, u_c)) / square
    query = gain * (np.outer(u_d, u_a) + np.outer(u_c, u_d)) / square
    value = (np.outer(u_b, u_b) - np.outer(u_c, u_c)) / square
    return key, query, value
