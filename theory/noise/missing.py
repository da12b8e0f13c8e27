"""How often, in question 2d.2, head 1 misses v_a, and how fast it becomes all or nothing.

Under q₁ = βμ_a the score of k_a is β·N(1, r + α) and the others are β·N(0, α), independent. As β
grows, the whole weight goes to the largest score.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from theory.gaussian import Abbreviation, Phi, phi, tail_bound
from theory.noise import drawn_keys
from theory.noise.noisy_keys import ASSUMED, MU_A, SIGMA, SIGMA_A, covariance, mean
from theory.noise.union import UNION, union_bound
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import (
    ANY,
    KEYS,
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

m, x = sp.symbols("m x", real=True)
A, g, u = sp.symbols("A g u", positive=True)
y = sp.Symbol("y", nonnegative=True)


def missing(noise: sp.Expr, keys: sp.Expr, spread: sp.Expr) -> sp.Expr:
    """P(N(1, spread + noise) lies below the largest of keys − 1 independent N(0, noise)).

    The largest of keys − 1 standard normals has density (keys − 1) φ(m) Φ(m)^(keys − 2).
    """
    density = (keys - 1) * phi(m) * Phi(m) ** (keys - 2)
    below = Phi((sp.sqrt(noise) * m - 1) / sp.sqrt(spread + noise))
    return sp.Integral(density * below, (m, -sp.oo, sp.oo))


class Missing(Abbreviation):
    """The probability p(α, n, r) that a head misses its value as β → ∞."""

    nargs = 3
    letter = "p"

    def definition(self) -> sp.Expr:
        return missing(*self.args)


miss = Law(r"p(\alpha, n, r)", missing(alpha, n, radial), (NOISE, KEYS, RADIAL))
miss_bound = Law(
    r"p(\alpha, n, r)",
    Phi((alpha ** sp.Rational(1, 4) - 1) / sp.sqrt(radial + alpha))
    + (n - 1) * sp.exp(-1 / (2 * sp.sqrt(alpha))) / 2,
    (NOISE, KEYS, RADIAL),
    relation=r"\le",
)
limit_bound = Law(
    r"|E[w_1] - 1 + p(\alpha, n, r)|",
    sp.log(2 * n) / (beta * sp.sqrt(2 * sp.pi * (radial + alpha))),
    (NOISE, POSITIVE_GAIN, KEYS, RADIAL),
    relation=r"\le",
)

Q1 = beta * MU_A
HEAD_1 = r"$q_1 = \beta \mu_a$; $w_1$ is the weight of head 1 on $v_a$"
LARGEST = (
    r"as $\beta \to \infty$ a head puts its whole weight on the largest score (ties have "
    "probability 0); it misses its value if that is the score of another key"
)


def _miss(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        sp.Matrix([covariance(SIGMA_A, MU_A, MU_A), covariance(SIGMA, MU_A, MU_A)]),
        sp.Matrix([radial + alpha, alpha]),
        r"$k_a^\top \mu_a \sim \mathcal{N}(1, r + \alpha)$, the others are independent "
        r"$\mathcal{N}(0, \alpha)$; the gain only scales all of them",
        r"(\mu_a^\top \Sigma_a \mu_a, \mu_a^\top \Sigma_i \mu_a)^\top",
    )
    density = (n - 1) * phi(m) * Phi(m) ** (n - 2)
    proof.equal(
        sp.diff(Phi(m) ** (n - 1), m),
        density,
        r"the largest of $n - 1$ standard normals is below $m$ with probability "
        r"$\Phi(m)^{n - 1}$, so this is its density",
        r"\frac{d}{dm} \Phi(m)^{n - 1}",
    )
    edge = sp.sqrt(covariance(SIGMA, MU_A, MU_A)) * m - mean(MU_A, MU_A)
    below = Phi(edge / sp.sqrt(covariance(SIGMA_A, MU_A, MU_A)))
    proof.equal(
        sp.Integral(density * below, (m, -sp.oo, sp.oo)),
        formula,
        r"given that the largest of the others is $\sqrt{\alpha}\, m$, head 1 misses if "
        r"$k_a^\top \mu_a < \sqrt{\alpha}\, m$: standardise, and weigh by the density of $m$",
        r"p(\alpha, n, r)",
    )
    proof.equal(
        m**2 + (A + g * m) ** 2,
        (1 + g**2) * (m + A * g / (1 + g**2)) ** 2 + A**2 / (1 + g**2),
        r"complete the square: the derivative of $\int \varphi(m) \Phi(A + gm)\, dm$ in $A$ is "
        r"that of $\Phi(A/\sqrt{1 + g^2})$, and both vanish at $A \to -\infty$",
    )
    slope, shift = sp.sqrt(alpha / (radial + alpha)), -1 / sp.sqrt(radial + alpha)
    proof.equal(
        (shift / sp.sqrt(1 + slope**2)) ** 2,
        1 / (radial + 2 * alpha),
        r"so for two keys $p(\alpha, 2, r) = \Phi(-1/\sqrt{r + 2\alpha})$, with "
        r"$g^2 = \alpha/(r + \alpha)$ and $A = -1/\sqrt{r + \alpha}$",
        r"\frac{A^2}{1 + g^2}",
    )


def _miss_bound(formula: sp.Expr, proof: Proof) -> None:
    level = alpha ** sp.Rational(1, 4)
    union_bound(
        proof,
        r"head 1 misses only if $k_a^\top \mu_a < c$ or some other $k_i^\top \mu_a > c$; for the "
        "latter, ",
    )
    tail = tail_bound(y, proof)
    of_other = level / sp.sqrt(covariance(SIGMA, MU_A, MU_A))
    of_a = (level - mean(MU_A, MU_A)) / sp.sqrt(covariance(SIGMA_A, MU_A, MU_A))
    proof.equal(
        sp.Matrix([of_other * alpha ** sp.Rational(1, 4), of_a * sp.sqrt(radial + alpha)]),
        sp.Matrix([1, alpha ** sp.Rational(1, 4) - 1]),
        r"choose $c = \alpha^{1/4}$. Standardised, it lies $t = \alpha^{-1/4}$ above the mean of "
        r"another key and $t_a = (1 - \alpha^{1/4})/\sqrt{r + \alpha}$ below that of $k_a$",
        r"(t \alpha^{1/4}, -t_a \sqrt{r + \alpha})^\top",
    )
    proof.equal(
        Phi(of_a) + (n - 1) * tail.subs(y, of_other) / 2,
        formula,
        r"the union bound with $2\Phi(-t) \le e^{-t^2/2}$; as $\alpha \to 0$, $t \to \infty$ and "
        r"the sum tends to $\Phi(-1/\sqrt{r})$",
        r"\Phi(-t_a) + (n - 1) e^{-t^2/2}/2",
    )
    own, other = (covariance(sigma, MU_A, MU_A) for sigma in (SIGMA_A, SIGMA))
    proof.at_most(
        1 / (own + other),
        1 / own,
        r"from below, $p$ is at least the two-key value $\Phi(-1/\sqrt{r + 2\alpha})$, as more "
        r"keys can only exceed more; that is above $\Phi(-1/\sqrt{r + \alpha})$, so missing is "
        "likelier than a negative score",
        equality={alpha: 0},
    )


def _limit(formula: sp.Expr, proof: Proof) -> None:
    few = (n - 1) * sp.exp(-x)
    losses = sp.log(1 + few), sp.log(1 + sp.exp(x))
    proof.equal(
        sp.Matrix([sp.diff(loss, x) for loss in losses]),
        sp.Matrix([-few / (1 + few), sp.exp(x) / (1 + sp.exp(x))]),
        r"let $x$ be $s_a$ less the largest other score. If $x > 0$, claim "
        r"copying.weight bounds $1 - w_1$ by the negative of the first entry; if $x < 0$ the "
        r"second bounds $w_1$, as a single key already has a score larger by $|x|$. Integrated, "
        r"over $x > 0$ and $x < 0$, they give $\log n$ and $\log 2$",
        r"\frac{d}{dx} (\log(1 + (n - 1) e^{-x}), \log(1 + e^x))^\top",
    )
    largest = 1 / sp.sqrt(2 * sp.pi * covariance(SIGMA_A, Q1, Q1))
    proof.at_most(
        u * y,
        u,
        r"$s_a$ is Gaussian and independent of the other scores, so the density of $x$ is a mean "
        r"of its density: that is $uy$ with $u$ its largest value and $y = "
        r"e^{-(s_a - \beta)^2 / (2\sigma^2)} \le 1$",
        equality={y: 1},
    )
    proof.equal(
        largest * sum(loss.subs(x, 0) for loss in losses),
        formula,
        r"integrate $1 - w_1$ for $x > 0$ and $w_1$ for $x < 0$ against a density of at most "
        r"$u = 1/(\sqrt{2\pi}\,\sigma)$ with $\sigma^2 = (\alpha + r)\beta^2$",
        r"u (\log n + \log 2)",
    )


def _miss_directly(value: float, alpha: float, n: float, radial: float) -> Direct:
    missed, negative = _outcomes(alpha, n, radial)
    found = drawn_keys.compare(missed, value, value, "Another key wins over $k_a$ with frequency")
    if not len(missed):
        return found
    below = f"Its score is negative with frequency ${scientific(float(negative.mean()))}$."
    return Direct(f"{found.sentence} {below}", found.agrees)


def _miss_bound_directly(value: float, alpha: float, n: float, radial: float) -> Direct:
    missed, _ = _outcomes(alpha, n, radial)
    return drawn_keys.compare(missed, 0, value, "Another key wins over $k_a$ with frequency")


def _outcomes(alpha: float, n: float, radial: float) -> tuple[np.ndarray, np.ndarray]:
    """Whether head 1 misses, and whether its score is negative; no gain changes either."""
    import numpy as np

    (found,) = drawn_keys.scores(np.ones((1, 1)), int(n), alpha, radial)
    return (found.argmax(axis=1) > 0).astype(float), (found[:, 0] < 0).astype(float)


def _limit_directly(value: float, alpha: float, beta: float, n: float, radial: float) -> Direct:
    import numpy as np

    (found,) = drawn_keys.scores(np.full((1, 1), beta), int(n), alpha, radial)
    apart = np.abs(drawn_keys.attention(found)[:, 0] - (found.argmax(axis=1) == 0))
    what = "The mean distance of $w_1$ from all or nothing is"
    return drawn_keys.compare(apart, 0, value, what)


CLAIMS = (
    Claim(
        key="multi_head.miss",
        question="2d.2",
        title="How often head 1 misses its value",
        statement=r"The score of $k_a$ under $q_1$ is not the largest with probability "
        r"$p(\alpha, n, r) = {law}$; for $n = 2$ this is $\Phi(-1/\sqrt{r + 2\alpha})$.",
        assumptions=(*ASSUMED, HEAD_1, LARGEST),
        law=miss,
        derive=_miss,
        direct=_miss_directly,
        twin=missing(alpha, n - 1, radial),
        changed="$n - 1$ in place of $n$",
        example={"alpha": sp.Rational(1, 100), "n": 16, "radial": sp.Rational(1, 2)},
        source="practical, question 2d.2; distribution of a maximum",
        variables={m: ANY, A: POSITIVE, g: POSITIVE},
    ),
    Claim(
        key="multi_head.miss_bound",
        question="2d.2",
        title="Missing tends to the probability of a negative score",
        statement=r"$\Phi(-1/\sqrt{r + 2\alpha}) \le p(\alpha, n, r) \le {law}$. As "
        r"$\alpha \to 0$ both tend to $\Phi(-1/\sqrt{r})$, the practical's $\Phi(-\sqrt{2})$ at "
        r"$r = \frac{1}{2}$, and to 0 if $r = 0$.",
        assumptions=(*ASSUMED, HEAD_1, LARGEST),
        law=miss_bound,
        derive=_miss_bound,
        direct=_miss_bound_directly,
        twin=Phi((-(alpha ** sp.Rational(1, 4)) - 1) / sp.sqrt(radial + alpha))
        + (n - 1) * sp.exp(-1 / (2 * sp.sqrt(alpha))) / 2,
        changed=r"the sign of $\alpha^{1/4}$",
        example={"alpha": sp.Rational(1, 10**4), "n": 16, "radial": sp.Rational(1, 2)},
        source="practical, question 2d.2; union bound",
        variables={y: NONNEGATIVE, **UNION},
    ),
    Claim(
        key="multi_head.limit",
        question="2d.2",
        title="How fast head 1 becomes all or nothing",
        statement=r"Compare $w_1$ with the number that is 1 if $k_a$ has the largest score and 0 "
        r"otherwise. For every $n$ and $\beta > 0$ their mean distance is at most ${law}$, and so "
        r"is $|E[w_1] - (1 - p(\alpha, n, r))|$.",
        assumptions=(
            *ASSUMED,
            HEAD_1,
            r"$p(\alpha, n, r)$ is the probability of claim multi_head.miss",
        ),
        law=limit_bound,
        derive=_limit,
        direct=_limit_directly,
        twin=sp.log(2 * n) / (beta * sp.sqrt(8 * sp.pi * (radial + alpha))),
        changed=r"$8\pi$ in place of $2\pi$: half the bound",
        example={
            "alpha": sp.Rational(1, 100),
            "beta": 100,
            "n": 16,
            "radial": sp.Rational(1, 2),
        },
        source="practical, question 2d.2",
        variables={x: ANY, u: POSITIVE, y: UNIT},
    ),
)
