"""Question 2c: when one head averages, and when it tosses a coin. It depends on τ² = (4α + r)β².

Part 1, r = 0: the split tends to one half if and only if αβ² → 0, and to a fair coin if and only
if αβ² → ∞, as with any fixed α. Part 2, r = ½: a fair coin as β → ∞, whatever α is.
"""

from __future__ import annotations

import math

import sympy as sp

from theory.gaussian import Phi, phi, tail_bound
from theory.noise.noisy_keys import ASSUMED, arrays
from theory.noise.normal_quadrature import normal_mean
from theory.noise.score_law import score_law
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.single_head import SPLIT, split_variance, tau
from theory.symbols import (
    HALF,
    NOISE,
    NONNEGATIVE,
    POSITIVE_GAIN,
    RADIAL,
    alpha,
    beta,
    delta,
    radial,
)  # fmt: skip

near_half = Law(
    r"P(|s - \frac{1}{2}| \le \delta)",
    1 - 2 * Phi(-sp.log((1 + 2 * delta) / (1 - 2 * delta)) / (2 * beta * sp.sqrt(alpha))),
    (HALF, NOISE, POSITIVE_GAIN),
)
undecided = Law(
    r"P(\min(s, 1 - s) > \delta)",
    2 * Phi(sp.log((1 - delta) / delta) / tau) - 1,
    (HALF, NOISE, POSITIVE_GAIN, RADIAL),
)

u, v = sp.symbols("u v", nonnegative=True)


def _centre_bounds(proof: Proof) -> tuple[sp.Expr, sp.Expr]:
    """Prove √(2/π) v e^(−v²/2) ≤ 2Φ(v) − 1 ≤ √(2/π) v for v ≥ 0; return both bounds."""
    factor = sp.sqrt(2 / sp.pi)
    centre = 2 * Phi(v) - 1
    low, high = factor * v * sp.exp(-(v**2) / 2), factor * v
    proof.equal(
        sp.Matrix([gap.subs(v, 0) for gap in (high - centre, centre - low)]),
        sp.zeros(2, 1),
        r"both gaps, $\sqrt{2/\pi}\, v - (2\Phi(v) - 1)$ and $2\Phi(v) - 1 - \sqrt{2/\pi}\, v "
        r"e^{-v^2/2}$, start at 0",
        r"(g_1(0), g_2(0))^\top",
    )
    proof.equal(
        sp.Matrix([sp.diff(high - centre, v), sp.diff(centre - low, v)]),
        factor * sp.Matrix([1 - sp.exp(-(v**2) / 2), v**2 * sp.exp(-(v**2) / 2)]),
        r"and never fall, so $\sqrt{2/\pi}\, v e^{-v^2/2} \le 2\Phi(v) - 1 \le \sqrt{2/\pi}\, v$",
        r"(g_1'(v), g_2'(v))^\top",
    )
    return low, high


