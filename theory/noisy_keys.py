"""What questions 2c and 2d share: random keys k_i ~ N(μ_i, Σ_i) with orthonormal means.

Only inner products with μ_a and μ_b matter, so three coordinates (along μ_a, μ_b and any other
mean) hold all covariances that occur.
"""

from __future__ import annotations

import sympy as sp

from theory.symbols import alpha, radial

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
