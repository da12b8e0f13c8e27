"""How much the share of one head varies: elementary bounds for every spread τ of its logit.

They meet where τ → 0, where the share stays at one half, and where τ → ∞, where it is a fair coin.
"""

from __future__ import annotations

import functools
import math

import sympy as sp

from theory.noise.logistic_normal import CENTRED, DEVIATION, logistic, moments, tau
from theory.noise.noisy_keys import ASSUMED, arrays
from theory.noise.score_law import logit_law
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.single_head import SPLIT, split_variance
from theory.symbols import (
    ANY,
    NOISE,
    NONNEGATIVE,
    POSITIVE_GAIN,
    RADIAL,
    UNIT,
    alpha,
    beta,
    logit,
    radial,
    share,
)  # fmt: skip

u, v, y, z = sp.symbols("u v y z", nonnegative=True)
w = sp.Symbol("w", positive=True)

variance_above = Law(
    r"\operatorname{Var}(s)",
    sp.Rational(1, 4) - 1 / (4 * sp.sqrt(1 + tau**2 / 2)),
    (DEVIATION,),
    relation=r"\le",
)
variance_below = Law(
    r"\operatorname{Var}(s)", tau**2 / 16 - tau**4 / 32, (DEVIATION,), relation=r"\ge"
)
variance_bound = Law(
    r"\operatorname{Var}(s)",
    sp.Rational(1, 4) - 1 / (sp.sqrt(2 * sp.pi) * sp.sqrt(4 * alpha + radial) * beta),
    (NOISE, POSITIVE_GAIN, RADIAL),
    relation=r"\ge",
)


def _above(formula: sp.Expr, proof: Proof) -> None:
    below = u - sp.tanh(u)
    proof.equal(
        sp.Matrix([below.subs(u, 0), sp.diff(below, u)]),
        sp.Matrix([0, sp.tanh(u) ** 2]),
        r"$g(u) = u - \tanh u$ starts at 0 and never falls, so $\tanh u \le u$ for $u \ge 0$",
        r"(g(0), g'(u))^\top",
    )
    slack = u**2 / 2 - sp.log(sp.cosh(u))
    proof.equal(
        sp.Matrix([slack.subs(u, 0), sp.diff(slack, u).rewrite(sp.exp)]),
        sp.Matrix([0, below.rewrite(sp.exp)]),
        r"so $l(u) = u^2/2 - \log \cosh u$ starts at 0 and never falls: $\cosh u \le e^{u^2/2}$",
        r"(l(0), l'(u))^\top",
    )
    proof.equal(
        logistic(logit) * (1 - logistic(logit)),
        (1 / (4 * sp.cosh(logit / 2) ** 2)).rewrite(sp.exp),
        r"with $u = |x|/2$ this is at least $\frac{1}{4} e^{-x^2/4}$, and $\operatorname{Var}(s) "
        r"= \frac{1}{4} - E[s(1 - s)]$",
        "s(1 - s)",
    )
    width = tau / sp.sqrt(1 + tau**2 / 2)
    proof.equal(
        logit**2 / 4 + logit**2 / (2 * tau**2),
        logit**2 / (2 * width**2),
        r"$e^{-x^2/4}$ times the density of $x$ is $\rho/\tau$ times another normal density, "
        r"with deviation $\rho = \tau/\sqrt{1 + \tau^2/2}$",
        r"\frac{x^2}{4} + \frac{x^2}{2\tau^2}",
    )
    proof.equal(
        (1 - width / tau) / 4,
        formula,
        r"so $E[e^{-x^2/4}] = \rho/\tau$",
        r"\frac{1}{4} - \frac{1}{4} \rho/\tau",
    )
    over_v, squares_over_v = 1 / (4 * (1 + v)), (2 + v) / 8
    root = sp.sqrt(1 + tau**2 / 2)
    proof.equal(
        sp.Matrix([formula, tau**2 / 16]),
        sp.Matrix([v * over_v, v * squares_over_v]).subs(v, root - 1),
        r"this bound and $\tau^2/16$, both with the factor $v = \sqrt{1 + \tau^2/2} - 1$",
    )
    proof.at_most(
        over_v,
        squares_over_v,
        r"the other factors: the bound is at most $\tau^2/16$",
        equality={v: 0},
    )


