"""Question 3g.1: the tails of the chi-squared distribution, by Chernoff's bound.

A k × n matrix R of independent N(0, 1/k) entries, drawn without looking at x, gives ‖Rx‖²/‖x‖²
the distribution of χ²_k/k, whatever x ≠ 0 is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from theory.gaussian import phi
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import ANY, POSITIVE, TOLERANCE, UNIT, epsilon

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

k = sp.Symbol("k", integer=True, positive=True)
ROWS = Parameter("k", k, lower=1, integer=True)
RATE = epsilon**2 / 4 - epsilon**3 / 6

upper_tail = Law(
    r"P(\lVert Rx \rVert^2 \ge (1 + \varepsilon) \lVert x \rVert^2)",
    sp.exp(-k * RATE),
    (TOLERANCE, ROWS),
    relation=r"\le",
)
lower_tail = Law(
    r"P(\lVert Rx \rVert^2 \le (1 - \varepsilon) \lVert x \rVert^2)",
    sp.exp(-k * epsilon**2 / 4),
    (TOLERANCE, ROWS),
    relation=r"\le",
)
t, u, x_1, x_2 = sp.symbols("t u x_1 x_2", real=True)
s = sp.Symbol("s", positive=True)


def drawn(columns: str) -> str:
    """The assumption on R, for vectors of this many numbers."""
    return (
        rf"$R$ is a $k \times {columns}$ matrix of independent normal numbers of mean 0 and "
        r"variance $1/k$, drawn without looking at the vectors"
    )


DRAWN = drawn("n")


def length_cdf(share: Float[np.ndarray, " shares"], k: int) -> Float[np.ndarray, " shares"]:
    """P(‖Rx‖² ≤ share · ‖x‖²): the distribution function of χ²_k/k.

    share: any numbers of at least 0; k: at least 1

    >>> import numpy as np
    >>> length_cdf(np.array([0.0, 1.0]), k=2).round(6)  # 1 - 1/e
    array([0.      , 0.632121])
    """
    from scipy import special

    found: np.ndarray = special.chdtr(k, k * share)
    return found


def _chi_squared(proof: Proof) -> None:
    """The law of the projected length, and its moment generating function."""
    proof.equal(
        sp.exp(t**2 * x_1**2 / (2 * k)) * sp.exp(t**2 * x_2**2 / (2 * k)),
        sp.exp(t**2 * ((x_1**2 + x_2**2) / k) / 2),
        r"an entry $\sum_j R_{ij} x_j$ of $Rx$ has the product of its terms' moment generating "
        r"functions (here of two terms), which is that of $\mathcal{N}(0, \lVert x \rVert^2 / k)$. "
        r"The $k$ entries are independent, so $\lVert Rx \rVert^2 / \lVert x \rVert^2$ is exactly "
        r"a sum of $k$ squared standard normals over $k$, $\chi^2_k / k$",
    )
    proof.equal(
        sp.exp((1 - s**2) / 2 * u**2) * phi(u),
        phi(s * u),
        r"with $s = \sqrt{1 - 2t}$, $e^{t u^2}$ times the normal density at $u$ is the density at "
        r"$su$, whose integral over $u$ is $1/s$: the moment generating function of a squared "
        r"standard normal $Z$ is $E[e^{tZ^2}] = (1 - 2t)^{-1/2}$ for $t < \frac{1}{2}$, and of "
        r"$\chi^2_k$ it is $(1 - 2t)^{-k/2}$",
    )


def _upper_tail(formula: sp.Expr, proof: Proof) -> None:
    _chi_squared(proof)
    best = epsilon / (2 * (1 + epsilon))
    exponent = -t * k * (1 + epsilon) - k * sp.log(1 - 2 * t) / 2
    proof.equal(
        sp.diff(exponent, t).subs(t, best),
        sp.Integer(0),
        r"Markov's inequality: the probability is at most $e^{\psi(t)}$ with $\psi(t) = "
        r"-tk(1 + \varepsilon) - \frac{k}{2} \log(1 - 2t)$ for every $t$ in $(0, \frac{1}{2})$; "
        r"$\psi$ is least at $t = \varepsilon / (2(1 + \varepsilon))$",
        r"\psi'(t)",
    )
    proof.equal(
        -best * k * (1 + epsilon) - k * sp.log(sp.cancel(1 - 2 * best)) / 2,
        k * (sp.log(1 + epsilon) - epsilon) / 2,
        r"there the bound is $((1 + \varepsilon) e^{-\varepsilon})^{k/2}$",
        r"\psi(t)",
    )
    proof.equal(
        sp.diff(epsilon - epsilon**2 / 2 + epsilon**3 / 3 - sp.log(1 + epsilon), epsilon),
        epsilon**3 / (1 + epsilon),
        r"this derivative is not negative and the difference is 0 at $\varepsilon = 0$, so "
        r"$\log(1 + \varepsilon) \le \varepsilon - \frac{1}{2}\varepsilon^2 + \frac{1}{3}"
        r"\varepsilon^3$",
        r"\frac{d}{d\varepsilon} \left(\varepsilon - \frac{1}{2}\varepsilon^2 + \frac{1}{3}"
        r"\varepsilon^3 - \log(1 + \varepsilon)\right)",
    )
    proof.equal(
        sp.exp(k * ((epsilon - epsilon**2 / 2 + epsilon**3 / 3) - epsilon) / 2),
        formula,
        r"put the larger number in place of $\log(1 + \varepsilon)$",
        r"e^{\frac{k}{2} ((\varepsilon - \frac{1}{2} \varepsilon^2 + \frac{1}{3} \varepsilon^3) - "
        r"\varepsilon)}",
    )


def _lower_tail(formula: sp.Expr, proof: Proof) -> None:
    _chi_squared(proof)
    best = epsilon / (2 * (1 - epsilon))
    exponent = t * k * (1 - epsilon) - k * sp.log(1 + 2 * t) / 2
    proof.equal(
        sp.diff(exponent, t).subs(t, best),
        sp.Integer(0),
        r"Markov's inequality for $e^{-t \chi^2_k}$: the probability is at most $e^{\psi(t)}$ with "
        r"$\psi(t) = tk(1 - \varepsilon) - \frac{k}{2} \log(1 + 2t)$ for every $t > 0$; $\psi$ is "
        r"least at $t = \varepsilon / (2(1 - \varepsilon))$",
        r"\psi'(t)",
    )
    proof.equal(1 + 2 * best, 1 / (1 - epsilon), "at this $t$", "1 + 2t")
    proof.equal(
        best * k * (1 - epsilon) + k * sp.log(1 - epsilon) / 2,
        k * (sp.log(1 - epsilon) + epsilon) / 2,
        r"so there the bound is $((1 - \varepsilon) e^{\varepsilon})^{k/2}$",
        r"\psi(t)",
    )
    proof.equal(
        sp.diff(-epsilon - epsilon**2 / 2 - sp.log(1 - epsilon), epsilon),
        epsilon**2 / (1 - epsilon),
        r"this derivative is not negative and the difference is 0 at $\varepsilon = 0$, so "
        r"$\log(1 - \varepsilon) \le -\varepsilon - \frac{1}{2}\varepsilon^2$",
        r"\frac{d}{d\varepsilon} \left(-\varepsilon - \frac{1}{2}\varepsilon^2 - \log(1 - "
        r"\varepsilon)\right)",
    )
    proof.equal(
        sp.exp(k * ((-epsilon - epsilon**2 / 2) + epsilon) / 2),
        formula,
        r"put the larger number in place of $\log(1 - \varepsilon)$",
        r"e^{\frac{k}{2} ((-\varepsilon - \frac{1}{2} \varepsilon^2) + \varepsilon)}",
    )


def _upper_directly(value: float, epsilon: float, k: float) -> Direct:
    from scipy import special

    tail = float(special.chdtrc(k, k * (1 + epsilon)))
    return Direct(rf"The exact tail of $\chi^2_k / k$ is ${scientific(tail)}$.", tail <= value)


def _lower_directly(value: float, epsilon: float, k: float) -> Direct:
    from scipy import special

    tail = float(special.chdtr(k, k * (1 - epsilon)))
    return Direct(rf"The exact tail of $\chi^2_k / k$ is ${scientific(tail)}$.", tail <= value)


CLAIMS = (
    Claim(
        key="chi_squared.upper_tail",
        question="3g.1",
        title="A random projection seldom lengthens a vector",
        statement="That $R$ raises the squared length of a fixed vector by the share "
        r"$\varepsilon$ or more has a probability that falls exponentially in $k$, whatever $n$ "
        r"is: for every $x \ne 0$, $P(\lVert Rx \rVert^2 \ge (1 + \varepsilon) \lVert x \rVert^2) "
        r"\le ((1 + \varepsilon) e^{-\varepsilon})^{k/2} \le {law}$.",
        assumptions=(DRAWN, r"$0 < \varepsilon < 1$"),
        law=upper_tail,
        derive=_upper_tail,
        twin=sp.exp(-k * (epsilon**2 / 4 + epsilon**3 / 6)),
        changed=r"the sign of $\varepsilon^3 / 6$",
        example={"epsilon": sp.Rational(1, 2), "k": 256},
        source="Chernoff's bound for the chi-squared distribution",
        variables={s: POSITIVE, u: ANY, t: UNIT, x_1: ANY, x_2: ANY},
        direct=_upper_directly,
    ),
    Claim(
        key="chi_squared.lower_tail",
        question="3g.1",
        title="A random projection seldom shortens a vector",
        statement="That $R$ lowers the squared length of a fixed vector by the share "
        r"$\varepsilon$ or more has a smaller bound still than that it raises it: for every $x "
        r"\ne 0$, $P(\lVert Rx \rVert^2 \le (1 - \varepsilon) \lVert x \rVert^2) \le ((1 - "
        r"\varepsilon) e^{\varepsilon})^{k/2} \le {law}$.",
        assumptions=(DRAWN, r"$0 < \varepsilon < 1$"),
        law=lower_tail,
        derive=_lower_tail,
        twin=sp.exp(-k * epsilon**2 / 2),
        changed="2 in place of 4 below the bar",
        example={"epsilon": sp.Rational(1, 2), "k": 256},
        source="Chernoff's bound for the chi-squared distribution",
        variables={s: POSITIVE, u: ANY, t: UNIT, x_1: ANY, x_2: ANY},
        direct=_lower_directly,
    ),
)  # fmt: skip
