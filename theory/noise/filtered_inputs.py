"""Question 2e.2 with noise: attention with K, Q and V over inputs x̃_i = x_i + ε_i.

ε_i ~ N(0, αI_d) are independent. The matrices of claim key_query_value.synthesis see four
coordinates of an input, those along u_a, …, u_d; the noise in the others enters nothing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import sympy as sp

from theory.gaussian import Phi, mean_of_exponential, mean_of_exponential_square
from theory.key_query_value import WORDS, arranged, matrices
from theory.noise import drawn_keys
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.symbols import ANY, NOISE, NORM, POSITIVE, UNIT, alpha, beta, gamma

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

rho = sp.Symbol("rho", positive=True)
t = sp.Symbol("t", positive=True)
a = sp.Symbol("a", positive=True)
e = sp.Symbol("e", real=True)
ALONG = Parameter("along", a, lower=0, open=True)
ASTRAY = Parameter("astray", e)
RATIO = Parameter("ratio", rho, lower=0, open=True)
RATE = Parameter("t", t, lower=0, upper=0.5, open=True)

A, B, C, D, U, x = sp.symbols("A B C D U x", real=True)
B_i, C_i, D_i = sp.symbols("B_i C_i D_i", real=True)
b, R = sp.symbols("b R", positive=True)
u, v, w = sp.symbols("u v w", nonnegative=True)

misled = Law(
    r"P(\alpha_{23} > \alpha_{21} \mid \tilde{x}_2)",
    Phi(-beta * (a - e) / (sp.sqrt(2 * alpha) * sp.sqrt(a**2 + e**2))),
    (ALONG, ASTRAY, NOISE, NORM),
)
_off_3 = sp.exp(-rho * t * (1 - 2 * t) / (1 - 2 * t**2)) / (1 - 2 * t**2)
_narrow = 1 - 4 * t**2 + 2 * t**4
_off_2 = sp.exp(-rho * t * (1 - sp.Rational(3, 2) * t - 2 * t**2 + 2 * t**3) / _narrow) / sp.sqrt(
    _narrow
)
lost = Law(r"E[1 - \alpha_{21}]", _off_3 + _off_2, (RATE, RATIO), relation=r"\le")

NOISY_INPUTS = (
    r"attention is over $\tilde{x}_i = x_i + \varepsilon_i$ with independent $\varepsilon_i \sim "
    r"\mathcal{N}(0, \alpha I_d)$: keys $K\tilde{x}_i$, queries $Q\tilde{x}_i$, values "
    r"$V\tilde{x}_i$; $\alpha_{2i}$ is the weight that $\tilde{x}_2$ gives position $i$"
)
QUERY = sp.Matrix([A, B, C, D])
INPUT = sp.Matrix([sp.Symbol("A_i", real=True), B_i, C_i, D_i])
E_A, E_B, E_C, E_D = (sp.eye(4).row(i).T for i in range(4))


def _scores(proof: Proof) -> None:
    key, query = E_D * E_D.T + E_C * E_C.T, gamma * (E_D * E_A.T + E_C * E_D.T)
    proof.equal(
        ((key * INPUT).T * query * QUERY)[0, 0],
        gamma * (A * D_i + D * C_i),
        r"let $\tilde{x}_2$ have the coordinates $A, B, C, D$ along $u_a/\beta, \dots, u_d/\beta$ "
        r"and $\tilde{x}_i$ the coordinates $A_i, \dots, D_i$: all are independent and normal, of "
        r"variance $\alpha$. The score of position $i$ for $\tilde{x}_2$",
        r"(K\tilde{x}_i)^\top Q\tilde{x}_2",
    )


def _misled(formula: sp.Expr, proof: Proof) -> None:
    _scores(proof)
    spread = 2 * alpha * (A**2 + D**2)
    proof.equal(
        sp.Matrix([A * beta + D * (0 - beta), A**2 * (alpha + alpha) + D**2 * (alpha + alpha)]),
        sp.Matrix([beta * (A - D), spread]),
        r"$D_1$ and $C_3$ have mean $\beta$, $C_1$ and $D_3$ mean 0: given $\tilde{x}_2$ the lead "
        r"$l = A (D_1 - D_3) + D (C_1 - C_3)$ of position 1 over 3, over $\gamma$, is normal with "
        "this mean and variance",
        r"(E[l], \operatorname{Var}(l))^\top",
    )
    proof.equal(
        Phi(-beta * (A - D) / sp.sqrt(spread)).subs({A: a, D: e}),
        formula,
        r"position 3 gets the larger weight where $l < 0$: standardise, with $A = a$ and $D = e$",
        r"P(l < 0)",
    )
    proof.equal(
        sp.expand(2 * alpha * ((beta**2 + alpha) + alpha) + beta**2 * (alpha + alpha)),
        4 * alpha * (beta**2 + alpha),
        r"over all $\tilde{x}_2$, of which $A$ has mean $\beta$ and $D$ mean 0, $E[l] = \beta^2$, "
        r"and the variance is $E[2\alpha (A^2 + D^2)] + \operatorname{Var}(\beta (A - D))$",
        r"\operatorname{Var}(l)",
    )


def _lost(formula: sp.Expr, proof: Proof) -> None:
    _scores(proof)
    proof.at_most(
        u * v,
        u,
        r"$\alpha_{2i}$ is at most $1$ and at most $e^{-l_i}$, where $l_i$ is the lead of position "
        r"1 over $i$ in the scores; for $0 < \theta \le 1$ it is $uv$ with $u = "
        r"\alpha_{2i}^\theta$ and $v = \alpha_{2i}^{1 - \theta}$, both at most 1, so it is at most "
        r"$e^{-\theta l_i}$. Take $\theta = t/(\alpha\gamma)$; from here on $\sqrt{\alpha}$ is the "
        r"unit of length, in which $\beta$ is $b = \sqrt{\rho}$, and $U = C - C_1$ has variance 2",
        r"\alpha_{2i}",
        equality={v: 1},
    )
    proof.equal(
        (_position_3(proof) + _position_2(proof)).subs(b, sp.sqrt(rho)),
        formula,
        r"the sum of both means, with $b^2 = \rho$",
        r"E[e^{-\theta l_3}] + E[e^{-\theta l_2}]",
    )
    value = E_B * E_B.T - E_C * E_C.T
    noise = sp.sqrt(alpha) * INPUT
    proof.equal(
        ((value * noise).T * value * noise)[0, 0],
        alpha * (B_i**2 + C_i**2),
        r"the value of position 1 is $u_b$ and what $V$ keeps of the noise, $\sqrt{\alpha}$ times "
        r"standard normal $A_i, \dots, D_i$: its mean square is $2\alpha$",
        r"\lVert V\tilde{x}_1 - u_b \rVert^2",
    )


def _position_3(proof: Proof) -> sp.Expr:
    """E[e^(−θ l₃)], in units in which the noise has variance 1."""
    given = mean_of_exponential(-t * b * (A - D), t**2 * (2 * A**2 + 2 * D**2), x, proof)
    proof.equal(
        given,
        sp.exp(-t * b * A + t**2 * A**2) * sp.exp(t * b * D + t**2 * D**2),
        r"position 3: $-\theta l_3 = -t (A (D_1 - D_3) + D (C_1 - C_3))$; given $A$ and $D$ "
        r"it is normal with mean $-tb (A - D)$ and variance $2t^2 (A^2 + D^2)$",
        r"E[e^{-\theta l_3} \mid A, D]",
    )
    factor_a, power_a = mean_of_exponential_square(-t * b, -(t**2), b, sp.Integer(1), A, proof)
    factor_d, power_d = mean_of_exponential_square(
        t * b, -(t**2), sp.Integer(0), sp.Integer(1), D, proof
    )
    return sp.exp(sp.cancel(power_a + power_d)) / (sp.sqrt(factor_a) * sp.sqrt(factor_d))


def _position_2(proof: Proof) -> sp.Expr:
    """E[e^(−θ l₂)], in the same units."""
    given = mean_of_exponential(-t * b * A, t**2 * (A**2 + (A + U) ** 2), x, proof)
    narrow = 1 - 2 * t**2
    proof.equal(
        given,
        sp.exp(-t * b * A + t**2 * A**2) * sp.exp(t**2 * A * U + t**2 * U**2 / 2),
        r"position 2, whose key is the query's own: $-\theta l_2 = t (D (A + U) - A D_1)$; "
        r"given $A$ and $U$ it is normal with mean $-tbA$ and "
        r"variance $t^2 (A^2 + (A + U)^2)$",
        r"E[e^{-\theta l_2} \mid A, U]",
    )
    factor_v, power_v = mean_of_exponential_square(
        t**2 * A, -(t**2) / 2, sp.Integer(0), sp.Integer(2), U, proof
    )
    square = t**2 * (1 + t**2 / narrow)
    proof.equal(
        t**2 * A**2 + power_v,
        square * A**2,
        r"so over $U$ the square of $A$ has this coefficient in the exponent",
    )
    factor_a, power_a = mean_of_exponential_square(-t * b, -square, b, sp.Integer(1), A, proof)
    both = 1 - 4 * t**2 + 2 * t**4
    proof.equal(
        factor_v * factor_a,
        both,
        r"the product of the factors for $U$ and $A$",
    )
    return sp.exp(sp.cancel(power_a)) / sp.sqrt(both)


# ------------------------------------------------------------------- from the definition


def drawn(alpha: float, beta: float) -> Float[np.ndarray, "samples 3 4"]:
    """Noisy inputs in R⁴, about vectors that lie along no axis."""
    import numpy as np

    _, inputs, _ = arranged(beta)
    shape = (drawn_keys.SAMPLES, *inputs.shape)
    found: np.ndarray = inputs + math.sqrt(alpha) * np.random.default_rng(0).standard_normal(shape)
    return found


def _misled_directly(
    value: float, along: float, astray: float, alpha: float, beta: float
) -> Direct:
    u, _, _ = arranged(beta)
    K, Q, _ = matrices(*u, 1.0)
    query = Q @ (along * u[0] + astray * u[3]) / beta
    scores = drawn(alpha, beta) @ K.T @ query
    what = "Position 3 has the larger score with frequency"
    larger = (scores[:, 2] > scores[:, 0]).astype(float)
    return drawn_keys.compare(larger, value, value, what)


def _lost_directly(value: float, t: float, ratio: float) -> Direct:
    """At the smallest gain for which the bound holds, with noise of variance 1."""
    import numpy as np

    u, _, _ = arranged(math.sqrt(ratio))
    K, Q, _ = matrices(*u, t)
    inputs = drawn(1.0, math.sqrt(ratio))
    scores = np.einsum("sid,sd->si", inputs @ K.T, inputs[:, 1] @ Q.T)
    others = drawn_keys.attention(scores)[:, 1:].sum(axis=1)
    what = r"With $\alpha = 1$ and $\gamma = t$ the mean of $1 - \alpha_{21}$ is"
    return drawn_keys.compare(others, 0, value, what)


CLAIMS = (
    Claim(
        key="filtered_inputs.misled",
        question="2e.2",
        title="Given the noisy query, the lead of its match is normal",
        statement=r"Let $\tilde{x}_2$ have the coordinates $a$ and $e$ along $u_a/\beta$ and "
        r"$u_d/\beta$ (without noise $a = \beta$ and $e = 0$). Position 3 then gets more weight "
        r"than position 1 with probability ${law}$, whatever $\gamma$ and $d$ are. Over all "
        r"$\tilde{x}_2$ the lead of position 1 in the scores, over $\gamma$, has mean $\beta^2$ "
        r"and variance $4\alpha(\beta^2 + \alpha)$.",
        assumptions=(*WORDS, NOISY_INPUTS, "$a > 0$"),
        law=misled,
        derive=_misled,
        direct=_misled_directly,
        twin=Phi(-beta * (a - e) / (sp.sqrt(alpha) * sp.sqrt(a**2 + e**2))),
        changed=r"$\sqrt{\alpha}$ in place of $\sqrt{2\alpha}$",
        example={"along": 3, "astray": -1, "alpha": 4, "beta": 3},
        source="practical, question 2e.2",
        variables={A: POSITIVE, D: POSITIVE, C_i: ANY, D_i: ANY, gamma: POSITIVE},
    ),
    Claim(
        key="filtered_inputs.lost",
        question="2e.2",
        title="With noisy inputs attention still finds the wanted position",
        statement=r"Let $\rho = \beta^2/\alpha$. For every $t$ in $(0, \frac{1}{2})$ with $t \le "
        r"\alpha\gamma$ and every $d$, $E[1 - \alpha_{21}] \le {law}$. So once $\gamma \ge "
        r"1/(4\alpha)$ it falls at least like $e^{-\rho/7}$ (take $t = \frac{1}{4}$), "
        r"and the output becomes $V\tilde{x}_1$, which misses $u_b$ by $2\alpha$ in mean square.",
        assumptions=(*WORDS, NOISY_INPUTS),
        law=lost,
        derive=_lost,
        direct=_lost_directly,
        twin=lost.expression.subs(rho, 2 * rho),
        changed=r"$2\rho$ in place of $\rho$",
        example={"t": sp.Rational(1, 5), "ratio": 40},
        source="practical, question 2e.2; Chernoff's bound",
        variables={
            A: ANY, D: ANY, U: ANY, x: ANY, B_i: ANY, C_i: ANY, D_i: ANY, alpha: POSITIVE,
            gamma: POSITIVE, b: POSITIVE, u: UNIT, v: UNIT,
        },
    ),
)  # fmt: skip
