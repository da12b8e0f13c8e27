"""Question 2d.2: head 2, and how near both heads together come to the average of v_a and v_b.

Head 2 does not see the radial noise, and the sign of its score of k_a does no harm. Where the score
of k_a under q₁ is not negative, both heads copy.
"""

from __future__ import annotations

import sympy as sp

from theory.gaussian import Abbreviation, Phi
from theory.noise import drawn_keys
from theory.noise.kept_samples import KEPT, kept_loss, kept_scores
from theory.noise.missing import HEAD_1, Q1
from theory.noise.noisy_keys import ASSUMED, MU_A, MU_B, MU_I, SIGMA, SIGMA_A, covariance, mean
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law
from theory.proof.steps import Proof
from theory.symbols import (
    DIAMETER,
    GAIN_OF_QUERY,
    KEYS,
    NOISE,
    POSITIVE,
    POSITIVE_GAIN,
    RADIAL,
    UNIT,
    alpha,
    beta,
    diameter,
    n,
    radial,
)  # fmt: skip

A, B, T, u = sp.symbols("A B T u", positive=True)
y, z, w = sp.symbols("y z w", nonnegative=True)

Q2 = beta * MU_B
HEAD_2 = r"$q_2 = \beta \mu_b$; $w_2$ is the weight of head 2 on $v_b$"

second_loss = Law(
    r"E[1 - w_2]",
    (n - 1) * (sp.exp(-beta / 2) + Phi(-1 / sp.sqrt(8 * alpha))),
    (NOISE, GAIN_OF_QUERY, KEYS),
    relation=r"\le",
)


class FirstLoss(Abbreviation):
    """The bound ℓ₁(α, β, n, r) of claim multi_head.kept_loss."""

    nargs = 4
    letter = r"\ell_1"

    def definition(self) -> sp.Expr:
        return kept_loss.expression.subs(
            dict(zip((alpha, beta, n, radial), self.args, strict=True)), simultaneous=True
        )


class SecondLoss(Abbreviation):
    """The bound ℓ₂(α, β, n) of claim multi_head.second_head."""

    nargs = 3
    letter = r"\ell_2"

    def definition(self) -> sp.Expr:
        return second_loss.expression.subs(
            dict(zip((alpha, beta, n), self.args, strict=True)), simultaneous=True
        )


kept_error = Law(
    r"E[\lVert c - \frac{1}{2}(v_a + v_b) \rVert \mid q_1^\top k_a \ge 0]",
    diameter / 2 * (FirstLoss(alpha, beta, n, radial) + SecondLoss(alpha, beta, n)),
    (NOISE, POSITIVE_GAIN, KEYS, RADIAL, DIAMETER),
    relation=r"\le",
)


def _second(formula: sp.Expr, proof: Proof) -> None:
    proof.at_most(
        A / (A + B + T),
        A / B,
        r"the weight $w_{2i}$ of key $i \ne b$ in head 2, with $A = e^{s_i}$, $B = e^{s_b}$ and "
        r"$T$ for the rest: where $s_b - s_i \ge \beta/2$ it is at most $e^{-\beta/2}$, elsewhere "
        "at most 1",
        r"w_{2i}",
    )
    centres = [mean(MU_B, Q2) - mean(mu, Q2) for mu in (MU_A, MU_I)]
    spreads = [covariance(SIGMA, Q2, Q2) + covariance(s, Q2, Q2) for s in (SIGMA_A, SIGMA)]
    proof.equal(
        sp.Matrix([centres, spreads]),
        sp.Matrix([[beta, beta], [2 * alpha * beta**2, 2 * alpha * beta**2]]),
        r"means and variances of $s_b - s_i$, on the left for $i = a$: $q_2$ does not see the "
        "radial noise",
        r"(E[s_b - s_i], \operatorname{Var}(s_b - s_i))^\top",
    )
    near_a, near_other = (
        Phi((beta / 2 - centre) / sp.sqrt(spread))
        for centre, spread in zip(centres, spreads, strict=True)
    )
    proof.equal(
        (n - 1) * sp.exp(-beta / 2) + near_a + (n - 2) * near_other,
        formula,
        "standardise, and add for $a$ and the $n - 2$ keys other than $a$ and $b$",
        r"\sum_{i \ne b} (e^{-\beta/2} + P(s_b - s_i < \beta/2))",
    )
    proof.equal(
        sp.Matrix(
            [
                Phi(-mean(MU_A, Q2) / sp.sqrt(covariance(SIGMA_A, Q2, Q2))),
                covariance(SIGMA_A, Q1, Q2),
            ]
        ),
        sp.Matrix([sp.Rational(1, 2), 0]),
        r"half of all samples have $q_2^\top k_a < 0$, independently of $q_1^\top k_a$, as both "
        "are normal and uncorrelated",
        r"(P(q_2^\top k_a < 0), q_1^\top \Sigma_a q_2)^\top",
    )
    weight_a, weight_b, loss = (part / (A + B + T) for part in (A, B, A + T))
    proof.equal(
        A * sp.diff(loss, A),
        weight_a * weight_b,
        r"$1 - w_2$ rises with $s_a = \log A$: its mean over the samples with $q_2^\top k_a < 0$ "
        "is smaller than over the others. Leaving those out would gain nothing",
        r"\frac{d}{ds_a}(1 - w_2)",
    )


