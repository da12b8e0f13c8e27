"""The logistic-normal law: s = 1/(1 + e^(−x)) where x ~ N(m, τ²), the split of question 2c.

Its density is elementary, its moments are not: they are computed with a proved error.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import sympy as sp

from theory.gaussian import Phi, phi
from theory.noise.normal_quadrature import normal_mean
from theory.proof.assumptions import require, within
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import ANY, NONNEGATIVE, SHARE, logit, share

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

tau = sp.Symbol("tau", positive=True)
centre = sp.Symbol("m", real=True)
b, z = sp.symbols("b z", real=True)
u = sp.Symbol("u", nonnegative=True)

DEVIATION = Parameter("tau", tau, lower=0, open=True)
CENTRE = Parameter("m", centre)

distribution = Law(
    r"P(S \le s)",
    Phi((sp.log(share / (1 - share)) - centre) / tau),
    (SHARE, CENTRE, DEVIATION),
)
density = Law(
    "f(s)",
    sp.exp(-((sp.log(share / (1 - share)) - centre) ** 2) / (2 * tau**2))
    / (sp.sqrt(2 * sp.pi) * tau * share * (1 - share)),
    (SHARE, CENTRE, DEVIATION),
)
curvature = Law("(\\log f)''", sp.Rational(1, 2) - 1 / tau**2, (DEVIATION,))
variance = Law(
    r"\operatorname{Var}(s)",
    sp.Integral(sp.tanh(tau * z / 2) ** 2 / 4 * phi(z), (z, -sp.oo, sp.oo)),
    (Parameter("tau", tau, lower=0, upper=100, open=True),),
)

CENTRED = r"$s = 1/(1 + e^{-x})$ with $x \sim \mathcal{N}(0, \tau^2)$"


class Moments(NamedTuple):
    """Mean and variance of s; the rule is off by at most `error` in each, rounding apart."""

    mean: float
    variance: float
    error: float


def moments(m: float, tau: float) -> Moments:
    """Mean and variance of s = 1/(1 + e^(−x)), x ~ N(m, τ²), by quadrature with a proved error.

    tau: the deviation of x, above 0 and below 15000; m: the mean of x.
    Raises: InputError naming every parameter that is out of range.
    Source: claims normal_quadrature.error and logistic_normal.variance.

    >>> found = moments(0.0, 3.0)
    >>> found.mean, round(found.variance, 10), found.error < 1e-15
    (0.5, 0.1351620952, True)
    """
    import numpy as np

    require(within("tau", tau, 0, 15000), within("m", m, -math.inf, math.inf))
    strip = math.pi / (2 * tau)

    def off_half(points: Float[np.ndarray, " points"]) -> Float[np.ndarray, " points"]:
        half: np.ndarray = np.tanh((m + tau * points) / 2) / 2
        return half

    first, first_error = normal_mean(off_half, strip, bound=0.5)
    second, second_error = normal_mean(lambda points: off_half(points) ** 2, strip, bound=0.25)
    error = second_error + (2 * abs(first) + first_error) * first_error
    return Moments(0.5 + first, second - first**2, max(error, first_error))


def logistic(x: sp.Expr) -> sp.Expr:
    """1/(1 + e^(−x))."""
    return 1 / (1 + sp.exp(-x))


def _density(formula: sp.Expr, proof: Proof) -> None:
    log_odds = sp.log(share / (1 - share))
    proof.equal(
        logistic(log_odds),
        share,
        r"$\operatorname{logit} s = \log(s/(1 - s))$ undoes $s = 1/(1 + e^{-x})$, and both rise: "
        r"$P(s \le t) = P(x \le \operatorname{logit} t) = \Phi((\operatorname{logit} t - m)/\tau)$",
        r"(1 + e^{-\operatorname{logit} s})^{-1}",
    )
    proof.equal(
        sp.diff(log_odds, share),
        1 / (share * (1 - share)),
        "the slope of the logit",
        r"\frac{d}{ds} \operatorname{logit} s",
    )
    proof.equal(
        sp.diff(distribution.expression.subs(log_odds, logit), logit) / (share * (1 - share)),
        formula.subs(log_odds, logit),
        r"chain rule: differentiate the distribution function, with $x = \operatorname{logit} s$",
        r"f(s)",
    )


def _curvature(formula: sp.Expr, proof: Proof) -> None:
    """log f as a function of x = logit s: s(1 − s) is the derivative of the logistic function."""
    height = -(logit**2) / (2 * tau**2) - sp.log(sp.diff(logistic(logit), logit))
    slope = sp.tanh(logit / 2) - logit / tau**2
    proof.equal(
        sp.diff(height, logit).rewrite(sp.exp),
        slope.rewrite(sp.exp),
        r"$\log f$ is $-x^2/(2\tau^2) - \log(s(1 - s))$ up to a constant; its slope in "
        r"$x = \operatorname{logit} s$ is $\tanh(x/2) - x/\tau^2$",
        r"\frac{d}{dx} \log f",
    )
    proof.equal(
        sp.diff(slope, logit).subs(logit, 0),
        formula,
        r"its slope at $x = 0$, that is at $s = \frac{1}{2}$: a peak where it is below 0, a dip "
        "where above",
        r"\frac{d^2}{dx^2} \log f(\frac{1}{2})",
    )
    below = u - sp.tanh(u)
    proof.equal(
        sp.Matrix([below.subs(u, 0), sp.diff(below, u)]),
        sp.Matrix([0, sp.tanh(u) ** 2]),
        r"$g(u) = u - \tanh u$ starts at 0 and never falls, so $\tanh(x/2) \le x/2 \le x/\tau^2$ "
        r"for $x \ge 0$ if $\tau^2 \le 2$: the only peak is at $\frac{1}{2}$",
        r"(g(0), g'(u))^\top",
    )
    proof.equal(
        sp.diff(slope, logit, 2),
        -sp.tanh(logit / 2) * (1 - sp.tanh(logit / 2) ** 2) / 2,
        r"if $\tau^2 > 2$ the slope rises from 0 at $x = 0$ but is concave for $x > 0$ and tends "
        r"to $-\infty$: it changes sign once, so there is one peak on either side of the dip",
        r"\frac{d^3}{dx^3} \log f",
    )


def _variance(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        logistic(-logit),
        1 - logistic(logit),
        r"$-x$ has the law of $x$, so $1 - s$ has the law of $s$, and $E[s] = \frac{1}{2}$",
        r"s(-x)",
    )
    proof.equal(
        (logistic(tau * z) - sp.Rational(1, 2)) ** 2 * phi(z),
        formula.function.rewrite(sp.exp),
        r"$\operatorname{Var}(s) = E[(s - \frac{1}{2})^2]$ with $x = \tau z$: integrate this",
        r"(s - \frac{1}{2})^2 \varphi(z)",
    )
    proof.equal(
        (1 + u) * sp.cos(b) ** 2
        + u * sp.sin(b) ** 2
        - u * sp.cos(b) ** 2
        - (1 + u) * sp.sin(b) ** 2,
        sp.cos(b) ** 2 - sp.sin(b) ** 2,
        r"with $u = \sinh^2 c$ and $1 + u = \cosh^2 c$; this is at least 0 for $|b| \le \pi/4$, so "
        r"$|\tanh(c + ib)| \le 1$ there: the integrand over $\varphi$ is at most $\frac{1}{4}$ for "
        r"$|\operatorname{Im} z| \le \pi/(2\tau)$, and claim normal_quadrature.error bounds the "
        "error of its computation",
        r"|\cosh(c + ib)|^2 - |\sinh(c + ib)|^2",
    )


def _density_directly(value: float, s: float, m: float, tau: float) -> Direct:
    """The slope of scipy's distribution function over a small step in the logit."""
    from scipy.special import ndtr

    x, step = (math.log(s / (1 - s)) - m) / tau, 1e-3
    mass = float(ndtr(x + step) - ndtr(x - step))
    found = mass / (2 * step * tau * s * (1 - s))
    return Direct(
        rf"The probability within a small step of $s$, over the step, is ${scientific(found)}$.",
        math.isclose(found, value, rel_tol=1e-3, abs_tol=1e-9 / (tau * s * (1 - s))),
    )


