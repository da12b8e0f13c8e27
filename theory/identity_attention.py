"""Question 2e.1: attention without key, query and value matrices, K = Q = V = I.

u_a, u_b, u_c, u_d are orthogonal with norm β; x₁ = u_d + u_b, x₂ = u_a, x₃ = u_c + u_b.
"""

from __future__ import annotations

import sympy as sp

from theory.law import Law
from theory.symbols import NORM, beta

error = Law(
    r"\lVert c_2 - u_a \rVert",
    sp.sqrt(10) * beta * sp.exp(-(beta**2)) / (1 + 2 * sp.exp(-(beta**2))),
    (NORM,),
)
