"""How far rounding can carry merged moments from those of exact arithmetic: two theorems.

Let u = 2⁻⁵³ be the unit roundoff, |xᵢ| ≤ R all n values, σ² = (exact sum of squares)/n. A value
passes through at most h additions while its block is summed, and its block through at most g
merges. As usual γₖ = ku/(1 - ku) bounds k rounding errors in a product (Higham, Accuracy and
Stability of Numerical Algorithms, lemma 3.1). Nothing overflows or underflows.

Mean. Summed and divided, a block's mean is wrong by at most γₕ₊₁R. A merge of two computed means
adds at most γ₃·2R + uR to the weighted average of their errors: three roundings of the shift,
which is at most 2R, and one of the result. Hence after g merges, while (h + 8g)u ≤ 10⁻³,

    |error of the mean| ≤ e = (h + 2 + 8g)uR,                                                   (1)

where 2 and 8 for 1 and 7 pay for the terms of second order.

Squares. The computed sum is Σ t(1 + θ) over non-negative terms t: the squared deviations of each
block, and (shift)²n₁n₂/n of each merge; |θ| ≤ γ_K with K = h + 2g + 6, for a term is rounded at
most six times before it is added and then at most h + 2g times. With exact means the terms would
add up to the exact sum S (Chan, Golub, LeVeque). Deviations taken from a mean that is wrong by e
are too large in sum by ne² at most; a shift wrong by 2e changes its term by
(4e|shift| + 4e²)n₁n₂/n. The sum of n₁n₂/n over the merges of one level is at most n/4, hence over
all at most gn/4, and Cauchy's inequality gives, with r = e/σ,

    |error of the sum of squares| ≤ S(γ_K + (1 + γ_K)(2r√g + (1 + g)r²)).                       (2)

Both grow with the number of merges in sequence, not with n: merged as a balanced tree, 2³⁰ blocks
cost no more than 30 in a row. What is lost by a large mean, R/σ, is lost to the first power;
the formula Σx² - n·mean² would lose its square.
"""

from __future__ import annotations

import math

UNIT = 2.0**-53
"""Unit roundoff u of float64, rounding to nearest."""


def depth(size: int) -> int:
    """Additions that any of `size` values passes through in numpy's pairwise sum.

    Up to 128 values are summed in eight columns of at most 16: 15 additions, 3 to join the columns
    and 7 for those left over. Longer arrays are halved, at multiples of eight, until they are so
    short.
    """
    return 25 + math.ceil(math.log2(max(1.0, size / 64)))


def mean_error(size: int, merges: int, largest: float) -> float:
    """Bound (1): how far from the exact mean the computed one can be, in the unit of the values.

    size: values in a block; merges: how many merges a block passes through at most, for blocks
    added one after the other the number of blocks less one; largest: greatest |value|

    Raises: ValueError where the bound does not hold, for more merges than 10¹².
    """
    roundings = depth(size) + 2 + 8 * merges
    if roundings * UNIT > 1e-3:
        raise ValueError(f"{merges} merges are too many for this bound")
    return roundings * UNIT * largest


def squares_error(size: int, merges: int, largest: float, deviation: float) -> float:
    """Bound (2): relative error of the computed sum of squares.

    deviation: σ, the root of the exact sum of squares over the number of values

    Raises: ValueError where the bound does not hold, for more merges than 10¹².
    """
    r = mean_error(size, merges, largest) / deviation
    k = depth(size) + 2 * merges + 6
    gamma = k * UNIT / (1 - k * UNIT)
    return gamma + (1 + gamma) * (2 * r * math.sqrt(merges) + (1 + merges) * r * r)
