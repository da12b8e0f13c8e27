"""Question 2d.2 where k_a does not point away: the samples with q₁ᵀk_a ≥ 0, which are to be kept.

Given that, head 1 copies v_a but for noise, and head 2 copies v_b whatever the sign of q₂ᵀk_a: so
two heads average. In units of β, head 1's score of k_a is X ~ N(1, r + α), that of another key is
Y ~ N(0, α); all are independent.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import sympy as sp

from theory.gaussian import Phi, mean_of_exponential, phi
from theory.noise import drawn_keys
from theory.noise.missing import HEAD_1, LARGEST, Q1
from theory.noise.noisy_keys import ASSUMED, MU_A, MU_B, SIGMA, SIGMA_A, covariance, mean
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law
from theory.proof.steps import Proof
from theory.proof.typeset import latex, scientific
from theory.symbols import (
    ANY,
    KEYS,
    LOGIT,
    NOISE,
    NONNEGATIVE,
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

m, t, d, x = sp.symbols("m t d x", real=True)
L, T, lam = sp.symbols("L T lambda", positive=True)
u, y, z = sp.symbols("u y z", nonnegative=True)

NOT_NEGATIVE = Phi(1 / sp.sqrt(radial + alpha))
KEPT = r"$q_1^\top k_a \ge 0$: only these samples are looked at"
_sees = (alpha + (radial + alpha) * logit / beta) / sp.sqrt(
    alpha * (radial + alpha) * (radial + 2 * alpha)
)
_deviation = beta * sp.sqrt(radial + 2 * alpha)

kept_density = Law(
    "f(x)",
    phi((logit - beta) / _deviation) * Phi(_sees) / (_deviation * NOT_NEGATIVE),
    (LOGIT, NOISE, POSITIVE_GAIN, RADIAL),
)
kept_miss = Law(
    r"p_+(\alpha, n, r)",
    sp.Integral(
        (n - 1)
        * phi(m)
        * Phi(m) ** (n - 2)
        * (
            Phi((sp.sqrt(alpha) * m - 1) / sp.sqrt(radial + alpha))
            - Phi(-1 / sp.sqrt(radial + alpha))
        ),
        (m, 0, sp.oo),
    )
    / NOT_NEGATIVE,
    (NOISE, KEYS, RADIAL),
)
kept_loss = Law(
    r"E[1 - w_1 \mid q_1^\top k_a \ge 0]",
    (sp.log(n) / beta + sp.sqrt(2 * alpha * sp.log(n)))
    / (sp.sqrt(2 * sp.pi * (radial + alpha)) * NOT_NEGATIVE),
    (NOISE, POSITIVE_GAIN, KEYS, RADIAL),
    relation=r"\le",
)


def _condition(proof: Proof) -> sp.Expr:
    """The probability of what is assumed, from the law of the score."""
    probability = Phi(mean(MU_A, MU_A) / sp.sqrt(covariance(SIGMA_A, MU_A, MU_A)))
    proof.equal(
        probability,
        1 - Phi(-1 / sp.sqrt(radial + alpha)),
        r"$X = q_1^\top k_a/\beta \sim \mathcal{N}(1, r + \alpha)$: standardise 0",
        r"P(q_1^\top k_a \ge 0)",
    )
    return probability


def _density(formula: sp.Expr, proof: Proof) -> None:
    kept = _condition(proof)
    centre = mean(MU_A, Q1) - mean(MU_B, Q1)
    spread = covariance(SIGMA_A, Q1, Q1) + covariance(SIGMA, Q1, Q1)
    nearest = (alpha + (radial + alpha) * d) / (radial + 2 * alpha)
    precision = 1 / alpha + 1 / (radial + alpha)
    proof.equal(
        (t - 1) ** 2 / (radial + alpha) + (t - d) ** 2 / alpha,
        (d - 1) ** 2 / (radial + 2 * alpha) + precision * (t - nearest) ** 2,
        r"complete the square in the joint density of $X = t$ and $X - Y = d$: given $d$, $X$ is "
        r"normal about $t_0 = (\alpha + (r + \alpha) d)/(r + 2\alpha)$ with variance $1/h$, where "
        r"$h = \frac{1}{\alpha} + \frac{1}{r + \alpha}$",
    )
    proof.equal(
        sp.Matrix([centre, spread]),
        sp.Matrix([beta, beta**2 * (radial + 2 * alpha)]),
        r"$\operatorname{logit} w_1 = \beta (X - Y)$ is normal as long as nothing is assumed, "
        "claim multi_head.finite",
        r"(E[\operatorname{logit} w_1], \operatorname{Var}(\operatorname{logit} w_1))^\top",
    )
    seen = (nearest * sp.sqrt(precision)).subs(d, logit / beta)
    proof.equal(
        seen**2,
        _sees**2,
        r"$t_0 \sqrt{h}$ at $d = x/\beta$, written out; both roots have the sign of $t_0$",
        r"(t_0 \sqrt{h})^2",
    )
    proof.equal(
        phi((logit - centre) / sp.sqrt(spread)) / sp.sqrt(spread) * Phi(_sees) / kept,
        formula,
        r"Bayes: this normal density, times $P(X \ge 0 \mid d) = \Phi(t_0 \sqrt{h})$ at "
        r"$d = x/\beta$, over the probability of what is assumed",
        "f(x)",
    )


def _miss(formula: sp.Expr, proof: Proof) -> None:
    kept = _condition(proof)
    density = (n - 1) * phi(m) * Phi(m) ** (n - 2)
    proof.equal(
        sp.diff(Phi(m) ** (n - 1), m),
        density,
        r"the density of the largest $m$ of $n - 1$ standard normals",
        r"\frac{d}{dm} \Phi(m)^{n - 1}",
    )
    deviation = sp.sqrt(covariance(SIGMA_A, MU_A, MU_A))
    largest = sp.sqrt(covariance(SIGMA, MU_A, MU_A)) * m
    between = Phi((largest - mean(MU_A, MU_A)) / deviation) - Phi(-mean(MU_A, MU_A) / deviation)
    proof.equal(
        between.subs(m, 0),
        sp.Integer(0),
        r"the largest other score, over $\beta$, is $\sqrt{\alpha}\, m$; head 1 misses with "
        r"$X \ge 0$ if $0 \le X < \sqrt{\alpha}\, m$. At $m = 0$ this becomes impossible, and it "
        "stays so below, so the integral starts at 0",
        r"P(0 \le X < \sqrt{\alpha}\, m) \text{ at } m = 0",
    )
    proof.equal(
        sp.Integral(density * between, (m, 0, sp.oo)) / kept,
        formula,
        r"weigh $P(0 \le X < \sqrt{\alpha}\, m)$ by the density of $m$, over the probability of "
        "what is assumed",
        r"p_+(\alpha, n, r)",
    )


def _loss(formula: sp.Expr, proof: Proof) -> None:
    kept = _condition(proof)
    proof.equal(
        sp.diff(-sp.log(1 + T * sp.exp(-beta * t)) / beta, t),
        T / (sp.exp(beta * t) + T),
        r"with $T$ the sum of $e^{s_i}$ over the other keys, the right side is $1 - w_1$ at "
        r"$X = t$; so integrated over $t \ge 0$ it gives $\frac{1}{\beta} \log(1 + T)$",
        r"-\frac{d}{dt} \frac{1}{\beta} \log(1 + T e^{-\beta t})",
    )
    proof.at_most(
        1 + (n - 1) * (1 + y) * z,
        n * (1 + y),
        r"let $M$ be the largest of 0 and the $n - 1$ values $Y_i$, and $e^{\beta M} = 1 + y$; "
        r"then $T = (n - 1)(1 + y) z$ with $z \le 1$, so $\log(1 + T) \le \log n + \beta M$",
        "1 + T",
        equality={y: 0, z: 1},
    )
    exponential = mean_of_exponential(sp.Integer(0), lam**2 * alpha, x, proof)
    proof.at_most(
        1 + (n - 1) * (1 + u),
        n * (1 + u),
        rf"$E[e^{{\lambda M}}] \le 1 + \sum_i E[e^{{\lambda Y_i}}]$, where each term is "
        rf"${latex(exponential)} = 1 + u$",
        r"1 + (n - 1) E[e^{\lambda Y_i}]",
        equality={u: 0},
    )
    best = sp.sqrt(2 * L / alpha)
    proof.equal(
        (L / lam + sp.log(exponential) / lam).subs(lam, best),
        sp.sqrt(2 * alpha * L),
        r"so $e^{\lambda E[M]} \le E[e^{\lambda M}] \le n e^{\lambda^2 \alpha/2}$ by Jensen's "
        r"inequality; take logarithms, with $L = \log n$, divide by $\lambda$, and choose "
        r"$\lambda = \sqrt{2L/\alpha}$",
        r"E[M] \le \frac{L}{\lambda} + \frac{\lambda\alpha}{2}",
    )
    highest = 1 / sp.sqrt(2 * sp.pi * covariance(SIGMA_A, MU_A, MU_A))
    proof.equal(
        highest * (sp.log(n) / beta + sp.sqrt(2 * alpha * L).subs(L, sp.log(n))) / kept,
        formula,
        r"$X$ is independent of the others and its density is at most $g = 1/\sqrt{2\pi(r + "
        r"\alpha)}$: integrate, take the mean, and divide by the probability of what is assumed. "
        r"As $\beta \to \infty$, $1 - w_1$ tends to 1 where head 1 misses and to 0 elsewhere, so "
        r"the left side tends to $p_+$; $\log n/\beta$ leaves, and $\sqrt{2\alpha \log n}$ tends "
        r"to 0 with $\alpha$ while $g$ stays below $1/\sqrt{2\pi r}$",
        r"g \left(\frac{\log n}{\beta} + E[M]\right)/P(X \ge 0)",
    )


def _density_directly(value: float, x: float, alpha: float, beta: float, radial: float) -> Direct:
    """The score of k_a less that of k_b, both over β, by integrating over the second score."""
    from scipy import integrate, special

    deviation, noise = math.sqrt(radial + alpha), math.sqrt(alpha)
    lower, upper = max(-x / beta / noise, -12), 12

    def joint(score: float) -> float:
        first = (x / beta + noise * score - 1) / deviation
        return math.exp(-(score**2 + first**2) / 2) / (2 * math.pi * deviation)

    mass = integrate.quad(joint, lower, upper, epsabs=0)[0] if lower < upper else 0.0
    found = mass / beta / special.ndtr(1 / deviation)
    sentence = rf"Integrating over the score of $k_b$ gives the density ${scientific(found)}$."
    return Direct(sentence, bool(abs(found - value) < 1e-8 * max(value, 1 / (beta * deviation))))


def _miss_directly(value: float, alpha: float, n: float, radial: float) -> Direct:
    found = kept_scores(1, alpha, 1.0, n, radial)[0]
    missed = (found.argmax(axis=1) > 0).astype(float)
    what = r"Where $q_1^\top k_a \ge 0$, another key wins over $k_a$ with frequency"
    return drawn_keys.compare(missed, value, value, what)


def _loss_directly(value: float, alpha: float, beta: float, n: float, radial: float) -> Direct:
    lost = 1 - drawn_keys.attention(kept_scores(1, alpha, beta, n, radial))[0, :, 0]
    what = r"Where $q_1^\top k_a \ge 0$, the mean of $1 - w_1$ is"
    return drawn_keys.compare(lost, 0, value, what)


def kept_scores(
    heads: int, alpha: float, beta: float, n: float, radial: float
) -> Float[np.ndarray, "heads kept n"]:
    """Scores of the drawn samples in which that of k_a under q_1 is not negative."""
    import numpy as np

    found = drawn_keys.scores(beta * np.eye(2)[:heads], int(n), alpha, radial)
    kept: np.ndarray = found[:, found[0, :, 0] >= 0]
    return kept


CLAIMS = (
    Claim(
        key="multi_head.kept_density",
        question="2d.2",
        title="Head 1 at a finite gain, given that its score is not negative",
        statement=r"For $n = 2$, given $q_1^\top k_a \ge 0$, $x = \operatorname{logit} w_1$ has "
        r"the density ${law}$: a normal density times a factor that leaves out what is not kept "
        "(the extended skew normal family).",
        assumptions=(*ASSUMED, HEAD_1, "$n = 2$", KEPT),
        law=kept_density,
        derive=_density,
        direct=_density_directly,
        twin=kept_density.expression.subs(Phi(_sees), Phi(-_sees)),
        changed=r"the sign within $\Phi$ above the bar",
        example={
            "x": 5, "alpha": sp.Rational(1, 100), "beta": 10, "radial": sp.Rational(1, 2),
        },
        source="practical, question 2d.2; Arnold and Beaver 2002 (extended skew normal)",
        variables={t: ANY, d: ANY},
    ),
    Claim(
        key="multi_head.kept_miss",
        question="2d.2",
        title="How often head 1 misses although its score is not negative",
        statement=r"Given $q_1^\top k_a \ge 0$, the score of $k_a$ under $q_1$ is not the largest "
        r"with probability $p_+(\alpha, n, r) = {law}$.",
        assumptions=(*ASSUMED, HEAD_1, KEPT, LARGEST),
        law=kept_miss,
        derive=_miss,
        direct=_miss_directly,
        twin=kept_miss.expression.subs(NOT_NEGATIVE, 1),
        changed="not divided by the probability of what is assumed",
        example={"alpha": sp.Rational(1, 100), "n": 16, "radial": sp.Rational(1, 2)},
        source="practical, question 2d.2; distribution of a maximum",
        variables={m: ANY},
    ),
    Claim(
        key="multi_head.kept_loss",
        question="2d.2",
        title="With negative scores left out head 1 copies its value",
        statement=r"For every $n$ and $\beta$, $E[1 - w_1 \mid q_1^\top k_a \ge 0] \le {law}$. "
        r"The probability $p_+$ of claim multi_head.kept_miss is at most what this tends to as "
        r"$\beta \to \infty$, and for $r > 0$ that tends to 0 as $\alpha \to 0$; with negative "
        r"scores kept in, head 1 misses with probability at least $\Phi(-1/\sqrt{r})$ (claim "
        "multi_head.miss_bound).",
        assumptions=(*ASSUMED, HEAD_1, KEPT),
        law=kept_loss,
        derive=_loss,
        direct=_loss_directly,
        twin=(sp.log(n) / beta - sp.sqrt(2 * alpha * sp.log(n)))
        / (sp.sqrt(2 * sp.pi * (radial + alpha)) * NOT_NEGATIVE),
        changed="the sign of the root above the bar",
        example={
            "alpha": sp.Rational(1, 10**4), "beta": 100, "n": 16, "radial": sp.Rational(1, 2),
        },
        source="practical, question 2d.2; Jensen, and the largest of normal variables",
        variables={
            t: ANY, T: POSITIVE, u: NONNEGATIVE, y: NONNEGATIVE, z: UNIT, lam: POSITIVE,
            L: POSITIVE, x: ANY,
        },
    ),
)  # fmt: skip
