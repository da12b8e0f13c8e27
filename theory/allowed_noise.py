"""Question 2c.1: how large the noise α may be for a wanted accuracy and probability, Σ_i = αI.

First for the split s alone; then for the whole output, of whose tolerance ε the split gets
(1 − θ)ε and the other keys θε: choose β, then α.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import sympy as sp

from theory.background import MOST_KEYS
from theory.gaussian import phi, tail_bound
from theory.noisy_keys import ASSUMED, MU_B, MU_I, SIGMA, covariance, drawn_weights, mean
from theory.proof.assumptions import require, within
from theory.proof.claim import Claim
from theory.proof.direct import Direct, close
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.regimes import near_half
from theory.single_head import SPLIT, Q
from theory.symbols import (
    ANY,
    HALF,
    MORE_KEYS,
    NONNEGATIVE,
    POSITIVE,
    POSITIVE_GAIN,
    UNIT,
    alpha,
    beta,
    delta,
    diameter,
    epsilon,
    n,
    share,
)  # fmt: skip

eta = sp.Symbol("eta", positive=True)
theta = sp.Symbol("theta", positive=True)
quantile = sp.Symbol("z", positive=True)
FAILURE = Parameter("eta", eta, lower=0, upper=1, open=True)
QUANTILE = Parameter("z", quantile, lower=0, open=True)
ACCURACY = Parameter("epsilon", epsilon, lower=0, upper=0.5, open=True)
DIVISION = Parameter("theta", theta, lower=0, upper=1, open=True)

_EDGE = sp.log((1 + 2 * delta) / (1 - 2 * delta))
_SPLIT = _EDGE.subs(delta, (1 - theta) * epsilon)
_MARGIN = sp.log((n - 2) * (1 - theta * epsilon) / (theta * epsilon))
_GAIN = _MARGIN + _SPLIT * sp.sqrt(sp.log((n - 2) / eta) / sp.log(2 / eta))

sufficient = Law(
    r"\alpha",
    _EDGE**2 / (8 * beta**2 * sp.log(1 / eta)),
    (HALF, FAILURE, POSITIVE_GAIN),
    relation=r"\le",
)
largest = Law(
    r"\alpha",
    (_EDGE / (2 * beta * quantile)) ** 2,
    (HALF, QUANTILE, POSITIVE_GAIN),
    relation=r"\le",
)
margin = Law(r"s_b - s_i", _MARGIN, (ACCURACY, MORE_KEYS, DIVISION), relation=r"\ge")
gain = Law(r"\beta", _GAIN, (ACCURACY, FAILURE, MORE_KEYS, DIVISION))
noise = Law(
    r"\alpha",
    _SPLIT**2 / (8 * _GAIN**2 * sp.log(2 / eta)),
    (ACCURACY, FAILURE, MORE_KEYS, DIVISION),
    relation=r"\le",
)

u, t, w, x, y, z = sp.symbols("u t w x y z", nonnegative=True)
k, p = sp.symbols("k p", positive=True)
v_a, v_b, others = sp.symbols(r"v_a v_b \bar{v}", real=True)


def largest_noise(delta: float, eta: float, beta: float) -> float:
    """The largest α with P(|s − ½| ≤ δ) ≥ 1 − η at the gain β, exactly.

    delta: between 0 and ½; eta: between 0 and 1; beta: above 0.
    Raises: InputError naming every parameter that is out of range.
    Source: claim single_head.largest_noise, at z = Φ⁻¹(1 − η/2) in floating point.

    >>> round(largest_noise(0.1, 0.01, 8.0), 8)
    9.679e-05
    """
    from scipy.special import ndtri

    require(
        within("delta", delta, 0, 0.5), within("eta", eta, 0, 1), within("beta", beta, 0, math.inf)
    )
    return largest(delta, -float(ndtri(eta / 2)), beta)


class Recipe(NamedTuple):
    """What keeps the output near the average: the query's gain and the largest noise proved."""

    gain: float
    noise: float


def recipe(epsilon: float, eta: float, n: int, theta: float = 0.125) -> Recipe:
    """β and α for which ‖c − ½(v_a + v_b)‖ ≤ ε·D with probability at least 1 − η.

    D is the diameter of the values; Σ_i = αI, q = β(μ_a + μ_b), orthonormal means, no 1/√d.
    epsilon: between 0 and ½; eta: between 0 and 1; n: keys, at least 3; theta: the part of ε that
    is left to the other keys, between 0 and 1.
    Raises: InputError naming every parameter that is out of range.
    Source: claim single_head.recipe.

    >>> found = recipe(epsilon=0.1, eta=0.1, n=16)
    >>> round(found.gain, 3), round(found.noise, 7)
    (7.463, 9.37e-05)
    """
    return Recipe(gain(epsilon, eta, n, theta), noise(epsilon, eta, n, theta))


