"""Question 2d with any number of heads: a share h of them has q₁ = βμ_a, the others q₂ = βμ_b.

Heads with one query are one head, so of H heads only the share matters. How much the weight W_a of
v_a in the mean of all outputs varies, for every gain, and against a single head.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from theory.gaussian import Abbreviation, Phi, phi
from theory.noise import drawn_keys
from theory.noise.missing import LARGEST, Q1, Missing
from theory.noise.noisy_keys import ASSUMED, MU_A, MU_B, SIGMA, SIGMA_A, covariance, mean
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import (
    ANY,
    KEYS,
    NOISE,
    POSITIVE,
    POSITIVE_GAIN,
    RADIAL,
    UNIT,
    alpha,
    beta,
    logit,
    n,
    radial,
)  # fmt: skip

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

h = sp.Symbol("h", nonnegative=True)
PART = Parameter("h", h, lower=0, upper=1)
H, V_1, V_2, A, B, T, u = sp.symbols("H V_1 V_2 A B T u", positive=True)
d, m, w, y, z, w_1, w_2 = sp.symbols("d m w y z w_1 w_2", nonnegative=True)
t = sp.Symbol("t", real=True)

Q2, Q = beta * MU_B, beta * (MU_A + MU_B)
HEADS = (
    r"of $H$ heads, $hH$ have $q_1 = \beta \mu_a$ and the others $q_2 = \beta \mu_b$; the "
    r"practical has $H = 2$, $h = \frac{1}{2}$; $c$ is the mean of their outputs"
)
LARGEST_DEVIATION = 100


class LogisticVariance(Abbreviation):
    """The variance v(μ, τ²) of 1/(1 + e^(−x)) = (1 + tanh(x/2))/2 for x ~ N(μ, τ²)."""

    nargs = 2
    letter = "v"

    def definition(self) -> sp.Expr:
        centre, spread = self.args
        curve = sp.tanh((centre + sp.sqrt(spread) * t) / 2)
        first, second = (sp.Integral(phi(t) * curve**k, (t, -sp.oo, sp.oo)) for k in (1, 2))
        return (second - first**2) / 4


_missed, _strayed = Missing(alpha, n, radial), Missing(alpha, n, sp.Integer(0)) / (n - 1)
share_variance = Law(
    r"\operatorname{Var}(W_a)",
    h**2 * _missed * (1 - _missed) + (1 - h) ** 2 * _strayed * (1 - _strayed),
    (NOISE, KEYS, RADIAL, PART),
)
finite_variance = Law(
    r"\operatorname{Var}(W_a)",
    h**2 * LogisticVariance(beta, beta**2 * (radial + 2 * alpha))
    + (1 - h) ** 2 * LogisticVariance(beta, 2 * alpha * beta**2),
    (NOISE, POSITIVE_GAIN, RADIAL, PART),
    premises=(sp.Le(beta**2 * (radial + 2 * alpha), LARGEST_DEVIATION**2),),
)
variance_bound = Law(
    r"\operatorname{Var}(W_a)",
    h**2
    * (_missed * (1 - _missed) + sp.log(2 * n) / (beta * sp.sqrt(2 * sp.pi * (radial + alpha))))
    + (1 - h) ** 2 * (sp.exp(-beta) + Phi(-1 / sp.sqrt(8 * alpha))),
    (NOISE, POSITIVE_GAIN, KEYS, RADIAL, PART),
    relation=r"\le",
)
ratio = Law(
    r"\operatorname{Var}(W_a)/\operatorname{Var}(s)",
    (h**2 + (1 - h) ** 2) / (1 - 4 / (beta * sp.sqrt(2 * sp.pi * (4 * alpha + radial)))),
    (NOISE, POSITIVE_GAIN, RADIAL, PART),
    premises=(sp.Gt(2 * sp.pi * beta**2 * (4 * alpha + radial), 16),),
    relation=r"\le",
)


def _two_heads(proof: Proof) -> None:
    """W_a is a mixture of the weights of two heads that are independent."""
    proof.equal(
        (h * H * w_1 + (H - h * H) * w_2) / H,
        h * w_1 + (1 - h) * w_2,
        r"heads with one query see the same scores: they all give $v_a$ the same weight, $w_1$ "
        r"with $q_1$ and $w_2$ with $q_2$",
        "W_a",
    )
    proof.equal(
        sp.Matrix([covariance(s, Q1, Q2) for s in (SIGMA_A, SIGMA)]),
        sp.zeros(2, 1),
        r"the scores under $q_1$ and $q_2$ are uncorrelated Gaussians, so $w_1$ and $w_2$ are "
        r"independent: $\operatorname{Var}(W_a) = h^2 \operatorname{Var}(w_1) + (1 - h)^2 "
        r"\operatorname{Var}(w_2)$",
        r"(q_1^\top \Sigma_a q_2, q_1^\top \Sigma_i q_2)^\top",
    )


def _share(formula: sp.Expr, proof: Proof) -> None:
    _two_heads(proof)
    wrong = z / (n - 1)
    proof.equal(
        h**2 * ((1 - u) - (1 - u) ** 2) + (1 - h) ** 2 * (wrong - wrong**2),
        formula.xreplace({_missed: u, Missing(alpha, n, sp.Integer(0)): z}),
        r"all or nothing: $w_1$ is 1 with probability $1 - u$ and $w_2$ with probability "
        r"$z/(n - 1)$, where $u = p(\alpha, n, r)$ and $z = p(\alpha, n, 0)$ by claim "
        "multi_head.miss, as head 2 picks every key but $b$ alike",
        r"\operatorname{Var}(W_a)",
    )
    outcomes = [(i, j) for i in (0, 1) for j in (0, 1)]
    half = (h - sp.Rational(1, 2)) ** 2
    off = [(h * i + (1 - h) * j - sp.Rational(1, 2)) ** 2 for i, j in outcomes]
    proof.equal(
        sp.Matrix(off),
        sp.Matrix([sp.Rational(1, 4), half, half, sp.Rational(1, 4)]),
        r"$(W_a - \frac{1}{2})^2$ for $(w_1, w_2) = (0, 0), (0, 1), (1, 0), (1, 1)$. The first "
        r"and last do not depend on $h$, the others vanish at $h = \frac{1}{2}$: whatever the "
        r"noise, half the heads for each value are the best for $E(W_a - \frac{1}{2})^2$",
    )
    proof.equal(
        h**2 * V_1 + (1 - h) ** 2 * V_2 - V_1 * V_2 / (V_1 + V_2),
        (h * (V_1 + V_2) - V_2) ** 2 / (V_1 + V_2),
        r"the variance alone, with $V_i = \operatorname{Var}(w_i)$, is least at $h = V_2/(V_1 + "
        r"V_2)$; but where no head misses $W_a = h$, so that this is no average of $v_a$ and $v_b$",
    )


def _finite(formula: sp.Expr, proof: Proof) -> None:
    _two_heads(proof)
    up, down = sp.exp(logit / 2), sp.exp(-logit / 2)
    proof.equal(
        1 / (1 + sp.exp(-logit)),
        (1 + (up - down) / (up + down)) / 2,
        r"a weight is the logistic function of its logit, $\frac{1}{2}(1 + \tanh \frac{x}{2})$, so "
        r"$v(\mu, \tau^2)$ is a quarter of the variance of $\tanh \frac{x}{2}$; as $\tanh$ is odd, "
        r"$v(-\mu, \tau^2) = v(\mu, \tau^2)$",
    )
    centres = [mean(MU_A, Q1) - mean(MU_B, Q1), mean(MU_B, Q2) - mean(MU_A, Q2)]
    spreads = [covariance(SIGMA_A, p, p) + covariance(SIGMA, p, p) for p in (Q1, Q2)]
    proof.equal(
        sp.Matrix([centres, spreads]),
        sp.Matrix([[beta, beta], [beta**2 * (radial + 2 * alpha), 2 * alpha * beta**2]]),
        r"means and variances of the logits of $w_1$ (left) and $1 - w_2$ (right)",
    )
    first, second = map(LogisticVariance, centres, map(sp.factor, spreads))
    proof.equal(
        h**2 * first + (1 - h) ** 2 * second,
        formula,
        r"$w_2$ and $1 - w_2$ have one variance",
        r"\operatorname{Var}(W_a)",
    )


def _variance_bound(formula: sp.Expr, proof: Proof) -> None:
    _two_heads(proof)
    proof.equal(
        (w - m) ** 2,
        m * (1 - m) + (1 - 2 * m) * (w - m) - w * (1 - w),
        r"a weight $w$ lies between 0 and 1, so the last product is at least 0; if $m$ is the "
        r"mean of $w$, the term before it has the mean 0, and the variance is at most $m(1 - m)$",
    )
    proof.at_most(
        (1 - u + d) * (u - d),
        u * (1 - u) + d,
        r"with $u = p(\alpha, n, r)$, head 1 picks $v_a$ with probability $1 - u$ as the gain "
        r"grows; if $m = E[w_1]$ is larger than that by $d$, $m = 1 - u + d$",
        "m(1 - m)",
        equality={d: 0},
    )
    proof.at_most(
        (1 - u - d) * (u + d),
        u * (1 - u) + d,
        r"and also if it is smaller, $m = 1 - u - d$; claim multi_head.limit bounds $d$",
        "m(1 - m)",
        equality={d: 0},
    )
    proof.at_most(
        A / (A + B + T),
        A / B,
        r"with $A = e^{s_a}$, $B = e^{s_b}$ and $T$ for the other keys, under $q_2$: $w_2^2 \le "
        r"e^{-\beta}$ where $s_b - s_a \ge \beta/2$, and at most 1 elsewhere; and "
        r"$\operatorname{Var}(w_2) \le E[w_2^2]$",
        "w_2",
    )
    gap = mean(MU_B, Q2) - mean(MU_A, Q2)
    spread = covariance(SIGMA_A, Q2, Q2) + covariance(SIGMA, Q2, Q2)
    near = sp.log(2 * n) / sp.sqrt(2 * sp.pi * covariance(SIGMA_A, Q1, Q1))
    proof.equal(
        h**2 * ((1 - u) * u + near)
        + (1 - h) ** 2 * (sp.exp(-beta) + Phi((beta / 2 - gap) / sp.sqrt(spread))),
        formula.xreplace({_missed: u}),
        r"put together, with $P(s_b - s_a < \beta/2)$ standardised",
    )


def _ratio(formula: sp.Expr, proof: Proof) -> None:
    _two_heads(proof)
    proof.equal(
        sp.Rational(1, 4) - w * (1 - w),
        (w - sp.Rational(1, 2)) ** 2,
        r"a weight of mean $w$ has at most the variance $w(1 - w)$, so at most $\frac{1}{4}$",
    )
    proof.at_most(
        h**2 * y / 4 + (1 - h) ** 2 * z / 4,
        (h**2 + (1 - h) ** 2) / 4,
        r"so the two heads have the variances $\frac{y}{4}$ and $\frac{z}{4}$ with $y, z \le 1$",
        r"\operatorname{Var}(W_a)",
        equality={y: 1, z: 1},
    )
    spread = covariance(SIGMA_A, Q, Q) + covariance(SIGMA, Q, Q)
    proof.equal(
        (h**2 + (1 - h) ** 2) / 4 / (sp.Rational(1, 4) - 1 / sp.sqrt(2 * sp.pi * spread)),
        formula,
        r"over the lower bound of claim single_head.variance; $\tau^2 = (4\alpha + r)\beta^2$",
        r"\frac{\frac{1}{4}(h^2 + (1 - h)^2)}{\frac{1}{4} - 1/(\sqrt{2\pi}\, \tau)}",
    )


def _share_directly(value: float, alpha: float, n: float, radial: float, h: float) -> Direct:
    import numpy as np

    found = drawn_keys.scores(np.eye(2), int(n), alpha, radial)
    picked = _mixed((found.argmax(axis=2) == 0).astype(float), h)
    what = "The largest scores give $W_a$ the variance"
    return drawn_keys.compare_variance(picked, value, value, what)


def _finite_directly(value: float, alpha: float, beta: float, radial: float, h: float) -> Direct:
    mixed = _mixed(_weights(alpha, beta, 2, radial), h)
    return drawn_keys.compare_variance(mixed, value, value, "$W_a$ has the variance")


def _bound_directly(
    value: float, alpha: float, beta: float, n: float, radial: float, h: float
) -> Direct:
    mixed = _mixed(_weights(alpha, beta, n, radial), h)
    return drawn_keys.compare_variance(mixed, 0, value, "$W_a$ has the variance")


def _ratio_directly(value: float, alpha: float, beta: float, radial: float, h: float) -> Direct:
    """Two keys, so that the share of v_a is its weight in the single head."""
    import numpy as np

    single = drawn_keys.scores(np.full((1, 2), beta), 2, alpha, radial)
    alone = float(((drawn_keys.attention(single)[0, :, 0] - 1 / 2) ** 2).mean())
    mixed = _mixed(_weights(alpha, beta, 2, radial), h)
    what = "With two keys $W_a$ has the variance"
    found = drawn_keys.compare_variance(mixed, 0, value * alone, what)
    return Direct(f"{found.sentence} The single head's is ${scientific(alone)}$.", found.agrees)


def _weights(alpha: float, beta: float, n: float, radial: float) -> Float[np.ndarray, "2 samples"]:
    """Weights of v_a under q_1 and q_2."""
    import numpy as np

    found: np.ndarray = drawn_keys.scores(beta * np.eye(2), int(n), alpha, radial)
    return drawn_keys.attention(found)[:, :, 0]


def _mixed(weights: Float[np.ndarray, "2 samples"], h: float) -> Float[np.ndarray, " samples"]:
    mixed: np.ndarray = h * weights[0] + (1 - h) * weights[1]
    return mixed


CLAIMS = (
    Claim(
        key="multi_head.share",
        question="2d.2",
        title="Any number of heads: only the share of each value matters",
        statement=r"As $\beta \to \infty$ the weight $W_a$ of $v_a$ has the variance ${law}$ for "
        r"every number of heads, with $p$ of claim multi_head.miss. Of all shares "
        r"$h = \frac{1}{2}$ has the least mean of $(W_a - \frac{1}{2})^2$, whatever the noise.",
        assumptions=(
            *ASSUMED, HEADS, LARGEST,
            "the gain may differ from head to head, as only the largest score counts",
        ),
        law=share_variance,
        derive=_share,
        direct=_share_directly,
        twin=h * _missed * (1 - _missed) + (1 - h) * _strayed * (1 - _strayed),
        changed="shares in place of their squares",
        example={
            "alpha": sp.Rational(1, 100), "n": 16, "radial": sp.Rational(1, 2),
            "h": sp.Rational(3, 4),
        },
        source="practical, question 2d.2",
        variables={
            H: POSITIVE, w_1: UNIT, w_2: UNIT, u: UNIT, z: UNIT, V_1: POSITIVE, V_2: POSITIVE,
        },
    ),
    Claim(
        key="multi_head.finite_variance",
        question="2d.2",
        title="The variance at every gain, with two keys",
        statement=r"For $n = 2$ and every $\beta$, $\operatorname{Var}(W_a) = {law}$, where "
        r"$v(\mu, \tau^2)$ is the variance of $1/(1 + e^{-x})$ for "
        r"$x \sim \mathcal{N}(\mu, \tau^2)$: $\frac{1}{4} \int \varphi(t) \tanh^2 "
        r"\frac{\mu + \tau t}{2}\, dt - \frac{1}{4} (\int \varphi(t) \tanh \frac{\mu + \tau t}{2}"
        r"\, dt)^2$, with $\varphi$ the density of the standard normal.",
        assumptions=(
            *ASSUMED, HEADS, "$n = 2$",
            rf"for the numbers alone: $\tau \le {LARGEST_DEVIATION}$, so that the integrals can be "
            "computed to many digits",
        ),
        law=finite_variance,
        derive=_finite,
        direct=_finite_directly,
        twin=h**2 * LogisticVariance(beta, beta**2 * (radial + 2 * alpha))
        + (1 - h) ** 2 * LogisticVariance(beta, alpha * beta**2),
        changed=r"$\alpha$ in place of $2\alpha$ for head 2",
        example={
            "alpha": sp.Rational(1, 100), "beta": 10, "radial": sp.Rational(1, 2),
            "h": sp.Rational(1, 2),
        },
        source="practical, question 2d.2",
        variables={H: POSITIVE, w_1: UNIT, w_2: UNIT, logit: ANY},
    ),
    Claim(
        key="multi_head.variance_bound",
        question="2d.2",
        title="The variance at every gain and with any number of keys",
        statement=r"For every $n$ and $\beta$, $\operatorname{Var}(W_a) \le {law}$, with $p$ of "
        r"claim multi_head.miss and $\Phi$ the distribution function of the standard normal. As "
        r"$\beta \to \infty$ and $\alpha \to 0$ only the first product is left.",
        assumptions=(*ASSUMED, HEADS),
        law=variance_bound,
        derive=_variance_bound,
        direct=_bound_directly,
        twin=variance_bound.expression.subs(sp.log(2 * n), -sp.log(2 * n)),
        changed=r"the sign of $\log 2n$",
        example={
            "alpha": sp.Rational(1, 100), "beta": 100, "n": 16, "radial": sp.Rational(1, 2),
            "h": sp.Rational(1, 2),
        },
        source="practical, question 2d.2; claim multi_head.limit",
        variables={
            H: POSITIVE, w_1: UNIT, w_2: UNIT, w: UNIT, m: UNIT, d: POSITIVE, A: POSITIVE,
            B: POSITIVE, T: POSITIVE, u: UNIT,
        },
    ),
    Claim(
        key="multi_head.ratio",
        question="2d.2",
        title="Against a single head, at every gain",
        statement=r"For every $n$, with the share $s$ of $v_a$ in a single head of the same gain, "
        r"$\operatorname{Var}(W_a)/\operatorname{Var}(s) \le {law}$. For $h = \frac{1}{2}$ this "
        r"tends to $\frac{1}{2}$ as $\beta \to \infty$: two heads vary at most half as much.",
        assumptions=(
            *ASSUMED, HEADS,
            r"the single head has $q = \beta(\mu_a + \mu_b)$, and $s = \alpha_a/(\alpha_a + "
            r"\alpha_b)$",
            r"$2\pi\beta^2 (4\alpha + r) > 16$, or the bound on its variance says nothing",
        ),
        law=ratio,
        derive=_ratio,
        direct=_ratio_directly,
        twin=(h**2 - (1 - h) ** 2)
        / (1 - 4 / (beta * sp.sqrt(2 * sp.pi * (4 * alpha + radial)))),
        changed="the sign of $(1 - h)^2$",
        example={
            "alpha": sp.Rational(1, 100), "beta": 30, "radial": sp.Rational(1, 2),
            "h": sp.Rational(1, 2),
        },
        source="practical, question 2d.2; claim single_head.variance",
        variables={H: POSITIVE, w_1: UNIT, w_2: UNIT, w: UNIT, y: UNIT, z: UNIT},
    ),
)  # fmt: skip
