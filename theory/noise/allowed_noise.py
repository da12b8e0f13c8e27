"""Question 2c.1: how large the noise α may be for a split s near one half, Σ_i = αI.

theory/noise/near_average.py does the same for the whole output.
"""

from __future__ import annotations

import math

import sympy as sp

from theory.gaussian import phi, tail_bound
from theory.noise.noisy_keys import ASSUMED, drawn_weights
from theory.noise.regimes import near_half
from theory.proof.assumptions import require, within
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.single_head import SPLIT
from theory.symbols import HALF, NONNEGATIVE, POSITIVE, POSITIVE_GAIN, UNIT, alpha, beta, delta

eta = sp.Symbol("eta", positive=True)
quantile = sp.Symbol("z", positive=True)
FAILURE = Parameter("eta", eta, lower=0, upper=1, open=True)
QUANTILE = Parameter("z", quantile, lower=0, open=True)


def edge(off_half: sp.Expr) -> sp.Expr:
    """The logit of s at which s is this much above one half."""
    return sp.log((1 + 2 * off_half) / (1 - 2 * off_half))


_EDGE = edge(delta)
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
t, u = sp.symbols("t u", nonnegative=True)


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


_TENTH = sp.Rational(1, 10)
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
)  # fmt: skip
