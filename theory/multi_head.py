"""Question 2d: two heads, q₁ = βμ_a and q₂ = βμ_b, whose outputs are averaged.

Keys are as in question 2c. The weight of head 1 on v_a and the weight of head 2 on v_b are each
near one, so c is near the average, unless head 1 misses v_a.
"""

from __future__ import annotations

import sympy as sp

from theory.gaussian import Phi, phi
from theory.law import Law
from theory.symbols import (
    GAIN_OF_QUERY,
    KEYS,
    NOISE,
    POSITIVE_GAIN,
    RADIAL,
    WEIGHT,
    alpha,
    beta,
    n,
    radial,
    weight,
)  # fmt: skip

m = sp.Symbol("m", real=True)


def missing(noise: sp.Expr, keys: sp.Expr, spread: sp.Expr) -> sp.Expr:
    """P(N(1, spread + noise) lies below the largest of keys − 1 independent N(0, noise)).

    The largest of keys − 1 standard normals has density (keys − 1) φ(m) Φ(m)^(keys − 2).
    """
    density = (keys - 1) * phi(m) * Phi(m) ** (keys - 2)
    below = Phi((sp.sqrt(noise) * m - 1) / sp.sqrt(spread + noise))
    return sp.Integral(density * below, (m, -sp.oo, sp.oo))


leak = Law(
    r"\lambda", (n - 2) * sp.exp(-beta) / (1 + (n - 1) * sp.exp(-beta)), (GAIN_OF_QUERY, KEYS)
)
loss_bound = Law(
    r"E[1 - w_1]",
    (n - 1) * sp.exp(-beta + (alpha + radial / 2) * beta**2),
    (NOISE, GAIN_OF_QUERY, KEYS, RADIAL),
)
negative_score = Law(r"P(q_1^\top k_a < 0)", Phi(-1 / sp.sqrt(radial + alpha)), (NOISE, RADIAL))
miss = Law(r"p", missing(alpha, n, radial), (NOISE, KEYS, RADIAL))
head_cdf = Law(
    r"P(w_1 \le w)",
    Phi((sp.log(weight / (1 - weight)) - beta) / (beta * sp.sqrt(radial + 2 * alpha))),
    (WEIGHT, NOISE, POSITIVE_GAIN, RADIAL),
)
limit_bound = Law(
    r"|E[w_1] - (1 - p)|",
    sp.log(2 * n) / (beta * sp.sqrt(2 * sp.pi * (radial + alpha))),
    (NOISE, POSITIVE_GAIN, KEYS, RADIAL),
)
_wrong = missing(alpha, n, sp.Integer(0)) / (n - 1)
limit_variance = Law(
    r"\operatorname{Var}(W_a)",
    (miss.expression * (1 - miss.expression) + _wrong * (1 - _wrong)) / 4,
    (NOISE, KEYS, RADIAL),
)