def _sufficient(formula: sp.Expr, proof: Proof) -> None:
    spread = 2 * beta * sp.sqrt(alpha)
    tail = tail_bound(u, proof)
    proof.equal(
        tail.subs(u, _EDGE / spread).subs(alpha, formula),
        eta,
        r"$P(|s - \frac{1}{2}| > \delta) = 2\Phi(-u)$ with $u = L/(2\beta\sqrt{\alpha})$ and "
        r"$L = \log\frac{1 + 2\delta}{1 - 2\delta}$ (claim single_head.average), at most "
        r"$e^{-u^2/2}$: at this $\alpha$ that is $\eta$",
        r"e^{-u^2/2}",
    )
    proof.at_most(
        eta * t,
        eta,
        r"with a smaller $\alpha$ it is $\eta$ times some $t \le 1$",
    )


def _largest(formula: sp.Expr, proof: Proof) -> None:
    ratio = _EDGE / (2 * beta * sp.sqrt(alpha))
    proof.equal(
        (ratio**2).subs(alpha, formula),
        quantile**2,
        r"$P(|s - \frac{1}{2}| \le \delta) = 1 - 2\Phi(-u)$ with $u = L/(2\beta\sqrt{\alpha})$ and "
        r"$L = \log\frac{1 + 2\delta}{1 - 2\delta}$ (claim single_head.average); at this $\alpha$, "
        r"$u = z$, as both are positive",
        "u^2",
    )
    proof.equal(
        sp.diff(near_half.expression, alpha),
        -phi(ratio) * ratio / alpha,
        r"$P$ falls strictly as $\alpha$ grows, so a larger $\alpha$ gives less and a smaller one "
        r"more",
        r"\frac{\partial P}{\partial \alpha}",
    )


def _margin(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        (1 - w) * (share * v_a + (1 - share) * v_b) + w * others - (v_a + v_b) / 2,
        (1 - w) * (share - sp.Rational(1, 2)) * (v_a - v_b) + w * (others - (v_a + v_b) / 2),
        r"in each coordinate, with $w = 1 - \alpha_a - \alpha_b$ and $\bar{v}$ the mean of the "
        "other values by their weights",
        r"c - \frac{1}{2}(v_a + v_b)",
    )
    proof.at_most(
        (1 - w) * x * diameter + w * diameter * y,
        (x + w) * diameter,
        r"triangle inequality, with $x = |s - \frac{1}{2}|$: both differences have norm at most "
        r"$D$, the second as a mean of such, so $y \le 1$",
        r"\lVert c - \frac{1}{2}(v_a + v_b) \rVert",
    )
    ratio = (n - 2) * sp.exp(-formula)
    proof.equal(
        ratio / (1 + ratio),
        theta * epsilon,
        r"if every other score is below $s_b$ by $M$, then $w$ is at most this, even without $k_a$",
        r"\frac{(n - 2) e^{-M}}{1 + (n - 2) e^{-M}}",
    )
    proof.at_most(
        ratio * t / (1 + ratio * t),
        theta * epsilon,
        r"larger margins have $e^{-M}$ smaller by a factor $t \le 1$",
    )
    proof.equal(
        ((1 - theta) * epsilon + theta * epsilon) * diameter,
        epsilon * diameter,
        r"$x \le (1 - \theta)\varepsilon$ and $w \le \theta\varepsilon$",
        "(x + w) D",
    )