def _average(formula: sp.Expr, proof: Proof) -> None:
    edge = sp.log((1 + 2 * delta) / (1 - 2 * delta))
    proof.equal(
        sp.Matrix([1 / (1 + sp.exp(edge)), 1 / (1 + sp.exp(-edge))]),
        sp.Matrix([sp.Rational(1, 2) - delta, sp.Rational(1, 2) + delta]),
        r"$|s - \frac{1}{2}| \le \delta$ means $|\operatorname{logit} s| \le L$ with "
        r"$L = \log \frac{1 + 2\delta}{1 - 2\delta}$",
        r"((1 + e^{L})^{-1}, (1 + e^{-L})^{-1})^\top",
    )
    spread = sp.sqrt(split_variance.expression.subs(radial, 0))
    proof.equal(
        Phi(edge / spread) - Phi(-edge / spread),
        formula,
        r"claim single_head.split with $r = 0$: $\operatorname{logit} s \sim "
        r"\mathcal{N}(0, 4\alpha\beta^2)$",
    )
    bound = tail_bound(u, proof)
    proof.equal(
        bound.subs(u, edge / spread),
        sp.exp(-(edge**2) / (8 * alpha * beta**2)),
        r"so $1 - P$ is at most this, which tends to 0 when $\alpha \beta^2 \to 0$",
        r"e^{-L^2 / (2\tau^2)}",
    )
    _, high = _centre_bounds(proof)
    proof.equal(
        high.subs(v, edge / spread),
        edge / (beta * sp.sqrt(2 * sp.pi * alpha)),
        r"and $P = 2\Phi(L/\tau) - 1$ is at most this: it is away from 1 when $\alpha\beta^2$ "
        r"is large, and tends to 0, for every $\delta$, when $\alpha\beta^2 \to \infty$",
        r"\sqrt{2/\pi}\, L/\tau",
    )
    proof.equal(
        sp.diff(formula, alpha),
        -phi(edge / spread) * edge / spread / alpha,
        r"$P$ falls strictly as $\alpha$ grows, and depends on $\alpha\beta^2$ alone: it tends to "
        r"1 only if $\alpha\beta^2 \to 0$",
        r"\frac{\partial P}{\partial \alpha}",
    )


def _coin(formula: sp.Expr, proof: Proof) -> None:
    edge = sp.log((1 - delta) / delta)
    proof.equal(
        sp.Matrix([1 / (1 + sp.exp(edge)), 1 / (1 + sp.exp(-edge))]),
        sp.Matrix([delta, 1 - delta]),
        r"$\delta < s < 1 - \delta$ means $|\operatorname{logit} s| < L$ with "
        r"$L = \log \frac{1 - \delta}{\delta}$",
        r"((1 + e^{L})^{-1}, (1 + e^{-L})^{-1})^\top",
    )
    spread = sp.sqrt(split_variance.expression)
    proof.equal(
        Phi(edge / spread) - Phi(-edge / spread),
        formula,
        r"claim single_head.split: $\operatorname{logit} s \sim \mathcal{N}(0, \tau^2)$",
    )
    low, high = _centre_bounds(proof)
    proof.equal(
        sp.Matrix([bound.subs(v, edge / spread) for bound in (low, high)]),
        sp.Matrix([edge / spread * sp.exp(-(edge**2) / (2 * spread**2)), edge / spread])
        * sp.sqrt(2 / sp.pi),
        r"both bounds at $v = L/\tau$: the probability of an undecided split tends to 0 if and "
        r"only if $\tau \to \infty$; it falls like $1/\beta$ when $r = \frac{1}{2}$, however small "
        r"$\alpha$ is, and when $r = 0$ for any fixed $\alpha$",
        r"\sqrt{2/\pi}\, (v e^{-v^2/2}, v)^\top",
    )
    proof.equal(
        1 - Phi(0 / spread),
        sp.Rational(1, 2),
        "the logit has mean 0: each side is as likely as the other, a fair coin",
        r"P(s > \frac{1}{2})",
    )


def _within(bound: float, alpha: float, beta: float, radial: float) -> float:
    """P(|s_a − s_b| ≤ bound): for each score of b, the probability that that of a is so near."""
    from scipy.special import ndtr

    means, covariances = arrays(alpha, radial)
    centres, spreads = score_law(means, covariances, beta * (means[:1] + means[1:2]))
    gap = float(centres[0, 0] - centres[1, 0])
    a, b = (max(math.sqrt(spreads[i, 0, 0]), 1e-150) for i in (0, 1))
    value, _ = normal_mean(
        lambda z: ndtr((b * z - gap + bound) / a) - ndtr((b * z - gap - bound) / a), strip=1.0
    )
    return value


def _compared(value: float, edge: float, alpha: float, beta: float, radial: float) -> Direct:
    """The law against P(|s_a − s_b| ≤ edge); an edge near 0 is known to few digits."""
    found = _within(edge, alpha, beta, radial)
    sentence = (
        rf"Integrating over the score of $k_b$ the probability that the score of $k_a$ is near "
        rf"enough gives ${scientific(found)}$."
    )
    room = 1e-9 + 1e-15 / max(edge, 1e-15)
    return Direct(sentence, math.isclose(found, value, rel_tol=room, abs_tol=1e-13))