def _below(formula: sp.Expr, proof: Proof) -> None:
    lower = u - u**3 / 3
    cubic = sp.tanh(u) - lower
    proof.equal(
        sp.Matrix([cubic.subs(u, 0), sp.diff(cubic, u)]),
        sp.Matrix([0, u**2 - sp.tanh(u) ** 2]),
        r"$g(u) = \tanh u - (u - u^3/3)$ starts at 0 and never falls, as $\tanh u \le u$ (claim "
        r"logistic_normal.variance_above)",
        r"(g(0), g'(u))^\top",
    )
    squared = u**2 - 2 * u**4 / 3
    proof.equal(
        lower**2,
        squared + u**6 / 9,
        r"so $\tanh^2 u \ge u^2 - \frac{2}{3} u^4$ where $u - u^3/3 \ge 0$, that is for "
        r"$u^2 \le 3$",
        r"(u - u^3/3)^2",
    )
    proof.equal(
        squared.subs(u, sp.sqrt(3 + y)),
        -(3 + y) * (3 + 2 * y) / 3,
        r"and where $u^2 = 3 + y$ with $y \ge 0$ the right side is not even positive",
        r"u^2 - \frac{2}{3} u^4",
    )
    generating = sp.exp(tau**2 * z**2 / 2)
    squares, fourths = (sp.diff(generating, z, k).subs(z, 0) for k in (2, 4))
    proof.equal(
        sp.Matrix([squares, fourths]),
        sp.Matrix([tau**2, 3 * tau**4]),
        r"derivatives at 0 of the moment generating function $e^{\tau^2 z^2/2}$ of $x$",
        r"(E[x^2], E[x^4])^\top",
    )
    proof.equal(
        (squares / 4 - sp.Rational(2, 3) * fourths / 16) / 4,
        formula,
        r"$(s - \frac{1}{2})^2 = \frac{1}{4} \tanh^2 (x/2)$: put $u = |x|/2$ and take the mean",
        r"\frac{1}{4} E[\frac{1}{4} x^2 - \frac{1}{24} x^4]",
    )
    proof.equal(
        sp.diff(sp.tanh(tau * u) ** 2, tau),
        2 * u * sp.tanh(tau * u) * (1 - sp.tanh(tau * u) ** 2),
        r"with $u = |x|/(2\tau) \ge 0$ this is at least 0: the variance rises with $\tau$, so for "
        r"every $\tau \ge 1$ it is at least the bound at 1",
        r"\frac{d}{d\tau} \tanh^2(\tau u)",
    )


def _coin(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        (share - sp.Rational(1, 2)) ** 2,
        sp.Rational(1, 4) - share * (1 - share),
        r"$E[s] = \frac{1}{2}$ by symmetry, so $\operatorname{Var}(s) = \frac{1}{4} - E[s(1 - s)]$",
    )
    proof.equal(
        sp.diff(logistic(logit), logit),
        logistic(logit) * (1 - logistic(logit)),
        r"$s(1 - s)$ is the derivative of the logistic function at $x = \operatorname{logit} s$, "
        "whose integral over the line is 1",
    )
    proof.at_most(
        w / (sp.sqrt(2 * sp.pi) * tau),
        1 / (sp.sqrt(2 * sp.pi) * tau),
        r"the density of $x$, with $w = e^{-x^2/(2\tau^2)} \le 1$, is largest at 0",
        equality={w: 1},
    )
    proof.equal(
        sp.Rational(1, 4) - 1 / sp.sqrt(2 * sp.pi * split_variance.expression),
        formula,
        r"so $E[s(1 - s)]$ is at most that largest density, with $\tau^2$ from claim "
        "single_head.split",
        r"\frac{1}{4} - \frac{1}{\sqrt{2\pi}\,\tau}",
    )
    proof.equal(
        sp.Rational(1, 4) - variance_above.expression,
        1 / (4 * sp.sqrt(1 + tau**2 / 2)),
        r"and $E[s(1 - s)]$ is at least this, by claim logistic_normal.variance_above: it tends "
        r"to 0 only if $\tau \to \infty$",
        r"\frac{1}{4} - (\frac{1}{4} - \frac{1}{4}(1 + \tau^2/2)^{-1/2})",
    )


