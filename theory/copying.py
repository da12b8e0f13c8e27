"""Question 2a: when attention copies one value vector.

The scores are s_i = k_iᵀq. If s_j exceeds every other score by the margin Δ, the output c is v_j
up to an error that falls like e^(−Δ).
"""

from __future__ import annotations

import sympy as sp

from theory.law import Law
from theory.symbols import (
    DIAMETER,
    KEYS,
    MARGIN,
    TOLERANCE,
    WEIGHT,
    diameter,
    epsilon,
    n,
)  # fmt: skip
from theory.symbols import margin as gap
from theory.symbols import (
    weight as w,
)

weight = Law(r"\alpha_j", 1 / (1 + (n - 1) * sp.exp(-gap)), (MARGIN, KEYS))
margin = Law(r"\Delta", sp.log((n - 1) * (1 - epsilon) / epsilon), (TOLERANCE, KEYS))
error = Law(
    r"\lVert c - v_j \rVert",
    diameter * (n - 1) * sp.exp(-gap) / (1 + (n - 1) * sp.exp(-gap)),
    (MARGIN, KEYS, DIAMETER),
)
slope = Law(r"\partial \alpha_j / \partial s_j", w * (1 - w), (WEIGHT,))