def _average_directly(value: float, delta: float, alpha: float, beta: float) -> Direct:
    return _compared(value, math.log((0.5 + delta) / (0.5 - delta)), alpha, beta, 0.0)


def _coin_directly(value: float, delta: float, alpha: float, beta: float, radial: float) -> Direct:
    return _compared(value, math.log(1 / delta - 1), alpha, beta, radial)


CLAIMS = (
    Claim(
        key="single_head.average",
        question="2c.1",
        title="With vanishing isotropic noise the split stays near one half",
        statement=r"The share of $v_a$ is within $\delta$ of one half with a probability that "
        r"depends on $\alpha\beta^2$ alone: with $\Sigma_i = \alpha I$ for every $i$, "
        r"$P(|s - \frac{1}{2}| \le \delta) = {law}$. It lies between $1 - e^{-L^2/(2\tau^2)}$ and "
        r"$\sqrt{2/\pi}\, L/\tau$, where $L = \log\frac{1 + 2\delta}{1 - 2\delta}$ and "
        r"$\tau^2 = 4\alpha\beta^2$: it tends to 1 if and only if $\alpha \beta^2 \to 0$, and to 0 "
        r"if and only if $\alpha \beta^2 \to \infty$, as for any fixed $\alpha$ when "
        r"$\beta \to \infty$. With $\beta \to \infty$ besides $\alpha \beta^2 \to 0$ the output "
        r"itself tends to the average, by claim single_head.failure.",
        assumptions=(*ASSUMED, r"$r = 0$", SPLIT, r"$0 < \delta < \frac{1}{2}$"),
        law=near_half,
        derive=_average,
        twin=1
        - 2 * Phi(-sp.log((1 + 2 * delta) / (1 - 2 * delta)) / (2 * beta * sp.sqrt(2 * alpha))),
        changed=r"$2\alpha$ in place of $\alpha$",
        example={"delta": sp.Rational(1, 10), "alpha": sp.Rational(1, 10**4), "beta": 8},
        source="practical, question 2c.1",
        variables={u: NONNEGATIVE, v: NONNEGATIVE},
        direct=_average_directly,
    ),
    Claim(
        key="single_head.coin",
        question="2c.2",
        title="With radial noise the split is a fair coin",
        statement=r"The split is undecided, not within $\delta$ of 0 or 1, with the probability "
        r"$P(\delta < s < 1 - \delta) = {law}$. It lies between $\sqrt{2/\pi}\, v "
        r"e^{-v^2/2}$ and $\sqrt{2/\pi}\, v$, where $v = L/\tau$ and "
        r"$L = \log\frac{1 - \delta}{\delta}$: it tends to 0 if and only if $\tau \to \infty$, "
        r"that is in part 2 as $\beta \to \infty$ whatever $\alpha$ is, and in part 1 if and only "
        r"if $\alpha\beta^2 \to \infty$. Then $s$ is near 0 or near 1 with equal probability; "
        "what the other keys keep is bounded by claim single_head.background_tail.",
        assumptions=(*ASSUMED, SPLIT, r"$0 < \delta < \frac{1}{2}$"),
        law=undecided,
        derive=_coin,
        twin=2 * Phi(sp.log((1 - delta) / delta) / (beta * sp.sqrt(4 * alpha + 2 * radial))) - 1,
        changed="$2r$ in place of $r$",
        example={
            "delta": sp.Rational(1, 10), "alpha": sp.Rational(1, 100), "beta": 30,
            "radial": sp.Rational(1, 2),
        },
        source="practical, question 2c.2",
        variables={v: NONNEGATIVE},
        direct=_coin_directly,
    ),
)  # fmt: skip
