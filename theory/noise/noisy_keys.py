"""What questions 2c and 2d share: random keys k_i ~ N(μ_i, Σ_i) with orthonormal means.

Only inner products with μ_a and μ_b matter, so three coordinates (along μ_a, μ_b and any other
mean) hold all covariances that occur.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from theory.noise import drawn_keys
from theory.symbols import alpha, radial

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

MU_A, MU_B, MU_I = (sp.eye(3).row(i).T for i in range(3))
SIGMA = alpha * sp.eye(3)
SIGMA_A = SIGMA + radial * MU_A * MU_A.T
ASSUMED = (
    r"$k_i \sim \mathcal{N}(\mu_i, \Sigma_i)$ independent, with $\mu_i$ orthonormal",
    r"$\Sigma_i = \alpha I$ for $i \ne a$ and $\Sigma_a = \alpha I + r \mu_a \mu_a^\top$; the "
    r"practical has $r = 0$ in part 1 and $r = \frac{1}{2}$ in part 2",
    r"scores carry no $1/\sqrt{d}$",
)


def mean(mu: sp.Matrix, q: sp.Matrix) -> sp.Expr:
    """Mean of the score of a key with mean `mu` under query q."""
    return mu.dot(q)


def covariance(sigma: sp.Matrix, q: sp.Matrix, other: sp.Matrix) -> sp.Expr:
    """Covariance of the scores of one key under two queries: qᵀ Σ other."""
    return sp.expand((q.T * sigma * other)[0, 0])


def arrays(
    alpha: float, radial: float
) -> tuple[Float[np.ndarray, "3 4"], Float[np.ndarray, "3 4 4"]]:
    """Means μ_a, μ_b, μ_i and covariances Σ_a, Σ_b, Σ_i in floating point, for direct computations.

    The means are not the standard basis, yet exactly orthonormal: their coordinates are ±½.

    >>> means, covariances = arrays(0.01, 0.5)
    >>> float(means[0] @ covariances[0] @ means[0]), float(means[0] @ covariances[1] @ means[0])
    (0.51, 0.01)
    """
    import numpy as np

    signs = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1]])
    means = signs / 2
    covariances = np.tile(alpha * np.eye(4), (3, 1, 1))
    covariances[0] += radial * np.outer(means[0], means[0])
    return means, covariances


def drawn_weights(
    n: int, alpha: float, radial: float, beta: float, draws: int = 4000
) -> Float[np.ndarray, "draws n"]:
    """Weights under q = β(μ_a + μ_b) of drawn keys in R^n, a and b first; the same in every call.

    >>> weights = drawn_weights(4, 1e-9, 0.0, 2.0)
    >>> weights.shape, bool(abs(weights[:, 0] - 1 / (2 + 2 / 7.389)).max() < 1e-3)
    ((4000, 4), True)
    """
    import numpy as np

    random = np.random.default_rng(2)
    keys = np.eye(n) + np.sqrt(alpha) * random.standard_normal((draws, n, n))
    keys[:, 0, 0] += np.sqrt(radial) * random.standard_normal(draws)
    return drawn_keys.attention(beta * (keys[..., 0] + keys[..., 1]))