def _noise(formula: sp.Expr, proof: Proof) -> None:
    tail = tail_bound(u, proof)
    gained = {alpha: formula, beta: gain.expression}
    spread = 2 * beta * sp.sqrt(alpha)
    proof.equal(
        tail.subs(u, _SPLIT / spread).subs(gained),
        eta / 2,
        r"claim single_head.allowed_noise with $\delta = (1 - \theta)\varepsilon$: "
        r"$P(|s - \frac{1}{2}| > \delta) \le e^{-L^2/(8\alpha\beta^2)}$, at this $\alpha$ half of "
        r"$\eta$",
        r"e^{-L^2/(8\alpha\beta^2)}",
    )
    proof.equal(
        sp.Matrix([mean(MU_B, Q) - mean(MU_I, Q), 2 * covariance(SIGMA, Q, Q)]),
        sp.Matrix([beta, spread**2]),
        r"$s_b - s_i$ is Gaussian with these, so it is less than the margin $M$ of claim "
        r"allowed_noise.margin with probability $\Phi(-(\beta - M)/(2\beta\sqrt{\alpha}))$",
        r"(E[s_b - s_i], \operatorname{Var}(s_b - s_i))^\top",
    )
    proof.at_most(
        k * p * z + (1 - k * p * z) * p,
        (k + 1) * p,
        r"induction on the other keys: if one of $k$ is so near with probability $kpz$, "
        r"$z \le 1$, one more, near with probability $p$, makes it at most $(k + 1)p$",
    )
    proof.equal(
        (n - 2) * tail.subs(u, (beta - margin.expression) / spread).subs(gained) / 2,
        eta / 2,
        r"by the same tail bound and the choice of $\beta$, the other half of $\eta$; with less "
        "noise both are less",
        r"\frac{n - 2}{2} e^{-(\beta - M)^2/(8\alpha\beta^2)}",
    )


def _missed(delta: float, alpha: float, beta: float) -> float:
    """How often |s − ½| > δ in drawn samples of two keys."""
    weights = drawn_weights(2, alpha, 0.0, beta)
    return float((abs(weights[:, 0] - 0.5) > delta).mean())


def _sufficient_directly(value: float, delta: float, eta: float, beta: float) -> Direct:
    found = _missed(delta, value, beta)
    sentence = (
        rf"In 4000 samples at this noise $|s - \frac{{1}}{{2}}| > \delta$ in a share of "
        rf"${scientific(found)}$."
    )
    return Direct(sentence, found <= eta + 6 * math.sqrt(eta / 4000))


def _largest_directly(value: float, delta: float, z: float, beta: float) -> Direct:
    found, wanted = _missed(delta, value, beta), math.erfc(z / math.sqrt(2))
    sentence = (
        rf"In 4000 samples at this noise $|s - \frac{{1}}{{2}}| > \delta$ in a share of "
        rf"${scientific(found)}$, where $2\Phi(-z) = {scientific(wanted)}$."
    )
    return Direct(sentence, abs(found - wanted) <= 6 * math.sqrt(wanted / 4000) + 1e-3)


def _margin_directly(value: float, epsilon: float, n: float, theta: float) -> Direct:
    """The worst case that is allowed: every margin as small as it may be, s at its edge."""
    delta, rest = (1 - theta) * epsilon, (n - 2) * math.exp(-value)
    ratio = (0.5 + delta) / (0.5 - delta)
    a, b, left = (part / (ratio + 1 + rest) for part in (ratio, 1.0, rest))
    off = a / (a + b) - 0.5 + left
    sentence = (
        rf"With $s = \frac{{1}}{{2}} + (1 - \theta)\varepsilon$ and all other scores exactly $M$ "
        rf"below $s_b$, $|s - \frac{{1}}{{2}}| + w = {scientific(off)}$."
    )
    alone = rest / (1 + rest)
    return Direct(sentence, off <= epsilon * (1 + 1e-9) and close(alone, theta * epsilon))


def _noise_directly(value: float, epsilon: float, eta: float, n: float, theta: float) -> Direct:
    """Values are the unit vectors, at distance √2 from each other: c is the vector of weights."""
    import numpy as np

    keys, beta = min(int(n), MOST_KEYS), gain(epsilon, eta, n, theta)
    weights = drawn_weights(keys, value, 0.0, beta)
    weights[:, :2] -= 0.5
    distance = np.linalg.norm(weights, axis=1)
    found = float((distance > epsilon * math.sqrt(2)).mean())
    drawn = f"{keys} keys" if keys == n else f"{keys} of the keys"
    sentence = (
        rf"With $\beta = {scientific(beta)}$, in 4000 samples of {drawn} the output was too far "
        rf"off in a share of ${scientific(found)}$."
    )
    return Direct(sentence, found <= eta + 6 * math.sqrt(eta / 4000))


