"""Question 2c: one head on noisy keys k_i ~ N(μ_i, Σ_i) with q = β(μ_a + μ_b).

The means μ_i are orthonormal. Σ_i = αI, but for Σ_a = αI + r μ_aμ_aᵀ, where r (`radial`) is 0 in
2c.1 and ½ in 2c.2. The share s = α_a/(α_a + α_b) is logit-normal exactly, whatever n is.
"""

from __future__ import annotations

import sympy as sp

from theory.gaussian import Phi
from theory.law import Law
from theory.symbols import (
    GAIN_OF_QUERY,
    HALF,
    KEYS,
    LOGIT,
    NOISE,
    POSITIVE_GAIN,
    RADIAL,
    SHARE,
    alpha,
    beta,
    delta,
    logit,
    n,
    radial,
    share,
)  # fmt: skip

score_variance = Law(
    r"\operatorname{Var}(k_a^\top q)",
    (2 * alpha + radial) * beta**2,
    (NOISE, GAIN_OF_QUERY, RADIAL),
)
split_variance = Law(r"\tau^2", (4 * alpha + radial) * beta**2, (NOISE, GAIN_OF_QUERY, RADIAL))
tau = sp.sqrt(4 * alpha + radial) * beta
logit_cdf = Law(
    r"P(\operatorname{logit} s \le x)", Phi(logit / tau), (LOGIT, NOISE, POSITIVE_GAIN, RADIAL)
)
split_cdf = Law(
    r"P(s \le x)",
    Phi(sp.log(share / (1 - share)) / tau),
    (SHARE, NOISE, POSITIVE_GAIN, RADIAL),
)
near_half = Law(
    r"P(|s - 1/2| \le \delta)",
    1 - 2 * Phi(-sp.log((1 + 2 * delta) / (1 - 2 * delta)) / (2 * beta * sp.sqrt(alpha))),
    (HALF, NOISE, POSITIVE_GAIN),
)
undecided = Law(
    r"P(\min(s, 1 - s) > \delta)",
    2 * Phi(sp.log((1 - delta) / delta) / tau) - 1,
    (HALF, NOISE, POSITIVE_GAIN, RADIAL),
)
background = Law(
    r"E[1 - \alpha_a - \alpha_b]",
    (n - 2) * sp.exp(-beta + 2 * alpha * beta**2),
    (NOISE, GAIN_OF_QUERY, KEYS),
)
variance_bound = Law(
    r"\operatorname{Var}(s)",
    sp.Rational(1, 4) - 1 / (sp.sqrt(2 * sp.pi) * tau),
    (NOISE, POSITIVE_GAIN, RADIAL),
)
