"""Question 2d: two heads, q₁ = βμ_a and q₂ = βμ_b, whose outputs are averaged.

Keys are as in question 2c. The weight of head 1 on v_a and the weight of head 2 on v_b are each
near one, so c is near the average, unless head 1 misses v_a.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from theory.gaussian import Phi, mean_of_exponential
from theory.noise import drawn_keys
from theory.noise.missing import HEAD_1, LARGEST, Missing
from theory.noise.noisy_keys import ASSUMED, MU_A, MU_B, MU_I, SIGMA, SIGMA_A, covariance, mean
from theory.proof.algebra import softmax
from theory.proof.claim import Claim
from theory.proof.direct import Direct, close, unit, weights
from theory.proof.law import Law
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import (
    ANY,
    GAIN_OF_QUERY,
    KEYS,
    NOISE,
    NONNEGATIVE,
    POSITIVE,
    POSITIVE_GAIN,
    RADIAL,
    UNIT,
    WEIGHT,
    alpha,
    beta,
    diameter,
    n,
    radial,
    weight,
)  # fmt: skip

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

s_a, s_b, x, v_a, v_b, others = sp.symbols(r"s_a s_b x v_a v_b \bar{v}", real=True)
A, T, u = sp.symbols("A T u", positive=True)
y, z, p_1, p_2 = sp.symbols("y z p_1 p_2", nonnegative=True)

leak = Law(
    r"\lambda", (n - 2) * sp.exp(-beta) / (1 + (n - 1) * sp.exp(-beta)), (GAIN_OF_QUERY, KEYS)
)
loss_bound = Law(
    r"E[1 - w_1]",
    (n - 1) * sp.exp(-beta + (alpha + radial / 2) * beta**2),
    (NOISE, GAIN_OF_QUERY, KEYS, RADIAL),
    relation=r"\le",
)
negative_score = Law(r"P(q_1^\top k_a < 0)", Phi(-1 / sp.sqrt(radial + alpha)), (NOISE, RADIAL))
head_cdf = Law(
    r"P(w_1 \le w)",
    Phi((sp.log(weight / (1 - weight)) - beta) / (beta * sp.sqrt(radial + 2 * alpha))),
    (WEIGHT, NOISE, POSITIVE_GAIN, RADIAL),
)
_missed, _astray = Missing(alpha, n, radial), Missing(alpha, n, sp.Integer(0)) / (n - 1)
limit_variance = Law(
    r"\operatorname{Var}(W_a)",
    (_missed * (1 - _missed) + _astray * (1 - _astray)) / 4,
    (NOISE, KEYS, RADIAL),
)

Q1, Q2 = beta * MU_A, beta * MU_B
HEADS = r"$q_1 = \beta \mu_a$, $q_2 = \beta \mu_b$, $c = \frac{1}{2}(c_1 + c_2)$"
LARGEST_BUILT = 500


def _average(formula: sp.Expr, proof: Proof) -> None:
    on, off = softmax([(beta, sp.Integer(1)), (sp.Integer(0), n - 1)])
    proof.equal(
        (on + off) / 2,
        (1 - formula) / 2,
        r"with $w_{ji}$ the weight of head $j$ on value $i$: head 1 gives $v_a$ the weight "
        r"$e^\beta/(e^\beta + n - 1)$, head 2 gives it "
        r"$1/(e^\beta + n - 1)$; for $v_b$ the other way round",
        r"\frac{1}{2}(w_{1a} + w_{2a})",
    )
    proof.equal(
        (on + off) / 2 * (v_a + v_b) + (n - 2) * off * others - (v_a + v_b) / 2,
        formula * (others - (v_a + v_b) / 2),
        r"in each coordinate, with $\bar{v}$ the mean of the $n - 2$ other values",
        r"c - \frac{1}{2}(v_a + v_b)",
    )


def _noise(formula: sp.Expr, proof: Proof) -> None:
    proof.at_most(
        T / (A + T),
        T / A,
        r"with $A = e^{s_a}$ and $T = \sum_{i \ne a} e^{s_i}$",
        "1 - w_1",
    )
    spread = covariance(SIGMA, Q1, Q1) + covariance(SIGMA_A, Q1, Q1)
    proof.equal(
        sp.Matrix([mean(MU_I, Q1) - mean(MU_A, Q1), spread]),
        sp.Matrix([-beta, (2 * alpha + radial) * beta**2]),
        r"each term $e^{s_i - s_a}$ of $T/A$ has a Gaussian exponent",
        r"(E[s_i - s_a], \operatorname{Var}(s_i - s_a))^\top",
    )
    term = mean_of_exponential(-beta, (2 * alpha + radial) * beta**2, x, proof)
    proof.equal((n - 1) * term, formula, r"sum over the $n - 1$ other keys", r"E[T/A]")
    spreads = [covariance(SIGMA, Q2, Q2) + covariance(s, Q2, Q2) for s in (SIGMA_A, SIGMA)]
    proof.equal(
        sp.Matrix(spreads),
        sp.Matrix([2 * alpha * beta**2] * 2),
        r"for head 2 the variances of $s_a - s_b$ and of any other $s_i - s_b$, both as with "
        r"$r = 0$: $q_2$ does not meet the radial noise. So its bound is the same with $r = 0$",
        r"(\operatorname{Var}(s_a - s_b), \operatorname{Var}(s_i - s_b))^\top",
    )
    proof.at_most(
        diameter * (u * y + u * z) / 2,
        diameter * u,
        r"$\lVert c - \frac{1}{2}(v_a + v_b) \rVert \le \frac{1}{2} \lVert c_1 - v_a \rVert + "
        r"\frac{1}{2} \lVert c_2 - v_b \rVert \le \frac{D}{2} (1 - w_1) + \frac{D}{2} (1 - w_2)$ "
        r"(claim copying.error), with $D$ the diameter of the values; with $r = 0$ both means "
        r"$E[1 - w_1] = uy$ and $E[1 - w_2] = uz$, $y, z \le 1$, are at most the bound $u$",
        equality={y: 1, z: 1},
    )


def _negative(formula: sp.Expr, proof: Proof) -> None:
    spread = covariance(SIGMA_A, Q1, Q1)
    proof.equal(
        sp.Matrix([mean(MU_A, Q1), spread]),
        sp.Matrix([beta, (radial + alpha) * beta**2]),
        r"$q_1^\top k_a$ is Gaussian",
        r"(E[q_1^\top k_a], \operatorname{Var}(q_1^\top k_a))^\top",
    )
    proof.equal(
        Phi(-mean(MU_A, Q1) / sp.sqrt(spread)), formula, r"standardise 0; the gain $\beta$ cancels"
    )


def _finite(formula: sp.Expr, proof: Proof) -> None:
    on, _ = softmax([(s_a, sp.Integer(1)), (s_b, sp.Integer(1))])
    proof.equal(
        on,
        1 / (1 + sp.exp(s_b - s_a)),
        r"with two keys of scores $s_a$ and $s_b$ the weight of head 1 is the logistic function of "
        r"their difference: $\operatorname{logit} w_1 = s_a - s_b$",
        "w_1",
    )
    spread = covariance(SIGMA_A, Q1, Q1) + covariance(SIGMA, Q1, Q1)
    centre = mean(MU_A, Q1) - mean(MU_B, Q1)
    proof.equal(
        sp.Matrix([centre, spread]),
        sp.Matrix([beta, beta**2 * (radial + 2 * alpha)]),
        r"independent scores: means subtract, variances add",
        r"(E[\operatorname{logit} w_1], \operatorname{Var}(\operatorname{logit} w_1))^\top",
    )
    proof.equal(
        Phi((sp.log(weight / (1 - weight)) - centre) / sp.sqrt(spread)),
        formula,
        r"standardise $\operatorname{logit} w$",
    )
    proof.equal(
        formula.subs(weight, sp.Rational(1, 2)),
        Phi(-1 / sp.sqrt(radial + 2 * alpha)),
        "head 1 gives $v_a$ the smaller weight as often as it misses, claim multi_head.miss",
        r"P(w_1 \le \frac{1}{2})",
    )


def _variance(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        sp.Matrix([covariance(s, Q1, Q2) for s in (SIGMA_A, SIGMA)]),
        sp.zeros(2, 1),
        r"the scores of the two heads are uncorrelated Gaussians: what head 1 picks is "
        "independent of what head 2 picks",
        r"(q_1^\top \Sigma_a q_2, q_1^\top \Sigma_i q_2)^\top",
    )
    proof.equal(
        covariance(SIGMA_A, MU_B, MU_B),
        alpha,
        r"head 2 does not see the radial noise of $k_a$: it misses $v_b$ with the probability of "
        r"claim multi_head.miss at $r = 0$, and each of the other $n - 1$ keys is picked alike",
        r"\mu_b^\top \Sigma_a \mu_b",
    )
    named = {_missed: u, Missing(alpha, n, sp.Integer(0)): z}
    proof.equal(
        ((1 - u) - (1 - u) ** 2 + z / (n - 1) - (z / (n - 1)) ** 2) / 4,
        formula.xreplace(named),
        r"$W_a$ is half the sum of two independent indicators, with means $1 - u$ and "
        r"$z/(n - 1)$, where $u = p(\alpha, n, r)$ and $z = p(\alpha, n, 0)$",
        r"\frac{1}{4}(\operatorname{Var}(1_{1a}) + \operatorname{Var}(1_{2a}))",
    )
    proof.equal(
        sp.Rational(1, 8) - (p_1 * (1 - p_1) + p_2 * (1 - p_2)) / 4,
        ((2 * p_1 - 1) ** 2 + (2 * p_2 - 1) ** 2) / 16,
        r"whatever the means $p_1$ and $p_2$ of two independent indicators are, the variance is at "
        r"most $\frac{1}{8}$, half of that of a single head",
    )


def _average_directly(value: float, beta: float, n: float) -> Direct:
    if n > LARGEST_BUILT:
        return Direct("So many keys are not built here.", True)
    keys = [unit(i, int(n)) for i in range(int(n))]
    heads = [weights(keys, [beta * x for x in keys[i]]) for i in range(2)]
    others = sum(sum(head[2:]) for head in heads) / 2
    sentence = (
        f"Two heads over {len(keys)} orthonormal keys leave ${scientific(others)}$ to others."
    )
    return Direct(sentence, close(others, value))


def _noise_directly(value: float, alpha: float, beta: float, n: float, radial: float) -> Direct:
    lost = 1 - _attention(1, n, alpha, beta, radial)[0][:, 0]
    return drawn_keys.compare(lost, 0, value, "The mean of $1 - w_1$ is")


def _negative_directly(value: float, alpha: float, radial: float) -> Direct:
    import numpy as np

    (found,) = drawn_keys.scores(np.ones((1, 1)), 2, alpha, radial)
    negative = (found[:, 0] < 0).astype(float)
    return drawn_keys.compare(negative, value, value, "The score is negative with frequency")


def _finite_directly(value: float, w: float, alpha: float, beta: float, radial: float) -> Direct:
    small = (_attention(1, 2, alpha, beta, radial)[0][:, 0] <= w).astype(float)
    return drawn_keys.compare(small, value, value, r"$w_1 \le w$ happens with frequency")


def _variance_directly(value: float, alpha: float, n: float, radial: float) -> Direct:
    import numpy as np

    found = drawn_keys.scores(np.eye(2), int(n), alpha, radial)
    picked = (found.argmax(axis=2) == 0).mean(axis=0)
    what = "The largest scores give $W_a$ the variance"
    return drawn_keys.compare_variance(picked, value, value, what)


def _attention(
    heads: int, n: float, alpha: float, beta: float, radial: float
) -> Float[np.ndarray, "heads samples n"]:
    import numpy as np

    found = drawn_keys.scores(beta * np.eye(2)[:heads], int(n), alpha, radial)
    return drawn_keys.attention(found)


CLAIMS = (
    Claim(
        key="multi_head.average",
        question="2d.1",
        title="The exact error of two heads without noise",
        statement=r"The output is off by a known part of what lies between the average wanted and "
        r"the mean of all other values: with $k_i = \mu_i$, $c - \frac{1}{2}(v_a + v_b) = \lambda "
        r"(\bar{v} - \frac{1}{2}(v_a + v_b))$ where $\bar{v}$ is the mean of the other values and "
        r"$\lambda = {law}$, which is 0 for $n = 2$.",
        assumptions=(r"$\alpha = 0$ and $r = 0$: keys equal their orthonormal means", HEADS),
        law=leak,
        derive=_average,
        direct=_average_directly,
        twin=(n - 2) * sp.exp(-beta) / (2 + (n - 2) * sp.exp(-beta)),
        changed="the leak of a single head",
        example={"beta": 8, "n": 16},
        source="practical, question 2d.1",
        variables={v_a: ANY, v_b: ANY, others: ANY},
    ),
    Claim(
        key="multi_head.noise",
        question="2d.1",
        title="With vanishing isotropic noise each head copies its value",
        statement=r"On average head 1 gives values other than $v_a$ the weight "
        r"$E[1 - w_1] \le {law}$, which is little if $\beta$ is well above $\log n$ and "
        r"$\beta(\alpha + r/2)$ well below 1; the same with $r = 0$ holds for head 2 and "
        r"$v_b$. With $r = 0$ the mean distance of $c$ from $\frac{1}{2}(v_a + v_b)$ is at most "
        "this times the diameter of the values.",
        assumptions=(*ASSUMED, HEADS, HEAD_1, r"$w_2$ is the weight of head 2 on $v_b$"),
        law=loss_bound,
        derive=_noise,
        direct=_noise_directly,
        twin=(n - 1) * sp.exp(-beta + (alpha - radial / 2) * beta**2),
        changed="the sign of $r$",
        example={"alpha": sp.Rational(1, 10**4), "beta": 10, "n": 16, "radial": 0},
        source="practical, question 2d.1; moment generating function of the normal",
        variables={
            A: POSITIVE, T: POSITIVE, x: ANY, diameter: NONNEGATIVE, u: POSITIVE, y: UNIT, z: UNIT,
        },
    ),
    Claim(
        key="multi_head.negative_score",
        question="2d.2",
        title="How often head 1 sees a negative score",
        statement=r"$P(q_1^\top k_a < 0) = {law}$, whatever $\beta > 0$ and $n$ are, with $\Phi$ "
        "the distribution function of the standard normal.",
        assumptions=(*ASSUMED, r"$q_1 = \beta \mu_a$ with $\beta > 0$"),
        law=negative_score,
        derive=_negative,
        direct=_negative_directly,
        twin=Phi(-1 / sp.sqrt(radial + 2 * alpha)),
        changed=r"$2\alpha$ in place of $\alpha$",
        example={"alpha": sp.Rational(1, 100), "radial": sp.Rational(1, 2)},
        source="practical, question 2d.2",
        variables={beta: POSITIVE},
    ),
    Claim(
        key="multi_head.finite",
        question="2d.2",
        title="The weight of head 1 at a finite gain, with two keys",
        statement=r"For $n = 2$, $\operatorname{logit} w_1 \sim \mathcal{N}(\beta, \beta^2 (r + "
        r"2\alpha))$, so $P(w_1 \le w) = {law}$.",
        assumptions=(*ASSUMED, HEAD_1, r"$n = 2$"),
        law=head_cdf,
        derive=_finite,
        direct=_finite_directly,
        twin=Phi((sp.log(weight / (1 - weight)) + beta) / (beta * sp.sqrt(radial + 2 * alpha))),
        changed=r"the sign of $\beta$ above the bar",
        example={
            "w": sp.Rational(1, 2), "alpha": sp.Rational(1, 100), "beta": 10,
            "radial": sp.Rational(1, 2),
        },
        source="practical, question 2d.2",
        variables={s_a: ANY, s_b: ANY},
    ),
    Claim(
        key="multi_head.variance",
        question="2d.2",
        title="In the limit the weight of $v_a$ varies at most half as much as with one head",
        statement=r"As $\beta \to \infty$ the weight $W_a$ of $v_a$ in $c$ has variance ${law}$, "
        r"with $p$ of claim multi_head.miss. That is at most $\frac{1}{8}$, while the share of a "
        r"single head tends to the variance $\frac{1}{4}$ (claim single_head.variance). In every "
        r"sample in which no head misses, $c$ tends to $\frac{1}{2}(v_a + v_b)$.",
        assumptions=(*ASSUMED, HEADS, LARGEST),
        law=limit_variance,
        derive=_variance,
        direct=_variance_directly,
        twin=(_missed * (1 - _missed) + _astray * (1 - _astray)) / 2,
        changed=r"$\frac{1}{2}$ in place of $\frac{1}{4}$",
        example={"alpha": sp.Rational(1, 100), "n": 16, "radial": sp.Rational(1, 2)},
        source="practical, question 2d.2",
        variables={u: UNIT, z: UNIT, p_1: UNIT, p_2: UNIT},
    ),
)  # fmt: skip