def _error(formula: sp.Expr, proof: Proof) -> None:
    proof.at_most(
        diameter * u * y / 2 + diameter * w * z / 2,
        diameter * (u + w) / 2,
        r"$c - \frac{1}{2}(v_a + v_b)$ is half of $c_1 - v_a$ plus half of $c_2 - v_b$. With "
        r"$u = 1 - w_1$ and $w = 1 - w_2$ these two have the norms $Duy$ and $Dwz$, where "
        r"$y \le 1$ and $z \le 1$ (claim copying.error); now the triangle inequality",
        equality={y: 1, z: 1},
    )
    first, second = FirstLoss(alpha, beta, n, radial), SecondLoss(alpha, beta, n)
    proof.equal(
        (diameter * (u + w) / 2).subs({u: first, w: second}, simultaneous=True),
        formula,
        r"take the mean: claims multi_head.kept_loss, and multi_head.second_head, which the "
        r"condition does not change, as head 2 is independent of $q_1^\top k_a$. For $r > 0$ both "
        r"bounds tend to 0 as $\beta \to \infty$ and $\alpha \to 0$, in whatever order",
        r"\frac{D}{2} (\ell_1 + \ell_2)",
    )


def _second_directly(value: float, alpha: float, beta: float, n: float) -> Direct:
    lost = 1 - drawn_keys.attention(kept_scores(2, alpha, beta, n, 0.5))[1, :, 1]
    what = r"Where $q_1^\top k_a \ge 0$ and with $r = \frac{1}{2}$, the mean of $1 - w_2$ is"
    return drawn_keys.compare(lost, 0, value, what)


def _error_directly(
    value: float, alpha: float, beta: float, n: float, radial: float, diameter: float
) -> Direct:
    """Values on a line, all but v_a at one end: what head 1 loses is seen in full."""
    import numpy as np

    weights = drawn_keys.attention(kept_scores(2, alpha, beta, n, radial)).mean(axis=0)
    apart = diameter * np.abs(weights[:, 0] - 1 / 2)
    what = "With all values but $v_a$ equal, and $D$ from it, the mean distance is"
    return drawn_keys.compare(apart, 0, value, what, width=diameter or 1.0)


CLAIMS = (
    Claim(
        key="multi_head.second_head",
        question="2d.2",
        title="Head 2 copies its value whatever the sign of its score of $k_a$",
        statement=r"For every $n$, $\beta > 0$ and $r$, $E[1 - w_2] \le {law}$, with $\Phi$ the "
        r"distribution function of the standard normal. The score $q_2^\top k_a$ is negative with "
        r"probability $\frac{1}{2}$, and that does no harm: over the samples in which it is, the "
        r"mean of $1 - w_2$ is smaller than over all.",
        assumptions=(*ASSUMED, HEAD_2),
        law=second_loss,
        derive=_second,
        direct=_second_directly,
        twin=(n - 1) * (sp.exp(-beta / 2) + Phi(-1 / sp.sqrt(alpha))),
        changed=r"$\alpha$ in place of $8\alpha$",
        example={"alpha": sp.Rational(1, 200), "beta": 20, "n": 16},
        source="practical, question 2d.2; union bound",
        variables={A: POSITIVE, B: POSITIVE, T: POSITIVE},
    ),
    Claim(
        key="multi_head.kept_error",
        question="2d.2",
        title="With negative scores left out two heads average",
        statement=r"For every $n$ and $\beta$ the output is near the average: $E[\lVert c - "
        r"\frac{1}{2}(v_a + v_b) \rVert \mid q_1^\top k_a \ge 0] \le {law}$, with the bounds "
        r"$\ell_1$ of claim multi_head.kept_loss and $\ell_2$ of claim multi_head.second_head. For "
        r"$r > 0$ it tends to 0 as $\beta \to \infty$ and $\alpha \to 0$.",
        assumptions=(
            *ASSUMED, HEAD_1, HEAD_2, KEPT,
            r"no two values are further apart than $D$; they are otherwise arbitrary",
        ),
        law=kept_error,
        derive=_error,
        direct=_error_directly,
        twin=diameter / 2 * (FirstLoss(alpha, beta, n, radial) - SecondLoss(alpha, beta, n)),
        changed=r"the sign of $\ell_2$",
        example={
            "alpha": sp.Rational(1, 1000), "beta": 50, "n": 16, "radial": sp.Rational(1, 2),
            "diameter": 2,
        },
        source="practical, question 2d.2; triangle inequality",
        variables={u: UNIT, w: UNIT, y: UNIT, z: UNIT},
    ),
)  # fmt: skip
