"""Means of functions of a standard normal variable, by the trapezoidal rule with a proved error.

The rule needs few points because the functions are analytic: its error falls like e^(−2πa/h) with
the step h, where a is half the width of a strip about the real line in which they are bounded.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import sympy as sp

from theory.gaussian import tail_bound
from theory.proof.assumptions import require, within
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import ANY, NONNEGATIVE, UNIT

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

    Function = Callable[[Float[np.ndarray, " points"]], Float[np.ndarray, " points"]]

a, h, X = sp.symbols("a h X", positive=True)
x = sp.Symbol("x", real=True)
u = sp.Symbol("u", nonnegative=True)
y = sp.Symbol("y", positive=True)

error = Law(
    "|Q - E[f(Z)]|",
    2 * sp.exp(a**2 / 2 - 2 * sp.pi * a / h) / (1 - sp.exp(-2 * sp.pi * a / h))
    + sp.exp(-(X**2) / 2),
    (
        Parameter("strip", a, lower=0, open=True),
        Parameter("step", h, lower=0, open=True),
        Parameter("reach", X, lower=0, open=True),
    ),
    relation=r"\le",
)

ACCURACY = 1e-16
NARROWEST = 1e-4


def normal_mean(function: Function, strip: float, bound: float = 1.0) -> tuple[float, float]:
    """E[f(Z)] for standard normal Z, and a proved bound on the error of the rule.

    function: f, on an array of real points; it must be analytic with |f| ≤ `bound` where the
    imaginary part is at most `strip`. Rounding adds about 1e-15 times `bound`. The number of
    points grows like 1/strip: about 100 points for a strip of 1.

    Raises: InputError if the strip is narrower than 1e-4.
    Source: Trefethen and Weideman 2014, theorem 5.1; claim normal_quadrature.error.

    >>> import numpy as np
    >>> value, error = normal_mean(np.cos, strip=1.0, bound=np.cosh(1.0))
    >>> bool(abs(value - np.exp(-0.5)) < 1e-15), bool(error < 1e-15)
    (True, True)
    """
    import numpy as np

    require(within("strip", strip, NARROWEST, math.inf))
    digits = -math.log(ACCURACY)
    widest = min(strip, math.sqrt(2 * digits))
    step = 2 * math.pi * widest / (digits + widest**2 / 2)
    count = math.ceil(math.sqrt(2 * digits) / step)
    points = step * np.arange(-count, count + 1)
    density = np.exp(-(points**2) / 2) / math.sqrt(2 * math.pi)
    value = float(step * np.sum(density * function(points)))
    return value, bound * error(widest, step, count * step)


def _error(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        sp.re(sp.expand((x + sp.I * a) ** 2)),
        x**2 - a**2,
        r"so $|\varphi(x + ia)| = \varphi(x) e^{a^2/2}$, and $|f| \le 1$ there: the integral of "
        r"$|f \varphi|$ along the line at height $a$, or $-a$, is at most $e^{a^2/2}$",
        r"\operatorname{Re} (x + ia)^2",
    )
    series = y / (1 - y)
    proof.equal(
        series,
        y + y * series,
        r"by Poisson's summation formula the rule with all points is off by the sum of the "
        r"Fourier transform of $f\varphi$ at $2\pi j/h$, $j \ne 0$; shifting the line of "
        r"integration by $\mp ia$ bounds the term $j$ by $e^{a^2/2} y^{|j|}$ with "
        r"$y = e^{-2\pi a/h}$, and $S = y + y^2 + \dots$ solves $S = y + yS$",
        "S",
    )
    tail = tail_bound(u, proof)
    proof.equal(
        2 * sp.exp(a**2 / 2) * series.subs(y, sp.exp(-2 * sp.pi * a / h)) + tail.subs(u, X),
        formula,
        r"$j$ and $-j$ give the first term; the points left out, beyond $X$, weigh at most "
        r"$2\Phi(-X)$, because $\varphi$ falls there and each is below the integral over the "
        "step before it",
        r"2 e^{a^2/2} S + e^{-X^2/2}",
    )


def _error_directly(value: float, strip: float, step: float, reach: float) -> Direct:
    """A cosine that is 1 at every point of the rule, over its largest modulus in the strip."""
    import numpy as np

    count = math.ceil(reach / step)
    if count > 10**6:
        return Direct("A rule with more than two million points is not computed here.", True)
    frequency = 2 * math.pi / step
    points = step * np.arange(-count, count + 1)
    terms = np.exp(-(points**2) / 2) / math.sqrt(2 * math.pi) * np.cos(frequency * points)
    largest = math.cosh(min(frequency * strip, 700.0))
    off = abs(step * float(np.sum(terms)) - math.exp(-(frequency**2) / 2)) / largest
    sentence = (
        rf"For $f(z) = \cos(cz)/\cosh(ca)$ with $c = 2\pi/h = {scientific(frequency)}$, whose mean "
        rf"is known, the rule with {2 * count + 1} points is off by ${scientific(off)}$."
    )
    return Direct(sentence, off <= value * (1 + 1e-9) + 1e-300)


CLAIMS = (
    Claim(
        key="normal_quadrature.error",
        question="2c.2",
        title="The error of the trapezoidal rule for means of normal variables",
        statement=r"$Q = h \sum_{|kh| \le X} \varphi(kh) f(kh)$ approximates $E[f(Z)]$, where "
        r"$Z \sim \mathcal{N}(0, 1)$ has density $\varphi$, with $|Q - E[f(Z)]| \le {law}$.",
        assumptions=(
            r"$f$ is analytic with $|f(z)| \le 1$ wherever $|\operatorname{Im} z| \le a$",
            r"the sum is over integers $k$, and the reach $X$ is a multiple of the step $h$",
        ),
        law=error,
        derive=_error,
        twin=2 * sp.exp(a**2 / 2 - 4 * sp.pi * a / h) / (1 - sp.exp(-4 * sp.pi * a / h))
        + sp.exp(-(X**2) / 2),
        changed=r"$4\pi$ in place of $2\pi$",
        example={"strip": 1, "step": sp.Rational(1, 4), "reach": 8},
        source="Trefethen and Weideman 2014 (the exponentially convergent trapezoidal rule), "
        "theorem 5.1",
        variables={x: ANY, u: NONNEGATIVE, y: UNIT},
        direct=_error_directly,
    ),
)
