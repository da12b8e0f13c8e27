"""Question 2b: the average of two values, then any weighted average of any subset.

The keys are orthonormal and the query is q = β(k_a + k_b); for a subset S with positive weights
w_i that sum to one it is q = Σ_{i∈S} (β + log w_i) k_i.
"""

from __future__ import annotations

import sympy as sp

from theory.law import Law
from theory.symbols import GAIN_OF_QUERY, KEYS, MORE_KEYS, SIZE, TOLERANCE, beta, epsilon, n, size

leak = Law(
    r"\lambda", (n - 2) * sp.exp(-beta) / (2 + (n - 2) * sp.exp(-beta)), (GAIN_OF_QUERY, KEYS)
)
gain = Law(r"\beta", sp.log((n - 2) * (1 - epsilon) / (2 * epsilon)), (TOLERANCE, MORE_KEYS))
subset_leak = Law(
    r"\lambda_S",
    (n - size) * sp.exp(-beta) / (1 + (n - size) * sp.exp(-beta)),
    (GAIN_OF_QUERY, KEYS, SIZE),
    premises=(sp.Le(size, n),),
)
