"""Question 2c: the weight w that one head leaves on the n − 2 keys other than a and b.

The bound on its mean is useless once 2αβ > 1; the bound on the probability that it exceeds ε is
not, but it does not vanish as β → ∞ with α fixed, and neither does w (theory/noise/outranked.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from theory.gaussian import Phi, mean_of_exponential
from theory.noise.noisy_keys import ASSUMED, MU_B, MU_I, SIGMA, covariance, drawn_weights, mean
from theory.noise.union import UNION, union_bound
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.single_head import SPLIT, Q
from theory.symbols import (
    ANY,
    GAIN_OF_QUERY,
    KEYS,
    MORE_KEYS,
    NOISE,
    POSITIVE,
    POSITIVE_GAIN,
    TOLERANCE,
    UNIT,
    alpha,
    beta,
    epsilon,
    logit,
    n,
    share,
)  # fmt: skip

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

mean_bound = Law(
    r"E[1 - \alpha_a - \alpha_b]",
    (n - 2) * sp.exp(-beta + 2 * alpha * beta**2),
    (NOISE, GAIN_OF_QUERY, KEYS),
    relation=r"\le",
)
tail_bound = Law(
    r"P(1 - \alpha_a - \alpha_b > \varepsilon)",
    (n - 2) * Phi((sp.log((n - 2) * (1 - epsilon) / epsilon) - beta) / (2 * beta * sp.sqrt(alpha))),
    (TOLERANCE, NOISE, POSITIVE_GAIN, MORE_KEYS),
    relation=r"\le",
)

A, B, T, M = sp.symbols("A B T M", positive=True)
y = sp.Symbol("y", nonnegative=True)
v_a, v_b, others = sp.symbols(r"v_a v_b \bar{v}", real=True)
MOST_KEYS = 16
"""Keys at most of a direct computation that draws them."""


def left_over(
    n: float, alpha: float, radial: float, beta: float
) -> tuple[Float[np.ndarray, " draws"], str]:
    """The weight off a and b in samples of at most 16 keys, and words for how many they are."""
    keys = min(int(n), MOST_KEYS)
    words = f"{keys} keys" if keys == n else f"{keys} of the keys"
    weights = drawn_weights(keys, alpha, radial, beta)
    return weights[:, 2:].sum(axis=1), f"In {len(weights)} samples of {words}"


def _difference(proof: Proof) -> None:
    """The law of s_i − s_b, in which the radial noise of k_a does not occur."""
    proof.equal(
        sp.Matrix([mean(MU_I, Q) - mean(MU_B, Q), 2 * covariance(SIGMA, Q, Q)]),
        sp.Matrix([-beta, 4 * alpha * beta**2]),
        r"scores of different keys are independent; $\Sigma_a$ does not enter",
        r"(E[s_i - s_b], \operatorname{Var}(s_i - s_b))^\top",
    )


def _mean(formula: sp.Expr, proof: Proof) -> None:
    total = A + B + T
    proof.at_most(
        T / total,
        T / B,
        r"with $A = e^{s_a}$, $B = e^{s_b}$ and $T = \sum_{i \ne a, b} e^{s_i}$",
        r"1 - \alpha_a - \alpha_b",
    )
    _difference(proof)
    term = mean_of_exponential(-beta, 4 * alpha * beta**2, logit, proof)
    proof.equal(
        (n - 2) * term,
        formula,
        r"each term $e^{s_i - s_b}$ of $T/B$ has a Gaussian exponent; sum over the $n - 2$ other "
        r"keys. The exponent is $-\beta (1 - 2\alpha\beta)$",
        r"E[T/B]",
    )
    pair = share * v_a + (1 - share) * v_b
    proof.equal(
        (A * v_a + B * v_b + T * others) / total - pair.subs(share, A / (A + B)),
        (T / total) * (others - pair.subs(share, A / (A + B))),
        r"in each coordinate, with $s = A/(A + B)$ and $\bar{v}$ the mean of the other values by "
        r"their weights: $1 - \alpha_a - \alpha_b$ times the difference of two means of values, "
        "which are no further apart than the diameter",
        "c - (s v_a + (1 - s) v_b)",
    )


def _tail(formula: sp.Expr, proof: Proof) -> None:
    proof.at_most(
        (n - 2) * M * y / (A + B + (n - 2) * M * y),
        (n - 2) * M / (B + (n - 2) * M),
        r"with $M$ the largest $e^{s_i}$, $i \ne a, b$: their sum is $(n - 2) M y$ with $y \le 1$",
        r"1 - \alpha_a - \alpha_b",
        equality={A: 0, y: 1},
    )
    threshold = sp.log((n - 2) * (1 - epsilon) / epsilon)
    ratio = (n - 2) * sp.exp(-threshold)
    proof.equal(
        ratio / (1 + ratio),
        epsilon,
        r"so more than $\varepsilon$ is left over only if $s_b - s_i < L$ for some $i$, where "
        r"$L = \log((n - 2)(1 - \varepsilon)/\varepsilon)$",
        r"\frac{(n - 2) e^{-L}}{1 + (n - 2) e^{-L}}",
    )
    _difference(proof)
    union_bound(proof, "the event of one key $i$ is that it is so near; ")
    proof.equal(
        (n - 2) * Phi((threshold - beta) / sp.sqrt(2 * covariance(SIGMA, Q, Q))),
        formula,
        r"standardise $s_b - s_i < L$ and add the $n - 2$ keys",
        r"(n - 2) P(s_b - s_i < L)",
    )
    proof.equal(
        sp.diff((threshold - beta) / beta, beta),
        -threshold / beta**2,
        r"where $L > 0$ the bound falls as $\beta$ grows, but only to $(n - 2) "
        r"\Phi(-1/(2\sqrt{\alpha}))$",
        r"\frac{d}{d\beta} \frac{L - \beta}{\beta}",
    )


def _mean_directly(value: float, alpha: float, beta: float, n: float) -> Direct:
    rest, drawn = left_over(n, alpha, 0.0, beta)
    found, room = float(rest.mean()), 6 * float(rest.std()) / len(rest) ** 0.5
    sentence = f"{drawn} the mean weight off $a$ and $b$ is ${scientific(found)}$."
    return Direct(sentence, found <= value + room + 1e-12)


def _tail_directly(value: float, epsilon: float, alpha: float, beta: float, n: float) -> Direct:
    rest, drawn = left_over(n, alpha, 0.0, beta)
    found = float((rest > epsilon).mean())
    room = 6 * (min(value, 1.0) / len(rest)) ** 0.5
    sentence = f"{drawn} more than this was left over in a share of ${scientific(found)}$."
    return Direct(sentence, found <= value + room)


CLAIMS = (
    Claim(
        key="single_head.background",
        question="2c.1",
        title="The other keys receive little, with or without radial noise",
        statement=r"The mean weight off $a$ and $b$ is small if the noise is small against the "
        r"gain: $E[1 - \alpha_a - \alpha_b] \le {law}$, whatever $r$ is; so "
        r"$E\lVert c - (s v_a + (1 - s) v_b) \rVert$ is at most this times the diameter of the "
        r"values. It vanishes as $\beta \to \infty$ if $2\alpha\beta$ stays below a number less "
        r"than 1, and says nothing if $2\alpha\beta > 1$.",
        assumptions=(*ASSUMED, SPLIT),
        law=mean_bound,
        derive=_mean,
        twin=(n - 2) * sp.exp(-beta + alpha * beta**2),
        changed=r"$\alpha$ in place of $2\alpha$",
        example={"alpha": sp.Rational(1, 10**4), "beta": 12, "n": 16},
        source="practical, question 2c; moment generating function of the normal",
        variables={
            A: POSITIVE, B: POSITIVE, T: POSITIVE, logit: ANY, share: UNIT, v_a: ANY,
            v_b: ANY, others: ANY,
        },
        direct=_mean_directly,
    ),
    Claim(
        key="single_head.background_tail",
        question="2c.1",
        title="How often the other keys receive more than a tolerance",
        statement=r"$P(1 - \alpha_a - \alpha_b > \varepsilon) \le {law}$, whatever $r$ is. For "
        r"small $\alpha$ it is small for every large $\beta$, beyond $2\alpha\beta = 1$ too; for "
        r"fixed $\alpha$ it does not vanish, and rightly so: claim single_head.outranked_below.",
        assumptions=(*ASSUMED, SPLIT, r"$n \ge 3$ and $0 < \varepsilon < 1$"),
        law=tail_bound,
        derive=_tail,
        twin=(n - 2)
        * Phi((sp.log((n - 2) * (1 - epsilon) / epsilon) - beta) / (beta * sp.sqrt(2 * alpha))),
        changed=r"the variance $2\alpha\beta^2$ in place of $4\alpha\beta^2$",
        example={"epsilon": sp.Rational(1, 10), "alpha": sp.Rational(1, 25), "beta": 60, "n": 16},
        source="practical, question 2c; union bound",
        variables={
            A: POSITIVE, B: POSITIVE, M: POSITIVE, y: UNIT, **UNION,
        },
        direct=_tail_directly,
    ),
)  # fmt: skip