_TENTH, _EIGHTH = sp.Rational(1, 10), sp.Rational(1, 8)
DIVIDED = (
    r"$0 < \varepsilon < \frac{1}{2}$; a part $\theta$ of it, $0 < \theta < 1$, is kept for the "
    "weight of the other keys"
)
DIAMETER_MEANT = r"$D$ is the diameter of the values, which are otherwise arbitrary"
CLAIMS = (
    Claim(
        key="single_head.allowed_noise",
        question="2c.1",
        title="A noise that is small enough for the split",
        statement=r"$P(|s - \frac{1}{2}| \le \delta) \ge 1 - \eta$ whenever $\alpha \le {law}$.",
        assumptions=(*ASSUMED, r"$r = 0$", SPLIT, r"$0 < \delta < \frac{1}{2}$, $0 < \eta < 1$"),
        law=sufficient,
        derive=_sufficient,
        twin=_EDGE**2 / (4 * beta**2 * sp.log(1 / eta)),
        changed="4 in place of 8",
        example={"delta": _TENTH, "eta": sp.Rational(1, 100), "beta": 8},
        source="practical, question 2c.1; tail bound of the normal",
        variables={u: NONNEGATIVE, t: UNIT},
        direct=_sufficient_directly,
    ),
    Claim(
        key="single_head.largest_noise",
        question="2c.1",
        title="The largest noise for the split, exactly",
        statement=r"$P(|s - \frac{1}{2}| \le \delta) \ge 1 - 2\Phi(-z)$ if and only if "
        r"$\alpha \le {law}$. With $2\Phi(-z) = \eta$, that is $z = \Phi^{-1}(1 - \eta/2)$, this "
        r"is the largest noise for the probability $1 - \eta$.",
        assumptions=(*ASSUMED, r"$r = 0$", SPLIT, r"$0 < \delta < \frac{1}{2}$, $z > 0$"),
        law=largest,
        derive=_largest,
        twin=(_EDGE / (beta * quantile)) ** 2,
        changed=r"$\beta$ in place of $2\beta$",
        example={"delta": _TENTH, "z": 2, "beta": 8},
        source="practical, question 2c.1",
        variables={alpha: POSITIVE},
        direct=_largest_directly,
    ),
    Claim(
        key="allowed_noise.margin",
        question="2c.1",
        title="Margins that keep the output near the average",
        statement=r"If $|s - \frac{1}{2}| \le (1 - \theta)\varepsilon$ and "
        r"$s_b - s_i \ge {law} = M$ for every other key, then "
        r"$\lVert c - \frac{1}{2}(v_a + v_b) \rVert \le \varepsilon D$.",
        assumptions=(
            r"$s_i$ are the scores of $n \ge 3$ keys, $s$ is the share of $v_a$ against $v_b$",
            DIVIDED,
            DIAMETER_MEANT,
        ),
        law=margin,
        derive=_margin,
        twin=sp.log((n - 2) * (1 + theta * epsilon) / (theta * epsilon)),
        changed=r"the sign of $\theta\varepsilon$ above the bar",
        example={"epsilon": _TENTH, "n": 16, "theta": _EIGHTH},
        source="practical, question 2c.1; triangle inequality",
        variables={
            w: UNIT, x: UNIT, y: UNIT, t: UNIT, share: UNIT, diameter: NONNEGATIVE, v_a: ANY,
            v_b: ANY, others: ANY,
        },
        direct=_margin_directly,
    ),
    Claim(
        key="single_head.recipe",
        question="2c.1",
        title="The whole output near the average: choose the gain, then the noise",
        statement=r"Let $\delta = (1 - \theta)\varepsilon$, "
        r"$L = \log\frac{1 + 2\delta}{1 - 2\delta}$, "
        r"$M = \log\frac{(n - 2)(1 - \theta\varepsilon)}{\theta\varepsilon}$ "
        r"and $\beta = M + L \sqrt{\log\frac{n - 2}{\eta} / \log\frac{2}{\eta}}$. Then "
        r"$\lVert c - \frac{1}{2}(v_a + v_b) \rVert \le \varepsilon D$ with probability at least "
        r"$1 - \eta$ whenever $\alpha \le L^2/(8\beta^2 \log\frac{2}{\eta})$. A small $\theta$, "
        r"like $\frac{1}{8}$, costs little gain and leaves most of $\varepsilon$ to the split.",
        assumptions=(
            *ASSUMED,
            r"$r = 0$ and $q = \beta(\mu_a + \mu_b)$; $n \ge 3$, $0 < \eta < 1$",
            DIVIDED,
            DIAMETER_MEANT,
        ),
        law=noise,
        derive=_noise,
        twin=_SPLIT**2 / (8 * _GAIN**2 * sp.log(1 / eta)),
        changed=r"$1/\eta$ in place of $2/\eta$",
        example={"epsilon": _TENTH, "eta": _TENTH, "n": 16, "theta": _EIGHTH},
        source="practical, question 2c.1; union bound and tail bound of the normal",
        variables={u: NONNEGATIVE, k: POSITIVE, p: UNIT, z: UNIT, alpha: POSITIVE, beta: POSITIVE},
        direct=_noise_directly,
    ),
)  # fmt: skip
