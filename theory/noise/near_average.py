"""Question 2c.1: the whole output near the average, by a choice of the gain and of the noise.

Of the tolerance ε, in units of the diameter of the values, the split between v_a and v_b gets the
part (1 − θ)ε and the weight of the other keys the part θε.
"""

from __future__ import annotations

import math

import sympy as sp

from theory.gaussian import Phi, tail_bound
from theory.noise.allowed_noise import FAILURE, edge, eta
from theory.noise.background import MOST_KEYS
from theory.noise.noisy_keys import ASSUMED, MU_B, MU_I, SIGMA, covariance, drawn_weights, mean
from theory.noise.regimes import near_half
from theory.noise.union import UNION, union_bound
from theory.proof.claim import Claim
from theory.proof.direct import Direct, close
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.single_head import Q
from theory.symbols import (
    ANY,
    MORE_KEYS,
    NOISE,
    NONNEGATIVE,
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

theta = sp.Symbol("theta", positive=True)
ACCURACY = Parameter("epsilon", epsilon, lower=0, upper=0.5, open=True)
DIVISION = Parameter("theta", theta, lower=0, upper=1, open=True)

_DELTA = (1 - theta) * epsilon
_SPLIT = edge(_DELTA)
_MARGIN = sp.log((n - 2) * (1 - theta * epsilon) / (theta * epsilon))
_GAIN = _MARGIN + _SPLIT * sp.sqrt(sp.log((n - 2) / eta) / sp.log(2 / eta))

margin = Law(r"s_b - s_i", _MARGIN, (ACCURACY, MORE_KEYS, DIVISION), relation=r"\ge")
failure = Law(
    r"P(\lVert c - \frac{1}{2}(v_a + v_b) \rVert > \varepsilon D)",
    2 * Phi(-_SPLIT / (2 * beta * sp.sqrt(alpha)))
    + (n - 2) * Phi((_MARGIN - beta) / (2 * beta * sp.sqrt(alpha))),
    (ACCURACY, NOISE, POSITIVE_GAIN, MORE_KEYS, DIVISION),
    relation=r"\le",
)
gain = Law(r"\beta", _GAIN, (ACCURACY, FAILURE, MORE_KEYS, DIVISION))
noise = Law(
    r"\alpha",
    _SPLIT**2 / (8 * _GAIN**2 * sp.log(2 / eta)),
    (ACCURACY, FAILURE, MORE_KEYS, DIVISION),
    relation=r"\le",
)

t, u, w, x, y = sp.symbols("t u w x y", nonnegative=True)
v_a, v_b, others = sp.symbols(r"v_a v_b \bar{v}", real=True)


def gain_and_noise(epsilon: float, eta: float, n: int, theta: float = 0.125) -> tuple[float, float]:
    """Gain β and noise α for which ‖c − ½(v_a + v_b)‖ ≤ ε·D with probability at least 1 − η.

    D is the diameter of the values; Σ_i = αI, q = β(μ_a + μ_b), orthonormal means, no 1/√d.
    epsilon: between 0 and ½; eta: between 0 and 1; n: keys, at least 3; theta: the part of ε that
    is left to the other keys, between 0 and 1.
    Raises: InputError naming every parameter that is out of range.
    Source: claim single_head.near_average.

    >>> beta, alpha = gain_and_noise(epsilon=0.1, eta=0.1, n=16)
    >>> round(beta, 3), round(alpha, 7)
    (7.463, 9.37e-05)
    """
    return gain(epsilon, eta, n, theta), noise(epsilon, eta, n, theta)


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
        r"$D$, that with $\bar{v}$, a mean of differences of values, some $Dy$ with $y \le 1$",
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
        equality={t: 1},
    )
    proof.equal(
        ((1 - theta) * epsilon + theta * epsilon) * diameter,
        epsilon * diameter,
        r"$x \le (1 - \theta)\varepsilon$ and $w \le \theta\varepsilon$",
        "(x + w) D",
    )


def _failure(formula: sp.Expr, proof: Proof) -> None:
    spread = 2 * beta * sp.sqrt(alpha)
    proof.equal(
        1 - near_half.expression.subs(delta, _DELTA),
        2 * Phi(-_SPLIT / spread),
        r"the probability that $|s - \frac{1}{2}| > (1 - \theta)\varepsilon$, by claim "
        "single_head.average",
        r"1 - P(|s - \frac{1}{2}| \le (1 - \theta)\varepsilon)",
    )
    proof.equal(
        sp.Matrix([mean(MU_B, Q) - mean(MU_I, Q), 2 * covariance(SIGMA, Q, Q)]),
        sp.Matrix([beta, spread**2]),
        r"$s_b - s_i$ is Gaussian with these",
        r"(E[s_b - s_i], \operatorname{Var}(s_b - s_i))^\top",
    )
    union_bound(proof)
    proof.equal(
        1
        - near_half.expression.subs(delta, _DELTA)
        + (n - 2) * Phi((margin.expression - beta) / sp.sqrt(2 * covariance(SIGMA, Q, Q))),
        formula,
        r"unless this happens or $s_b - s_i$ is less than the margin $M$ of claim "
        r"near_average.margin for one of the $n - 2$ other keys, the error is at most "
        r"$\varepsilon D$. With $\alpha \to 0$, $\beta \to \infty$ and $\alpha\beta^2 \to 0$ both "
        r"arguments of $\Phi$ tend to $-\infty$",
        r"P(|s - \tfrac{1}{2}| > (1 - \theta)\varepsilon) + (n - 2) P(s_b - s_i < M)",
    )