def _by_quadrature(tau: float) -> tuple[float, float]:
    """Var(s) and the error allowed for; for a large τ as ¼ − E[s(1 − s)], integrated over x."""
    import numpy as np

    if tau < 1000:
        found = moments(0.0, tau)
        return found.variance, found.error
    x, step = np.linspace(-45, 45, 1801, retstep=True)
    inner = np.exp(-(x**2) / (2 * tau**2)) / (4 * np.cosh(x / 2) ** 2)
    return 0.25 - float(step * np.sum(inner)) / (math.sqrt(2 * math.pi) * tau), 1e-12 / tau


def _bound_directly(value: float, tau: float, above: bool) -> Direct:
    found, error = _by_quadrature(tau)
    room = 1e-12 * found + error
    sentence = rf"By quadrature $\operatorname{{Var}}(s) = {scientific(found)}$."
    return Direct(sentence, found <= value + room if above else value <= found + room)


def _coin_directly(value: float, alpha: float, beta: float, radial: float) -> Direct:
    _, spread = logit_law(*arrays(alpha, radial), beta)
    return _bound_directly(value, math.sqrt(spread), above=False)


CLAIMS = (
    Claim(
        key="logistic_normal.variance_above",
        question="2c.1",
        title="The split varies little if the spread of its logit is small",
        statement=r"$\operatorname{Var}(s) \le {law} \le \frac{1}{16} \tau^2$.",
        assumptions=(CENTRED,),
        law=variance_above,
        derive=_above,
        twin=sp.Rational(1, 4) - 1 / (4 * sp.sqrt(1 + tau**2 / 4)),
        changed=r"$\tau^2/4$ in place of $\tau^2/2$",
        example={"tau": sp.Rational(1, 2)},
        source=r"the bound $\cosh u \le e^{u^2/2}$ (Hoeffding 1963)",
        variables={u: NONNEGATIVE, v: NONNEGATIVE, logit: ANY},
        direct=functools.partial(_bound_directly, above=True),
    ),
    Claim(
        key="logistic_normal.variance_below",
        question="2c.1",
        title="The split varies unless the spread of its logit vanishes",
        statement=r"$\operatorname{Var}(s) \ge {law}$, and it rises with $\tau$, so it tends to 0 "
        r"only if $\tau \to 0$. With claim logistic_normal.variance_above, "
        r"$\operatorname{Var}(s)/\tau^2 \to \frac{1}{16}$ as $\tau \to 0$.",
        assumptions=(CENTRED,),
        law=variance_below,
        derive=_below,
        twin=tau**2 / 16 - tau**4 / 64,
        changed="64 in place of 32",
        example={"tau": sp.Rational(1, 2)},
        source=r"Taylor polynomial of $\tanh$; moments of the normal",
        variables={u: NONNEGATIVE, y: NONNEGATIVE, z: NONNEGATIVE},
        direct=functools.partial(_bound_directly, above=False),
    ),
    Claim(
        key="single_head.variance",
        question="2c.2",
        title="The split of one head varies almost as much as a coin",
        statement=r"${law} \le \operatorname{Var}(s) \le \frac{1}{4} - \frac{1}{4} "
        r"(1 + \frac{1}{2} \tau^2)^{-1/2}$ with $\tau^2 = (4\alpha + r)\beta^2$. So the variance "
        r"tends to $\frac{1}{4}$, that of a fair coin, if and only if $\tau \to \infty$: in part 2 "
        r"as $\beta \to \infty$ whatever $\alpha$ is, and in part 1 if $\alpha\beta^2 \to \infty$, "
        r"as for any fixed $\alpha$.",
        assumptions=(*ASSUMED, SPLIT),
        law=variance_bound,
        derive=_coin,
        twin=sp.Rational(1, 4) - 1 / (2 * sp.sqrt(2 * sp.pi) * sp.sqrt(4 * alpha + radial) * beta),
        changed="half of the second term",
        example={"alpha": sp.Rational(1, 100), "beta": 30, "radial": sp.Rational(1, 2)},
        source="practical, question 2c.2",
        variables={share: UNIT, logit: ANY, w: UNIT, tau: NONNEGATIVE},
        direct=_coin_directly,
    ),
)
