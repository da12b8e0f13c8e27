"""Question 2c at a fixed noise α: as β → ∞ the whole weight goes to the largest score.

Under q = β(μ_a + μ_b) the scores are β·N(1, r + 2α) for k_a, β·N(1, 2α) for k_b and β·N(0, 2α) for
the others, independent. With a positive probability, bounded here, one of the others is largest.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import sympy as sp

from theory.gaussian import Phi, phi
from theory.noise.background import MOST_KEYS, left_over
from theory.noise.noisy_keys import (
    ASSUMED,
    MU_A,
    MU_B,
    MU_I,
    SIGMA,
    SIGMA_A,
    arrays,
    covariance,
    drawn_weights,
    mean,
)
from theory.noise.normal_quadrature import normal_mean
from theory.noise.score_law import score_law
from theory.noise.union import UNION, union_bound
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.single_head import SPLIT, Q
from theory.symbols import (
    ANY,
    MORE_KEYS,
    NOISE,
    NONNEGATIVE,
    POSITIVE,
    POSITIVE_GAIN,
    RADIAL,
    UNIT,
    alpha,
    beta,
    n,
    radial,
)  # fmt: skip

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

    Points = Float[np.ndarray, " points"]

m, x = sp.symbols("m x", real=True)
A, u, v, S = sp.symbols("A u v S", positive=True)
p, p_2, g, g_2 = sp.symbols("p p_2 g g_2", real=True)
R, y, z = sp.symbols("R y z", nonnegative=True)


def integrand(noise: sp.Expr, keys: sp.Expr, spread: sp.Expr) -> sp.Expr:
    """Density of the largest of keys − 2 standard normals at m, times P(a and b lie below it)."""
    density = (keys - 2) * phi(m) * Phi(m) ** (keys - 3)
    level = sp.sqrt(2 * noise) * m - 1
    return density * Phi(level / sp.sqrt(spread + 2 * noise)) * Phi(level / sp.sqrt(2 * noise))


outranked = Law(
    r"b(\alpha, n, r)",
    sp.Integral(integrand(alpha, n, radial), (m, -sp.oo, sp.oo)),
    (NOISE, MORE_KEYS, RADIAL),
)
above = Law(
    r"b(\alpha, n, r)",
    (n - 2) * Phi(-1 / sp.sqrt(3 * alpha + radial / 4)),
    (NOISE, MORE_KEYS, RADIAL),
    relation=r"\le",
)
below = Law(
    r"b(\alpha, n, r)",
    Phi(-1 / sp.sqrt(4 * alpha + radial)) * Phi(-1 / (2 * sp.sqrt(alpha))),
    (NOISE, RADIAL),
    relation=r"\ge",
)
rate = Law(
    r"|E[1 - \alpha_a - \alpha_b] - b(\alpha, n, r)|",
    (sp.log(3) + sp.log(n - 1))
    / (sp.sqrt(2 * sp.pi) * beta)
    * (1 / sp.sqrt(2 * alpha + radial) + 1 / sp.sqrt(2 * alpha)),
    (NOISE, POSITIVE_GAIN, MORE_KEYS, RADIAL),
    relation=r"\le",
)

EVENT = (
    r"$b(\alpha, n, r)$ is the probability that neither $k_a$ nor $k_b$ has the largest score "
    r"under $q = \beta(\mu_a + \mu_b)$, with $n \ge 3$ keys; ties have probability 0"
)


def _outranked(formula: sp.Expr, proof: Proof) -> None:
    unit = MU_A + MU_B
    spreads = [covariance(sigma, unit, unit) for sigma in (SIGMA_A, SIGMA)]
    proof.equal(
        sp.Matrix([mean(MU_A, unit), *spreads]),
        sp.Matrix([1, 2 * alpha + radial, 2 * alpha]),
        r"with $q = \beta(\mu_a + \mu_b)$ the scores are $\beta$ times independent "
        r"$\mathcal{N}(1, 2\alpha + r)$ for $k_a$, $\mathcal{N}(1, 2\alpha)$ for $k_b$ and "
        r"$\mathcal{N}(0, 2\alpha)$ for the others; the gain only scales all of them",
        r"(\mu_a^\top q/\beta, q^\top \Sigma_a q/\beta^2, q^\top \Sigma_i q/\beta^2)^\top",
    )
    largest = sp.diff(Phi(m) ** (n - 2), m)
    proof.equal(
        largest,
        (n - 2) * phi(m) * Phi(m) ** (n - 3),
        r"the largest of the others is $\sqrt{2\alpha}\, m$, where $m$ has the distribution "
        r"function $\Phi(m)^{n - 2}$ and this density",
        r"\frac{d}{dm} \Phi(m)^{n - 2}",
    )
    level = sp.sqrt(spreads[1]) * m
    lower = [
        Phi((level - mean(mu, unit)) / sp.sqrt(v))
        for mu, v in zip((MU_A, MU_B), spreads, strict=True)
    ]
    proof.equal(
        largest * lower[0] * lower[1],
        formula.function,
        r"given $m$, $k_a$ and $k_b$ lie below it independently: integrate this over $m$",
    )


def _above(formula: sp.Expr, proof: Proof) -> None:
    own, other = (covariance(sigma, Q, Q) for sigma in (SIGMA_A, SIGMA))
    proof.equal(
        sp.Matrix([(mean(MU_A, Q) + mean(MU_B, Q)) / 2 - mean(MU_I, Q), (own + other) / 4 + other]),
        sp.Matrix([beta, (3 * alpha + radial / 4) * beta**2]),
        r"a key whose score $s_i$ exceeds both $s_a$ and $s_b$ exceeds their mean; $d$ is that "
        r"mean less $s_i$",
        r"(E[d], \operatorname{Var}(d))^\top",
    )
    union_bound(proof, "the event of one key $i$ is that it exceeds the mean; ")
    proof.equal(
        (n - 2) * Phi(-beta / sp.sqrt((own + other) / 4 + other)),
        formula,
        r"standardise $d < 0$ and add the $n - 2$ keys; the gain cancels",
        r"(n - 2) P(d < 0)",
    )
    proof.equal(
        Phi(-beta / sp.sqrt(2 * other)),
        Phi(-1 / (2 * sp.sqrt(alpha))),
        r"the same with $k_b$ alone in place of the mean, which is better where $r > 4\alpha$",
        r"P(s_b < s_i)",
    )


def _below(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        (p - p_2) * (g - g_2),
        p * g + p_2 * g_2 - p * g_2 - p_2 * g,
        r"take one other key, of score $\beta\sqrt{2\alpha}\, m$, and let $p$, $g$ be the "
        r"probabilities that $k_a$, $k_b$ lie below it given $m$, and $p_2$, $g_2$ the same for an "
        r"independent copy of $m$; the mean of the right side is $2(E[pg] - E[p] E[g])$",
    )
    proof.at_most(
        -y * z,
        sp.Integer(0),
        r"$p$ and $g$ both rise with $m$, so $p - p_2$ and $g - g_2$ have one sign and, with the "
        r"moduli $y$ and $z$, the product $yz$: its mean is at least 0, and $E[pg] \ge E[p] E[g]$ "
        "(Chebyshev)",
        r"-(p - p_2)(g - g_2)",
        equality={y: 0},
    )
    apart = [covariance(s, Q, Q) + covariance(SIGMA, Q, Q) for s in (SIGMA_A, SIGMA)]
    proof.equal(
        Phi(-beta / sp.sqrt(apart[0])) * Phi(-beta / sp.sqrt(apart[1])),
        formula,
        r"$E[p] = P(s_a < s_i)$ and $E[g] = P(s_b < s_i)$, standardised; more keys can only "
        "exceed more",
        r"P(s_a < s_i) P(s_b < s_i)",
    )


def _rate(formula: sp.Expr, proof: Proof) -> None:
    proof.at_most(
        A * (1 + y) / (A * (1 + y) + S + R),
        2 * A / (2 * A + S),
        r"let $e^{s}$ be $A$ for the larger and $Ay$ for the smaller of $k_a$ and $k_b$, and $S$ "
        r"for the largest of the others, whose sum is $S + R$. Where $S > A$ this bounds "
        r"$1 - w$, with $w = 1 - \alpha_a - \alpha_b$",
        r"\alpha_a + \alpha_b",
        equality={y: 1, R: 0},
    )
    proof.at_most(
        (n - 2) * S * z / (A * (1 + y) + (n - 2) * S * z),
        (n - 2) * S / (A + (n - 2) * S),
        r"where $S < A$ this bounds $w$: the others sum to $(n - 2) S z$ with $z \le 1$",
        "w",
        equality={y: 0, z: 1},
    )
    few, many = 2 * sp.exp(-x), (n - 2) * sp.exp(x)
    proof.equal(
        sp.Matrix([-sp.diff(sp.log(1 + few), x), sp.diff(sp.log(1 + many), x)]),
        sp.Matrix([few / (1 + few), many / (1 + many)]),
        r"with $x = \log(S/A)$ these are the two bounds; integrated over $x > 0$ and $x < 0$ they "
        r"give $\log 3$ and $\log(n - 1)$",
        r"\frac{d}{dx} (-\log(1 + 2e^{-x}), \log(1 + (n - 2) e^x))^\top",
    )
    proof.at_most(
        u * y + v * z,
        u + v,
        r"the density of the larger of $s_a$ and $s_b$ is that of $s_a$ times $P(s_b$ below$)$ "
        r"plus the same with $a$ and $b$ exchanged, so at most the sum of their largest values "
        r"$u$ and $v$; it is independent of the other scores, so this bounds the density of $x$",
    )
    heights = [1 / sp.sqrt(2 * sp.pi * covariance(s, Q, Q)) for s in (SIGMA_A, SIGMA)]
    proof.equal(
        (heights[0] + heights[1]) * (sp.log(1 + few) + sp.log(1 + many)).subs(x, 0),
        formula,
        r"$u$ and $v$ are $1/(\sqrt{2\pi}\,\sigma)$ with the deviations of the two scores; so "
        r"even the mean distance of $w$ from the indicator of the event is at most this",
        r"(u + v)(\log 3 + \log(n - 1))",
    )


def by_other_order(n: float, alpha: float, radial: float) -> float:
    """b(α, n, r), integrating over the larger of the scores of a and b instead."""
    import numpy as np
    from scipy.special import log_ndtr, ndtr

    means, covariances = arrays(alpha, radial)
    centres, spreads = score_law(means, covariances, means[:1] + means[1:2])
    mu, sigma = centres[:, 0], np.sqrt(spreads[:, 0, 0])
    total = 0.0
    for one, other in ((0, 1), (1, 0)):

        def beaten(z: Points, one: int = one, other: int = other) -> Points:
            level = mu[one] + sigma[one] * z
            exceeded = -np.expm1((n - 2) * log_ndtr((level - mu[2]) / sigma[2]))
            value: Points = exceeded * ndtr((level - mu[other]) / sigma[other])
            return value

        steepest = sigma[one] / min(sigma)
        total += normal_mean(beaten, strip=max(0.3 / steepest, 2e-4))[0]
    return total


def _outranked_directly(value: float, alpha: float, n: float, radial: float) -> Direct:
    found = by_other_order(n, alpha, radial)
    sentence = (
        rf"Integrating over the larger of the scores of $k_a$ and $k_b$ instead gives "
        rf"${scientific(found)}$."
    )
    return Direct(sentence, math.isclose(found, value, rel_tol=1e-5, abs_tol=1e-10))


def _above_directly(value: float, alpha: float, n: float, radial: float) -> Direct:
    found = by_other_order(n, alpha, radial)
    sentence = rf"By quadrature $b(\alpha, n, r) = {scientific(found)}$."
    return Direct(sentence, found <= value * (1 + 1e-6) + 1e-12)


def _below_directly(value: float, alpha: float, radial: float) -> Direct:
    found = by_other_order(3.0, alpha, radial)
    sentence = rf"By quadrature $b(\alpha, 3, r) = {scientific(found)}$."
    return Direct(sentence, value <= found * (1 + 1e-6) + 1e-12)


def _rate_directly(value: float, alpha: float, beta: float, n: float, radial: float) -> Direct:
    import numpy as np

    rest, drawn = left_over(n, alpha, radial, beta)
    weights = drawn_weights(min(int(n), MOST_KEYS), alpha, radial, beta)
    distance = np.abs(rest - (np.argmax(weights, axis=1) > 1))
    found = float(distance.mean())
    room = 6 * float(distance.std()) / len(distance) ** 0.5
    sentence = f"{drawn} the mean distance of $w$ from the indicator is ${scientific(found)}$."
    return Direct(sentence, found <= value + room)


_QUARTER, _HALF = sp.Rational(1, 4), sp.Rational(1, 2)
CLAIMS = (
    Claim(
        key="single_head.outranked",
        question="2c.1",
        title="How often another key outranks both, at a fixed noise",
        statement=r"A key other than $k_a$ and $k_b$ has the largest score with probability "
        r"$b(\alpha, n, r) = {law}$. It does not depend on $\beta$ and is positive.",
        assumptions=(*ASSUMED, EVENT),
        law=outranked,
        derive=_outranked,
        twin=sp.Integral(integrand(alpha, n - 1, radial), (m, -sp.oo, sp.oo)),
        changed="$n - 1$ in place of $n$",
        example={"alpha": sp.Rational(1, 10), "n": 16, "radial": 0},
        source="practical, question 2c; distribution of a maximum",
        variables={m: ANY, beta: POSITIVE},
        direct=_outranked_directly,
    ),
    Claim(
        key="single_head.outranked_above",
        question="2c.1",
        title="With little noise another key seldom outranks both",
        statement=r"$b(\alpha, n, r) \le {law}$, and $b(\alpha, n, r) \le (n - 2) "
        r"\Phi(-1/(2\sqrt{\alpha}))$ whatever $r$ is, so it tends to 0 as $\alpha \to 0$.",
        assumptions=(*ASSUMED, EVENT),
        law=above,
        derive=_above,
        twin=(n - 2) * Phi(-1 / sp.sqrt(2 * alpha + radial / 4)),
        changed=r"$2\alpha$ in place of $3\alpha$",
        example={"alpha": sp.Rational(1, 50), "n": 16, "radial": 0},
        source="practical, question 2c; union bound",
        variables={beta: POSITIVE, **UNION},
        direct=_above_directly,
    ),
    Claim(
        key="single_head.outranked_below",
        question="2c.1",
        title="At a fixed noise the weight on the other keys does not vanish",
        statement=r"$b(\alpha, n, r) \ge {law} > 0$ for every $n \ge 3$. By claim "
        r"single_head.background_rate, $E[1 - \alpha_a - \alpha_b]$ tends to $b(\alpha, n, r)$ as "
        r"$\beta \to \infty$: for fixed $\alpha$ it does not tend to 0.",
        assumptions=(*ASSUMED, EVENT),
        law=below,
        derive=_below,
        twin=Phi(-1 / sp.sqrt(4 * alpha + radial)) * Phi(-1 / (4 * sp.sqrt(alpha))),
        changed=r"$4\sqrt{\alpha}$ in place of $2\sqrt{\alpha}$",
        example={"alpha": _QUARTER, "radial": _HALF},
        source="practical, question 2c; Chebyshev's inequality for monotone functions",
        variables={
            beta: POSITIVE, y: NONNEGATIVE, z: NONNEGATIVE, p: UNIT, p_2: UNIT, g: UNIT, g_2: UNIT,
        },
        direct=_below_directly,
    ),
    Claim(
        key="single_head.background_rate",
        question="2c.1",
        title="How fast the weight on the other keys becomes all or nothing",
        statement=r"As the gain grows, the weight off $a$ and $b$ becomes 1 where another key has "
        r"the largest score and 0 elsewhere: $|E[1 - \alpha_a - \alpha_b] - b(\alpha, n, r)| \le "
        r"{law}$, which tends to 0 as $\beta \to \infty$.",
        assumptions=(*ASSUMED, SPLIT, EVENT),
        law=rate,
        derive=_rate,
        twin=(sp.log(3) - sp.log(n - 1))
        / (sp.sqrt(2 * sp.pi) * beta)
        * (1 / sp.sqrt(2 * alpha + radial) + 1 / sp.sqrt(2 * alpha)),
        changed=r"the sign of $\log(n - 1)$",
        example={"alpha": sp.Rational(1, 10), "beta": 100, "n": 16, "radial": 0},
        source="practical, question 2c",
        variables={
            A: POSITIVE, S: POSITIVE, R: NONNEGATIVE, y: UNIT, z: UNIT,
            u: POSITIVE, v: POSITIVE, x: ANY,
        },
        direct=_rate_directly,
    ),
)  # fmt: skip