def _curvature_directly(value: float, tau: float) -> Direct:
    """Peaks of the density counted on a grid of s that is fine near 0 and 1."""
    import numpy as np

    x = np.linspace(-4, 4, 4001) * max(tau**2, 1.0)
    height = -(x**2) / (2 * tau**2) + np.logaddexp(0, x) + np.logaddexp(0, -x)
    inner = height[1:-1]
    peaks = int(np.sum((inner > height[:-2]) & (inner > height[2:])))
    undecided = abs(value) < 1e-4  # the peaks come together closer than the grid
    count = "one peak" if peaks == 1 else f"{peaks} peaks"
    return Direct(
        f"On a grid of shares the density has {count}.",
        undecided or peaks == (2 if value > 0 else 1),
    )


def _variance_directly(value: float, tau: float) -> Direct:
    found = moments(0.0, tau)
    return Direct(
        rf"The trapezoidal rule gives ${scientific(found.variance)}$ with an error of at most "
        rf"${scientific(found.error)}$.",
        abs(found.variance - value) <= found.error + 1e-12,
    )


CLAIMS = (
    Claim(
        key="logistic_normal.density",
        question="2c.2",
        title="The density of the split",
        statement=r"$s$ has the distribution function $\Phi((\operatorname{logit} s - m)/\tau)$ "
        r"and the density $f(s) = {law}$ on $0 < s < 1$.",
        assumptions=(r"$s = 1/(1 + e^{-x})$ with $x \sim \mathcal{N}(m, \tau^2)$",),
        law=density,
        derive=_density,
        twin=sp.exp(-((sp.log(share / (1 - share)) - centre) ** 2) / (2 * tau**2))
        / (sp.sqrt(2 * sp.pi) * tau),
        changed="the factor $s(1 - s)$ below the bar left out",
        example={"s": sp.Rational(1, 4), "m": 0, "tau": 2},
        source="Aitchison and Shen 1980 (logistic-normal distributions)",
        variables={logit: ANY},
        direct=_density_directly,
    ),
    Claim(
        key="logistic_normal.peaks",
        question="2c.2",
        title="Beyond $\\tau^2 = 2$ the density of the split has two peaks",
        statement=r"As a function of $x = \operatorname{logit} s$, $\log f$ has at "
        r"$s = \frac{1}{2}$ the second derivative ${law}$. If $\tau^2 \le 2$ the density $f$ "
        r"has one peak, at $\frac{1}{2}$; if $\tau^2 > 2$ it has a dip there and one peak on "
        "either side.",
        assumptions=(CENTRED, "$f$ is the density of claim logistic_normal.density with $m = 0$"),
        law=curvature,
        derive=_curvature,
        twin=sp.Rational(1, 4) - 1 / tau**2,
        changed=r"$\frac{1}{4}$ in place of $\frac{1}{2}$",
        example={"tau": 2},
        source="Aitchison and Shen 1980 (logistic-normal distributions)",
        variables={logit: ANY, u: NONNEGATIVE},
        direct=_curvature_directly,
    ),
    Claim(
        key="logistic_normal.variance",
        question="2c.2",
        title="Mean and variance of the split, by quadrature with a proved error",
        statement=r"$E[s] = \frac{1}{2}$ and $\operatorname{Var}(s) = {law}$. Its computation "
        r"by the trapezoidal rule is off by at most the bound of claim normal_quadrature.error "
        r"with $a = \pi/(2\tau)$.",
        assumptions=(
            CENTRED,
            r"$\tau < 100$, for a law that floating point computes to twelve digits; the formula "
            "holds for every spread",
        ),
        law=variance,
        derive=_variance,
        twin=sp.Integral(sp.tanh(tau * z) ** 2 / 4 * phi(z), (z, -sp.oo, sp.oo)),
        changed=r"$\tau$ in place of $\tau/2$",
        example={"tau": 3},
        source="Aitchison and Shen 1980: the moments have no closed form",
        variables={logit: ANY, z: ANY, b: ANY, u: NONNEGATIVE},
        direct=_variance_directly,
    ),
)
