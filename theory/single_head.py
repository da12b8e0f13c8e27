"""Question 2c: one head on noisy keys k_i ~ N(μ_i, Σ_i) with q = β(μ_a + μ_b).

The means μ_i are orthonormal. Σ_i = αI, but for Σ_a = αI + r μ_aμ_aᵀ, where r (`radial`) is 0 in
2c.1 and ½ in 2c.2. The share s = α_a/(α_a + α_b) is logit-normal exactly, whatever n is.
"""

from __future__ import annotations

import sympy as sp

from theory.gaussian import Phi, phi
from theory.noise.noisy_keys import (
    ASSUMED,
    MU_A,
    MU_B,
    MU_I,
    SIGMA,
    SIGMA_A,
    arrays,
    covariance,
    mean,
)
from theory.proof.claim import Claim
from theory.proof.direct import Direct, close
from theory.proof.law import Law
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import (
    ANY,
    GAIN_OF_QUERY,
    LOGIT,
    NOISE,
    POSITIVE,
    POSITIVE_GAIN,
    RADIAL,
    SHARE,
    UNIT,
    alpha,
    beta,
    logit,
    radial,
    share,
)  # fmt: skip

score_variance = Law(
    r"\operatorname{Var}(k_a^\top q)",
    (2 * alpha + radial) * beta**2,
    (NOISE, GAIN_OF_QUERY, RADIAL),
)
split_variance = Law(r"\tau^2", (4 * alpha + radial) * beta**2, (NOISE, GAIN_OF_QUERY, RADIAL))
tau = sp.sqrt(4 * alpha + radial) * beta
logit_cdf = Law(
    r"P(\operatorname{logit} s \le x)", Phi(logit / tau), (LOGIT, NOISE, POSITIVE_GAIN, RADIAL)
)
split_cdf = Law(
    r"P(s \le x)",
    Phi(sp.log(share / (1 - share)) / tau),
    (SHARE, NOISE, POSITIVE_GAIN, RADIAL),
)

Q = beta * (MU_A + MU_B)
s_a, s_b = sp.symbols("s_a s_b", real=True)
T = sp.Symbol("T", positive=True)
SPLIT = (
    r"$q = \beta (\mu_a + \mu_b)$, and $s = \alpha_a / (\alpha_a + \alpha_b)$ is the share of $v_a$"
)


def _scores(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        sp.Matrix([mean(mu, Q) for mu in (MU_A, MU_B, MU_I)]),
        sp.Matrix([beta, beta, 0]),
        r"$\mu_i^\top q$ in coordinates along $\mu_a$, $\mu_b$ and any other mean",
        r"(E[k_a^\top q], E[k_b^\top q], E[k_i^\top q])^\top",
    )
    proof.equal(
        covariance(SIGMA_A, Q, Q),
        formula,
        r"a linear image of a Gaussian vector is Gaussian with variance $q^\top \Sigma q$",
        r"q^\top \Sigma_a q",
    )
    proof.equal(
        covariance(SIGMA, Q, Q),
        formula.subs(radial, 0),
        r"the same for $i \ne a$; keys are independent, so their scores are",
        r"q^\top \Sigma_i q",
    )


def _split(formula: sp.Expr, proof: Proof) -> None:
    total = sp.exp(s_a) + sp.exp(s_b) + T
    proof.equal(
        sp.exp(s_a) / total / (sp.exp(s_a) / total + sp.exp(s_b) / total),
        1 / (1 + sp.exp(-(s_a - s_b))),
        r"the other $n - 2$ keys, $T$ in the denominator, cancel: $\operatorname{logit} s = "
        r"s_a - s_b$",
        r"s",
    )
    proof.equal(
        mean(MU_A, Q) - mean(MU_B, Q),
        sp.Integer(0),
        "both means are equal",
        r"E[s_a - s_b]",
    )
    proof.equal(
        covariance(SIGMA_A, Q, Q) + covariance(SIGMA, Q, Q),
        formula,
        r"independent scores: variances add, so $\operatorname{logit} s \sim "
        r"\mathcal{N}(0, \tau^2)$",
        r"\operatorname{Var}(s_a - s_b)",
    )
    log_odds = sp.log(share / (1 - share))
    proof.equal(
        sp.diff(split_cdf.expression, share),
        phi(log_odds / sp.sqrt(formula)) / (sp.sqrt(formula) * share * (1 - share)),
        r"differentiate $P(s \le x) = \Phi(\operatorname{logit}(x)/\tau)$ at $x = s$: the density "
        "is the logit-normal one",
    )


