"""Question 2c: one head on noisy keys k_i ~ N(μ_i, Σ_i) with q = β(μ_a + μ_b).

The means μ_i are orthonormal. Σ_i = αI, but for Σ_a = αI + r μ_aμ_aᵀ, where r (`radial`) is 0 in
2c.1 and ½ in 2c.2. The share s = α_a/(α_a + α_b) is logit-normal exactly, whatever n is.
"""

from __future__ import annotations

import sympy as sp

from theory.gaussian import Phi, mean_of_exponential, phi, tail_bound
from theory.noisy_keys import ASSUMED, MU_A, MU_B, MU_I, SIGMA, SIGMA_A, covariance, mean
from theory.proof.claim import Claim
from theory.proof.law import Law
from theory.proof.steps import Proof
from theory.symbols import (
    ANY,
    GAIN_OF_QUERY,
    HALF,
    KEYS,
    LOGIT,
    NOISE,
    NONNEGATIVE,
    POSITIVE,
    POSITIVE_GAIN,
    RADIAL,
    SHARE,
    UNIT,
    alpha,
    beta,
    delta,
    logit,
    n,
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
near_half = Law(
    r"P(|s - \frac{1}{2}| \le \delta)",
    1 - 2 * Phi(-sp.log((1 + 2 * delta) / (1 - 2 * delta)) / (2 * beta * sp.sqrt(alpha))),
    (HALF, NOISE, POSITIVE_GAIN),
)
background = Law(
    r"E[1 - \alpha_a - \alpha_b]",
    (n - 2) * sp.exp(-beta + 2 * alpha * beta**2),
    (NOISE, GAIN_OF_QUERY, KEYS),
    relation=r"\le",
)
undecided = Law(
    r"P(\min(s, 1 - s) > \delta)",
    2 * Phi(sp.log((1 - delta) / delta) / tau) - 1,
    (HALF, NOISE, POSITIVE_GAIN, RADIAL),
)
variance_bound = Law(
    r"\operatorname{Var}(s)",
    sp.Rational(1, 4) - 1 / (sp.sqrt(2 * sp.pi) * tau),
    (NOISE, POSITIVE_GAIN, RADIAL),
    relation=r"\ge",
)

Q = beta * (MU_A + MU_B)
s_a, s_b = sp.symbols("s_a s_b", real=True)
A, B, T, tau_symbol, u, v = sp.symbols("A B T tau u v", positive=True)
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
        r"so $1 - P$ is at most this, which tends to 0 when $\alpha \beta^2 \to 0$; and $P$ stays "
        r"away from 1 when $\alpha \beta^2$ does not, as $\Phi$ rises strictly",
        r"e^{-L^2 / (2\tau^2)}",
    )


def _background(formula: sp.Expr, proof: Proof) -> None:
    proof.at_most(
        T / (A + B + T),
        T / B,
        r"with $A = e^{s_a}$, $B = e^{s_b}$ and $T = \sum_{i \ne a, b} e^{s_i}$",
        r"1 - \alpha_a - \alpha_b",
    )
    proof.equal(
        sp.Matrix([mean(MU_I, Q) - mean(MU_B, Q), 2 * covariance(SIGMA, Q, Q)]),
        sp.Matrix([-beta, 4 * alpha * beta**2]),
        r"each term $e^{s_i - s_b}$ of $T/B$ has a Gaussian exponent; $\Sigma_a$ does not enter",
        r"(E[s_i - s_b], \operatorname{Var}(s_i - s_b))^\top",
    )
    term = mean_of_exponential(-beta, 4 * alpha * beta**2, logit, proof)
    proof.equal((n - 2) * term, formula, r"sum over the $n - 2$ other keys", r"E[T/B]")


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
    slack = sp.sqrt(2 / sp.pi) * v - (2 * Phi(v) - 1)
    proof.equal(
        sp.Matrix([slack.subs(v, 0), sp.diff(slack, v)]),
        sp.Matrix([0, sp.sqrt(2 / sp.pi) * (1 - sp.exp(-(v**2) / 2))]),
        r"$g(v) = \sqrt{2/\pi}\, v - (2\Phi(v) - 1)$ starts at 0 and never falls, so "
        r"$2\Phi(v) - 1 \le \sqrt{2/\pi}\, v$",
        r"(g(0), g'(v))^\top",
    )
    proof.equal(
        sp.sqrt(2 / sp.pi) * edge / spread,
        sp.sqrt(2 / sp.pi) * edge / (beta * sp.sqrt(4 * alpha + radial)),
        r"the bound at $v = L/\tau$: the probability of an undecided split falls like $1/\beta$, "
        r"however small $\alpha$ is, when $r = \frac{1}{2}$",
        r"\sqrt{2/\pi}\, L/\tau",
    )
    proof.equal(
        1 - Phi(0 / spread),
        sp.Rational(1, 2),
        "the logit has mean 0: each side is as likely as the other, a fair coin",
        r"P(s > \frac{1}{2})",
    )