def _noise(formula: sp.Expr, proof: Proof) -> None:
    tail = tail_bound(u, proof)
    chosen = {alpha: formula, beta: gain.expression}
    spread = 2 * beta * sp.sqrt(alpha)
    proof.equal(
        sp.Matrix(
            [
                tail.subs(u, _SPLIT / spread).subs(chosen),
                (n - 2) * tail.subs(u, (beta - margin.expression) / spread).subs(chosen) / 2,
            ]
        ),
        sp.Matrix([eta / 2, eta / 2]),
        r"the tail bound for both terms of claim single_head.failure: at this $\alpha$, with "
        r"this $\beta$, each is half of $\eta$",
        r"(e^{-L^2/(8\alpha\beta^2)}, \frac{1}{2}(n - 2) e^{-(\beta - M)^2/(8\alpha\beta^2)})^\top",
    )
    proof.at_most(
        eta * t,
        eta,
        r"with a smaller $\alpha$ both are smaller, and the sum is $\eta$ times some $t \le 1$",
    )


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
    return Direct(sentence, off <= epsilon + 1e-15 and close(alone, theta * epsilon))


def _drawn_failures(epsilon: float, alpha: float, beta: float, n: float) -> tuple[float, str]:
    """How often c is too far off in 4000 samples, and words for it.

    The values are the unit vectors, at distance √2 from each other: c is the vector of weights.
    """
    import numpy as np

    keys = min(int(n), MOST_KEYS)
    weights = drawn_weights(keys, alpha, 0.0, beta)
    weights[:, :2] -= 0.5
    distance = np.linalg.norm(weights, axis=1)
    found = float((distance > epsilon * math.sqrt(2)).mean())
    drawn = f"{keys} keys" if keys == n else f"{keys} of the keys"
    words = f"4000 samples of {drawn} the output was too far off in a share of"
    return found, rf"{words} ${scientific(found)}$."


def _failure_directly(
    value: float, epsilon: float, alpha: float, beta: float, n: float, theta: float
) -> Direct:
    found, words = _drawn_failures(epsilon, alpha, beta, n)
    return Direct(f"In {words}", found <= value + 6 * math.sqrt(min(value, 1) / 4000))


def _noise_directly(value: float, epsilon: float, eta: float, n: float, theta: float) -> Direct:
    beta = gain(epsilon, eta, n, theta)
    found, words = _drawn_failures(epsilon, value, beta, n)
    sentence = rf"With $\beta = {scientific(beta)}$, in {words}"
    return Direct(sentence, found <= eta + 6 * math.sqrt(eta / 4000))


_TENTH, _EIGHTH = sp.Rational(1, 10), sp.Rational(1, 8)
DIVIDED = (
    r"$0 < \varepsilon < \frac{1}{2}$; a part $\theta$ of it, $0 < \theta < 1$, is kept for the "
    "weight of the other keys"
)
DIAMETER_MEANT = r"$D$ is the diameter of the values, which are otherwise arbitrary"
CLAIMS = (
    Claim(
        key="near_average.margin",
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
        twin=sp.log((1 - theta * epsilon) / (theta * epsilon)),
        changed="the factor $n - 2$ left out",
        example={"epsilon": _TENTH, "n": 16, "theta": _EIGHTH},
        source="practical, question 2c.1; triangle inequality",
        variables={
            w: UNIT, x: UNIT, y: UNIT, t: UNIT, share: UNIT, diameter: NONNEGATIVE, v_a: ANY,
            v_b: ANY, others: ANY,
        },
        direct=_margin_directly,
    ),
    Claim(
        key="single_head.failure",
        question="2c.1",
        title="How often the output is far from the average, at any gain and noise",
        statement=r"With $\Sigma_i = \alpha I$ for every $i$, "
        r"$P(\lVert c - \frac{1}{2}(v_a + v_b) \rVert > \varepsilon D) \le {law}$. As "
        r"$\beta \to \infty$ with $\alpha\beta^2 \to 0$ it tends to 0, for every $\varepsilon$: "
        "$c$ tends to the average in probability.",
        assumptions=(
            *ASSUMED,
            r"$r = 0$ and $q = \beta(\mu_a + \mu_b)$; $n \ge 3$",
            DIVIDED,
            DIAMETER_MEANT,
        ),
        law=failure,
        derive=_failure,
        twin=Phi(-_SPLIT / (2 * beta * sp.sqrt(alpha)))
        + (n - 2) * Phi((_MARGIN - beta) / (2 * beta * sp.sqrt(alpha))),
        changed="1 in place of 2: one side of the split only",
        example={
            "epsilon": _TENTH, "alpha": sp.Rational(1, 5000), "beta": 8, "n": 16, "theta": _EIGHTH,
        },
        source="practical, question 2c.1; union bound",
        variables=UNION,
        direct=_failure_directly,
    ),
    Claim(
        key="single_head.near_average",
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
        twin=_SPLIT**2 / (2 * _GAIN**2 * sp.log(2 / eta)),
        changed="2 in place of 8",
        example={"epsilon": _TENTH, "eta": _TENTH, "n": 16, "theta": _EIGHTH},
        source="practical, question 2c.1; union bound and tail bound of the normal",
        variables={u: NONNEGATIVE, t: UNIT},
        direct=_noise_directly,
    ),
)  # fmt: skip
