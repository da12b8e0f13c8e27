"""Question 3h: how much smaller orthogonal directions make the error of positive features.

The theorem of the paper with its constant, and its form for more directions than dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from theory.features.feature_variance import positive_error
from theory.features.orthogonal_frames import (
    DIMENSION,
    ORTHOGONAL,
    WIDEST,
    dimension,
    narrowed,
)
from theory.features.orthogonal_series import GAP, covariance, pair_covariance
from theory.performer import (
    APART,
    DRAWS,
    LENGTHS,
    PAPER,
    SQUARED,
    SQUARES,
    TOTAL,
    draws,
    in_squares,
    law_at,
    moments,
    near,
    positive_features,
    u,
    v,
)
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific

blocks = sp.Symbol("B", integer=True, positive=True)
rest = sp.Symbol("s", integer=True, nonnegative=True)
BLOCKS = Parameter("blocks", blocks, lower=1, integer=True)
REST = Parameter("rest", rest, lower=0, integer=True)

FEW = sp.Le(draws, dimension)
orthogonal_error = Law(
    r"\operatorname{MSE}_{\mathrm{ort}}",
    positive_error.expression - GAP * 2 / (draws * (dimension + 2)) * (draws - 1),
    (TOTAL, APART, DRAWS, DIMENSION),
    premises=(FEW,),
    relation=r"\le",
)
_many = blocks * dimension + rest
_pairs = blocks * dimension * (dimension - 1) + rest * (rest - 1)
block_error = Law(
    r"\operatorname{MSE}_{\mathrm{blocks}}",
    positive_error.expression.subs(draws, _many) - GAP * 2 / (_many**2 * (dimension + 2)) * _pairs,
    (TOTAL, APART, BLOCKS, REST, DIMENSION),
    premises=(sp.Le(rest, dimension),),
    relation=r"\le",
)
VARIANCE = sp.exp(-(u + v) / 2) * (sp.exp(2 * u) - sp.exp(u))  # of one draw
COVARIANCE = in_squares(covariance.expression)  # of two of them, at most


def _orthogonal(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        VARIANCE,
        in_squares(positive_error.expression).subs(draws, 1),
        f"{SQUARES}: each $\\omega_i$ alone is $\\mathcal{{N}}(0, I)$, so the estimate has no bias "
        "and one draw has the variance of claim performer.positive_error",
        r"\operatorname{Var}",
    )
    proof.equal(
        (draws * VARIANCE + draws * (draws - 1) * COVARIANCE) / draws**2,
        in_squares(formula),
        "the mean of $m$ draws has $1/m^2$ times the sum of $m$ variances and $m(m - 1)$ "
        "covariances (none if $m = 1$), each at most that of claim performer.orthogonal_covariance",
    )


def _blocks(formula: sp.Expr, proof: Proof) -> None:
    pairs = blocks * (dimension**2 - dimension) + rest**2 - rest
    proof.equal(
        (_many * VARIANCE + pairs * COVARIANCE) / _many**2,
        in_squares(formula),
        SQUARES + r": variance and covariance are those of claim performer.orthogonal; $B$ blocks "
        r"have $d^2 - d$ ordered pairs each and the rest has $s^2 - s$; draws of "
        r"different blocks are independent and have covariance 0",
    )


@dataclass(frozen=True)
class Measured:
    """Errors by quadrature: of orthogonal draws, of as many independent ones, and the kernel."""

    orthogonal: float
    independent: float
    kernel: float

    @property
    def sentence(self) -> str:
        return (
            "By quadrature over the lengths of two orthogonal directions and the coordinates of "
            f"$z$ along them, the mean squared error is ${scientific(self.orthogonal)}$; "
            f"independent draws have ${scientific(self.independent)}$."
        )

    def within(self, bound: float) -> bool:
        """Whether the error is at most the bound but for rounding of either."""
        return self.orthogonal <= bound * (1 + 1e-9) + 1e-12 * self.kernel**2


def measured(
    together: float, difference: float, width: float, draws: float, pairs: float
) -> Measured:
    """From the definition, for draws of which this many ordered pairs are orthogonal."""
    kernel, variance = moments(positive_features, together, difference)
    covariance = pair_covariance(together, difference, int(width)) if pairs else 0.0
    independent = variance / draws
    return Measured(independent + pairs * covariance / draws**2, independent, kernel)


def _orthogonal_directly(
    value: float, total: float, apart: float, draws: float, dimension: float
) -> Direct:
    together, difference, cut = near(total, apart)
    width, count = min(dimension, WIDEST), min(draws, WIDEST)
    found = measured(together, difference, width, count, count * (count - 1))
    taken, given = (together, difference, count, width), (total, apart, draws, dimension)
    bound = law_at(taken, given, value, orthogonal_error)
    return Direct(found.sentence + cut + narrowed(dimension), found.within(bound))


def _blocks_directly(
    value: float, total: float, apart: float, blocks: float, rest: float, dimension: float
) -> Direct:
    together, difference, cut = near(total, apart)
    width = min(dimension, WIDEST)
    last = min(rest, width)
    pairs = blocks * width * (width - 1) + last * (last - 1)
    found = measured(together, difference, width, blocks * width + last, pairs)
    taken = (together, difference, blocks, last, width)
    bound = law_at(taken, (total, apart, blocks, rest, dimension), value, block_error)
    return Direct(found.sentence + cut + narrowed(dimension), found.within(bound))


CLAIMS = (
    Claim(
        key="performer.orthogonal",
        question="3h",
        title="Orthogonal directions make the error smaller in every dimension",
        statement=r"Positive features of $m \le d$ orthogonal directions estimate $e^{x^\top y}$ "
        r"without bias and with the mean squared error $\operatorname{MSE}_{\mathrm{ort}} \le "
        "{law}$. The first term is the error of $m$ independent ones, and the last exponential "
        r"is $e^{-(\lVert x \rVert^2 + \lVert y \rVert^2)/2}$; so orthogonality always helps if "
        r"$m \ge 2$ and $z \ne 0$.",
        assumptions=(LENGTHS, ORTHOGONAL, r"$m \le d$"),
        law=orthogonal_error,
        derive=_orthogonal,
        twin=positive_error.expression - GAP * 3 / (draws * (dimension + 2)) * (draws - 1),
        changed="3 in place of 2 before $(m - 1)$",
        example={"total": 1, "apart": 2, "draws": 16, "dimension": 16},
        source=f"{PAPER}, Theorem 2; the proof by series is ours",
        variables=SQUARED,
        direct=_orthogonal_directly,
    ),
    Claim(
        key="performer.orthogonal_blocks",
        question="3h",
        title="More directions than dimensions, in independent orthogonal blocks",
        statement=r"$B$ blocks of $d$ orthogonal directions and one of $s \le d$, independent of "
        r"each other, are $m = Bd + s$ directions. They estimate $e^{x^\top y}$ without bias and "
        r"with the mean squared error $\operatorname{MSE}_{\mathrm{blocks}} \le {law}$. This is "
        r"what codes with $m > d$ use; claim performer.orthogonal is about $m \le d$ alone.",
        assumptions=(LENGTHS, ORTHOGONAL + " (in each block)", r"$0 \le s \le d$ and $B \ge 1$"),
        law=block_error,
        derive=_blocks,
        twin=positive_error.expression.subs(draws, _many)
        - GAP * 2 / (_many * (dimension + 2)) * (_many - 1),
        changed="the formula for $m \\le d$, used for $m > d$",
        example={"total": 1, "apart": 2, "blocks": 4, "rest": 2, "dimension": 16},
        source=f"from claim performer.orthogonal; {PAPER} has $m \\le d$ alone",
        variables=SQUARED,
        direct=_blocks_directly,
    ),
)