def _variance(formula: sp.Expr, proof: Proof) -> None:
    logistic = 1 / (1 + sp.exp(-logit))
    proof.equal(
        (share - sp.Rational(1, 2)) ** 2,
        sp.Rational(1, 4) - share * (1 - share),
        r"$E[s] = \frac{1}{2}$ by symmetry, so $\operatorname{Var}(s) = \frac{1}{4} - E[s(1 - s)]$",
    )
    proof.equal(
        sp.diff(logistic, logit),
        logistic * (1 - logistic),
        r"$s(1 - s)$ is the derivative of the logistic function at $x = \operatorname{logit} s$, "
        "whose integral over the line is 1",
    )
    proof.at_most(
        u / (sp.sqrt(2 * sp.pi) * tau_symbol),
        1 / (sp.sqrt(2 * sp.pi) * tau_symbol),
        r"the density of $x$, with $u = e^{-x^2/(2\tau^2)} \le 1$, is largest at 0",
    )
    proof.equal(
        sp.Rational(1, 4) - 1 / sp.sqrt(2 * sp.pi * split_variance.expression),
        formula,
        r"so $E[s(1 - s)]$ is at most that largest density",
        r"\frac{1}{4} - \frac{1}{\sqrt{2\pi}\,\tau}",
    )


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
    ),
    Claim(
        key="single_head.average",
        question="2c.1",
        title="With vanishing isotropic noise the split stays near one half",
        statement=r"With $\Sigma_i = \alpha I$ for every $i$, "
        r"$P(|s - \frac{1}{2}| \le \delta) = {law}$, which tends to 1 if and only if "
        r"$\alpha \beta^2 \to 0$.",
        assumptions=(*ASSUMED, r"$r = 0$", SPLIT, r"$0 < \delta < \frac{1}{2}$"),
        law=near_half,
        derive=_average,
        twin=1
        - 2 * Phi(-sp.log((1 + 2 * delta) / (1 - 2 * delta)) / (2 * beta * sp.sqrt(2 * alpha))),
        changed=r"$2\alpha$ in place of $\alpha$",
        example={"delta": sp.Rational(1, 10), "alpha": sp.Rational(1, 10**4), "beta": 8},
        source="practical, question 2c.1",
        variables={u: NONNEGATIVE},
    ),
    Claim(
        key="single_head.background",
        question="2c.1",
        title="The other keys receive little, with or without radial noise",
        statement=r"$E[1 - \alpha_a - \alpha_b] \le {law}$, whatever $r$ is; so "
        r"$E\lVert c - (s v_a + (1 - s) v_b) \rVert$ is at most this times the diameter of the "
        "values.",
        assumptions=(*ASSUMED, SPLIT),
        law=background,
        derive=_background,
        twin=(n - 2) * sp.exp(-beta + alpha * beta**2),
        changed=r"$\alpha$ in place of $2\alpha$",
        example={"alpha": sp.Rational(1, 10**4), "beta": 12, "n": 16},
        source="practical, question 2c; moment generating function of the normal",
        variables={A: POSITIVE, B: POSITIVE, T: POSITIVE, logit: ANY},
    ),
    Claim(
        key="single_head.coin",
        question="2c.2",
        title="With radial noise the output is one of the two values, by a fair coin",
        statement=r"$P(\delta < s < 1 - \delta) = {law} \le "
        r"\sqrt{\frac{2}{\pi}} \frac{\log((1 - \delta)/\delta)}{\beta \sqrt{4\alpha + r}}$, which "
        r"tends to 0 as $\beta \to \infty$; $s$ is then near 0 or near 1 with equal probability.",
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
    ),
    Claim(
        key="single_head.variance",
        question="2c.2",
        title="The split of one head varies almost as much as a coin",
        statement=r"$\frac{1}{4} \ge \operatorname{Var}(s) \ge {law}$, so the variance tends to "
        r"that of a fair coin as $\beta \to \infty$.",
        assumptions=(*ASSUMED, SPLIT),
        law=variance_bound,
        derive=_variance,
        twin=sp.Rational(1, 4) - 1 / (2 * sp.sqrt(2 * sp.pi) * tau),
        changed="half of the second term",
        example={"alpha": sp.Rational(1, 100), "beta": 30, "radial": sp.Rational(1, 2)},
        source="practical, question 2c.2",
        variables={share: UNIT, logit: ANY, u: UNIT, tau_symbol: POSITIVE},
    ),
)  # fmt: skip