def _scores_directly(value: float, alpha: float, beta: float, radial: float) -> Direct:
    means, covariances = arrays(alpha, radial)
    q = beta * (means[0] + means[1])
    found, other = float(q @ covariances[0] @ q), float(q @ covariances[2] @ q)
    sentence = (
        rf"In a basis of $\mathbb{{R}}^4$ in which the means have the coordinates "
        rf"$\pm \frac{{1}}{{2}}$, $q^\top \Sigma_a q = {scientific(found)}$ and "
        rf"$q^\top \Sigma_i q = {scientific(other)}$ for $i \ne a$."
    )
    return Direct(sentence, close(found, value))


def _split_directly(value: float, alpha: float, beta: float, radial: float) -> Direct:
    """The difference of the scores is linear in the pair of keys, drawn with one covariance."""
    import numpy as np

    means, covariances = arrays(alpha, radial)
    q = beta * (means[0] + means[1])
    row, both = np.concatenate([q, -q]), np.zeros((8, 8))
    both[:4, :4], both[4:, 4:] = covariances[:2]
    found = float(row @ both @ row)
    sentence = (
        rf"The variance of $q^\top k_a - q^\top k_b$ from the covariance of all eight coordinates "
        rf"of $k_a$ and $k_b$ in $\mathbb{{R}}^4$ is ${scientific(found)}$."
    )
    return Direct(sentence, close(found, value))


CLAIMS = (
    Claim(
        key="single_head.scores",
        question="2c.1",
        title="The scores are independent Gaussians",
        statement=r"$k_i^\top q$ has mean $\beta$ for $i = a, b$ and 0 otherwise, and "
        r"$\operatorname{Var}(k_a^\top q) = {law}$, for the others the same with $r = 0$.",
        assumptions=(*ASSUMED, r"$q = \beta (\mu_a + \mu_b)$"),
        law=score_variance,
        derive=_scores,
        twin=(2 * alpha + 2 * radial) * beta**2,
        changed="$2r$ in place of $r$",
        example={"alpha": sp.Rational(1, 100), "beta": 10, "radial": sp.Rational(1, 2)},
        source="practical, question 2c",
        direct=_scores_directly,
    ),
    Claim(
        key="single_head.split",
        question="2c.2",
        title="The split between the two values is logit-normal",
        statement=r"For every $n$, $\operatorname{logit} s \sim \mathcal{N}(0, \tau^2)$ exactly, "
        r"with $\tau^2 = {law}$: $4\alpha\beta^2$ in part 1 and $(\frac{1}{2} + 4\alpha)\beta^2$ "
        r"in part 2.",
        assumptions=(*ASSUMED, SPLIT),
        law=split_variance,
        derive=_split,
        twin=(2 * alpha + radial) * beta**2,
        changed=r"$2\alpha$ in place of $4\alpha$",
        example={"alpha": sp.Rational(1, 100), "beta": 10, "radial": sp.Rational(1, 2)},
        source="practical, question 2c; Aitchison and Shen 1980 (logistic-normal distributions)",
        variables={s_a: ANY, s_b: ANY, T: POSITIVE, share: UNIT},
        direct=_split_directly,
    ),
)  # fmt: skip
