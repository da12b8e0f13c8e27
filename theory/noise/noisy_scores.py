"""Question 2a with noise: how far a margin in the scores still decides.

Each score carries independent normal noise of deviation σ. Scores of noisy keys k_i ~ N(μ_i, αI)
are of this kind, with σ = √α ‖q‖.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import sympy as sp

from theory import copying
from theory.gaussian import Phi, mean_of_exponential, phi, tail_bound
from theory.noise import drawn_keys
from theory.noise.normal_quadrature import normal_mean
from theory.noise.union import UNION, union_bound
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import (
    ANY,
    HALF,
    KEYS,
    MARGIN,
    NONNEGATIVE,
    POSITIVE,
    TOLERANCE,
    UNIT,
    WEIGHT,
    delta,
    epsilon,
    n,
)  # fmt: skip
from theory.symbols import margin as gap
from theory.symbols import weight as w

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

    Points = Float[np.ndarray, " points"]

sigma = sp.Symbol("sigma", positive=True)
theta = sp.Symbol("theta", nonnegative=True)
DEVIATION = Parameter("sigma", sigma, lower=0, open=True)
POWER = Parameter("theta", theta, lower=0, upper=1)

m, x = sp.symbols("m x", real=True)
R = sp.Symbol("R", positive=True)
u, v, y = sp.symbols("u v y", nonnegative=True)


def outdone(margin: sp.Expr, deviation: sp.Expr, keys: sp.Expr) -> sp.Expr:
    """P(N(margin, deviation²) lies below the largest of keys − 1 independent N(0, deviation²))."""
    density = (keys - 1) * phi(m) * Phi(m) ** (keys - 2)
    return sp.Integral(density * Phi(m - margin / deviation), (m, -sp.oo, sp.oo))


distribution = Law(
    r"P(\alpha_j \le w)",
    Phi((sp.log(w / (1 - w)) - gap) / (sp.sqrt(2) * sigma)),
    (WEIGHT, MARGIN, DEVIATION),
)
lost = Law(r"P(\operatorname{lost})", outdone(gap, sigma, n), (MARGIN, DEVIATION, KEYS))
rest = Law(
    r"E[1 - \alpha_j]",
    (n - 1) * sp.exp(theta**2 * sigma**2 - theta * gap),
    (POWER, MARGIN, DEVIATION, KEYS),
    relation=r"\le",
)
margin = Law(
    r"\Delta",
    copying.margin.expression + 2 * sigma * sp.sqrt(sp.log((n - 1) / (2 * delta))),
    (TOLERANCE, HALF, DEVIATION, KEYS),
    relation=r"\ge",
)

NOISY = (
    r"the scores are $s_i + \sigma z_i$ with independent standard normal $z_i$, as of keys $k_i "
    r"\sim \mathcal{N}(\mu_i, \alpha I)$ with $s_i = \mu_i^\top q$ and "
    r"$\sigma = \sqrt{\alpha} \lVert q \rVert$",
    r"scores carry no $1/\sqrt{d}$; there are $n \ge 2$ keys",
)
EQUAL = r"$s_j$ exceeds every other $s_i$ by exactly $\Delta$"
AT_LEAST = r"$s_j$ exceeds every other $s_i$ by at least $\Delta$"


def _variance_of_lead(proof: Proof) -> sp.Expr:
    """Add the variance of the noisy lead of key j over one other key, and return it."""
    scores = sp.Matrix([[1, -1]])
    variance = (scores * (sigma**2 * sp.eye(2)) * scores.T)[0, 0]
    proof.equal(
        variance,
        2 * sigma**2,
        r"the lead $x_i$ of key $j$ over key $i$ in the noisy scores is normal with mean "
        r"$s_j - s_i$ and the variance of the difference of two independent scores",
        r"\operatorname{Var}(x_i)",
    )
    return variance


def _distribution(formula: sp.Expr, proof: Proof) -> None:
    variance = _variance_of_lead(proof)
    log_odds = sp.log(w / (1 - w))
    proof.equal(
        1 / (1 + sp.exp(-log_odds)),
        w,
        r"of two keys, $\alpha_j = 1/(1 + e^{-x_i})$ rises with the lead and is $w$ where $x_i = "
        r"\log(w/(1 - w))$",
        r"\alpha_j",
    )
    proof.equal(
        Phi((log_odds - gap) / sp.sqrt(variance)),
        formula,
        r"so $\alpha_j \le w$ if and only if $x_i \le \log(w/(1 - w))$: standardise",
        r"P(\alpha_j \le w)",
    )


def _lost(formula: sp.Expr, proof: Proof) -> None:
    density = (n - 1) * phi(m) * Phi(m) ** (n - 2)
    proof.equal(
        sp.diff(Phi(m) ** (n - 1), m),
        density,
        r"let $s_i = 0$ for $i \ne j$. The largest of the others is $\sigma m$, where $m$ has the "
        r"distribution function $\Phi(m)^{n - 1}$ and this density",
        r"\frac{d}{dm} \Phi(m)^{n - 1}",
    )
    proof.equal(
        sp.Integral(density * Phi(sp.expand((sigma * m - gap) / sigma)), (m, -sp.oo, sp.oo)),
        formula,
        r"given $m$, key $j$ has lost if its score, $\mathcal{N}(\Delta, \sigma^2)$ and "
        r"independent of $m$, is below $\sigma m$",
        r"P(\operatorname{lost})",
    )
    lead = gap / sp.sqrt(_variance_of_lead(proof))
    proof.equal(
        lead**2,
        (gap / sigma) ** 2 / 2,
        r"one other key $i$ has the larger score with probability $\Phi(-y)$, where "
        r"$y = \Delta/(\sqrt{2}\,\sigma)$; as it is one of the others, this is a lower bound, and "
        r"the probability for $n = 2$",
        "y^2",
    )
    _union(proof)


def _union(proof: Proof) -> None:
    union_bound(
        proof, after="; so at least one of all $n - 1$ does with probability at most $(n - 1)u$"
    )


def _rest(formula: sp.Expr, proof: Proof) -> None:
    proof.at_most(
        w * R,
        R,
        r"another key gets $\alpha_i = \alpha_j R$ with $R = e^{-x_i}$, where $x_i$ is the lead of "
        r"key $j$ over it; with $w = \alpha_j \le 1$ that is at most $R$",
        r"\alpha_i",
        equality={w: 1},
    )
    proof.at_most(
        u * v,
        u,
        r"for $0 \le \theta \le 1$ write $\alpha_i = uv$ with $u = \alpha_i^\theta$ and $v = "
        r"\alpha_i^{1 - \theta}$, both at most 1: so $\alpha_i \le \alpha_i^\theta \le "
        r"e^{-\theta x_i}$",
        r"\alpha_i",
        equality={v: 1},
    )
    variance = _variance_of_lead(proof)
    power = mean_of_exponential(-theta * gap, theta**2 * variance, x, proof)
    proof.equal(
        (n - 1) * power,
        formula,
        r"so $E[e^{-\theta x_i}] = e^{-\theta\Delta + \theta^2\sigma^2}$ if $E[x_i] = \Delta$, and "
        r"less if it is larger; add the $n - 1$ other keys",
        r"(n - 1) E[e^{-\theta x_i}]",
    )
    proof.equal(
        sp.expand(theta**2 * sigma**2 - theta * gap + (gap / (2 * sigma)) ** 2),
        (theta * sigma - gap / (2 * sigma)) ** 2,
        r"the exponent is $-\Delta^2/(4\sigma^2)$ plus this square, so the best $\theta$ is "
        r"$\Delta/(2\sigma^2)$ where that is at most 1, and else 1",
    )


def _margin(formula: sp.Expr, proof: Proof) -> None:
    needed = copying.margin.expression
    proof.equal(
        copying.weight.expression.subs(gap, needed),
        1 - epsilon,
        r"where every noisy lead $x_i$ is at least $g = \log((n - 1)(1 - \varepsilon)/"
        r"\varepsilon)$, claim copying.weight gives $\alpha_j \ge 1 - \varepsilon$",
    )
    proof.equal(
        (formula - needed) / sp.sqrt(_variance_of_lead(proof)),
        sp.sqrt(2 * sp.log((n - 1) / (2 * delta))),
        r"a lead of mean $\Delta$ is below $g$ with probability $\Phi(-y)$, one of a larger mean "
        "less often; at this margin",
        r"y = (\Delta - g)/(\sqrt{2}\,\sigma)",
    )
    tail = tail_bound(y, proof)
    _union(proof)
    proof.equal(
        (n - 1) * tail.subs(y, (formula - needed) / (sp.sqrt(2) * sigma)) / 2,
        delta,
        r"so some lead is below $g$ with probability at most $\delta$; a larger margin only lowers "
        "this",
        r"(n - 1) e^{-y^2/2}/2",
    )


# ------------------------------------------------------------------- from the definition


def drawn(margin: float, sigma: float, n: float) -> Float[np.ndarray, "samples n"]:
    """Drawn noisy scores, that of key j first; fewer samples of many keys, down to none."""
    import numpy as np

    samples = min(drawn_keys.SAMPLES, drawn_keys.ENTRIES // int(n))
    found = sigma * np.random.default_rng(0).standard_normal((samples, int(n)))
    found[:, 0] += margin
    return found


def _distribution_directly(value: float, w: float, margin: float, sigma: float) -> Direct:
    """Given the noise of key j, the weight depends on one other score."""
    from scipy.special import ndtr

    needed = math.log(w) - math.log1p(-w)

    def below(points: Points) -> Points:
        found: np.ndarray = ndtr((needed - margin) / sigma - points)
        return found

    found, _ = normal_mean(below, strip=0.5, bound=2.0)
    sentence = f"Integrating over the noise of $s_j$ gives ${scientific(found)}$."
    return Direct(sentence, math.isclose(found, value, rel_tol=1e-9, abs_tol=1e-13))


def _lost_directly(value: float, margin: float, sigma: float, n: float) -> Direct:
    """The other order: given the noise of key j, the other scores are independent."""
    import numpy as np
    from scipy.special import log_ndtr

    def some_above(points: Points) -> Points:
        found: np.ndarray = -np.expm1((n - 1) * log_ndtr(margin / sigma + points))
        return found

    found, _ = normal_mean(some_above, strip=0.05)
    sentence = f"Integrating over the noise of $s_j$ instead gives ${scientific(found)}$."
    return Direct(sentence, math.isclose(found, value, rel_tol=1e-6, abs_tol=1e-12))


def _rest_directly(value: float, theta: float, margin: float, sigma: float, n: float) -> Direct:
    others = drawn_keys.attention(drawn(margin, sigma, n))[:, 1:].sum(axis=1)
    return drawn_keys.compare(others, 0, value, "The mean weight of the other keys is")


def _margin_directly(value: float, epsilon: float, delta: float, sigma: float, n: float) -> Direct:
    others = drawn_keys.attention(drawn(value, sigma, n))[:, 1:].sum(axis=1)
    what = r"At this margin the others get more than $\varepsilon$ with frequency"
    return drawn_keys.compare((others > epsilon).astype(float), 0, delta, what)


_HALF, _HUNDREDTH = sp.Rational(1, 2), sp.Rational(1, 100)
CLAIMS = (
    Claim(
        key="noisy_scores.weight",
        question="2a",
        title="With noisy scores the weight of two keys is logistic-normal",
        statement=r"Of two keys, $\operatorname{logit} \alpha_j \sim \mathcal{N}(\Delta, "
        r"2\sigma^2)$ exactly: for $0 < w < 1$, $P(\alpha_j \le w) = {law}$.",
        assumptions=(*NOISY, EQUAL, "$n = 2$"),
        law=distribution,
        derive=_distribution,
        direct=_distribution_directly,
        twin=Phi((sp.log(w / (1 - w)) - gap) / sigma),
        changed=r"1 in place of $\sqrt{2}$",
        example={"w": sp.Rational(9, 10), "margin": 4, "sigma": 1},
        source="practical, question 2a; Aitchison and Shen 1980 (logistic-normal distributions)",
    ),
    Claim(
        key="noisy_scores.lost",
        question="2a",
        title="How often noise gives another key the largest score",
        statement=r"Key $j$ has no longer the largest score with probability "
        r"$P(\operatorname{lost}) = {law}$, and $\Phi(-y) \le P(\operatorname{lost}) \le (n - 1) "
        r"\Phi(-y)$ with $y = \Delta/(\sqrt{2}\,\sigma)$: equalities for $n = 2$. It depends on "
        r"$\Delta/\sigma$ alone, so a longer query does not help where the keys carry the noise.",
        assumptions=(*NOISY, EQUAL),
        law=lost,
        derive=_lost,
        direct=_lost_directly,
        twin=outdone(gap, sigma, n - 1),
        changed="$n - 1$ in place of $n$",
        example={"margin": 4, "sigma": 1, "n": 16},
        source="practical, question 2a; distribution of a maximum",
        variables={m: ANY, **UNION},
    ),
    Claim(
        key="noisy_scores.rest",
        question="2a",
        title="The mean weight that noisy scores leave to the other keys",
        statement=r"For every $\theta$ in $[0, 1]$, $E[1 - \alpha_j] \le {law}$. For "
        r"$\Delta \ge 2\sigma^2$ the best is $(n - 1) e^{-\Delta + \sigma^2}$, where $\theta = 1$; "
        r"for $0 \le \Delta \le 2\sigma^2$ it is $(n - 1) e^{-\Delta^2/(4\sigma^2)}$, where "
        r"$\theta = \Delta/(2\sigma^2)$: there noise, not softmax, decides.",
        assumptions=(*NOISY, AT_LEAST),
        law=rest,
        derive=_rest,
        direct=_rest_directly,
        twin=(n - 1) * sp.exp(-(theta**2) * sigma**2 - theta * gap),
        changed=r"the sign of $\theta^2\sigma^2$",
        example={"theta": 1, "margin": 6, "sigma": _HALF, "n": 16},
        source="practical, question 2a; Chernoff's bound",
        variables={w: UNIT, R: POSITIVE, u: UNIT, v: UNIT, x: ANY},
    ),
    Claim(
        key="noisy_scores.margin",
        question="2a",
        title="The margin that noisy scores need",
        statement=r"A margin $\Delta \ge {law}$ suffices for $\alpha_j \ge 1 - \varepsilon$ with "
        r"probability at least $1 - \delta$: the margin of claim copying.margin, and a multiple "
        r"of the noise on top.",
        assumptions=(*NOISY, AT_LEAST, r"$0 < \varepsilon < 1$ and $0 < \delta < \frac{1}{2}$"),
        law=margin,
        derive=_margin,
        direct=_margin_directly,
        twin=copying.margin.expression + sigma * sp.sqrt(sp.log((n - 1) / (2 * delta))),
        changed=r"1 in place of 2 before $\sigma$",
        example={"epsilon": _HUNDREDTH, "delta": _HUNDREDTH, "sigma": _HALF, "n": 16},
        source="practical, question 2a; union bound",
        variables={y: NONNEGATIVE, **UNION},
    ),
)
