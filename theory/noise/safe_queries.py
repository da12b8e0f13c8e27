"""Question 2d: queries that push the other keys down, and so meet little of the radial noise.

Beyond the plane of μ_a and μ_b a query has room to tell k_a from the others by what the others are.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import sympy as sp

from theory.gaussian import Phi, mean_of_exponential, phi, tail_bound
from theory.noise import drawn_keys
from theory.noise.noisy_keys import ASSUMED, MU_A, MU_B, MU_I, SIGMA, SIGMA_A, covariance, mean
from theory.noise.query_pairs import gap_between
from theory.proof.assumptions import array, at_least, orthonormal, require, rows, within
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law
from theory.proof.steps import Proof
from theory.symbols import (
    ANY,
    DIAMETER,
    KEYS,
    MORE_KEYS,
    NOISE,
    NONNEGATIVE,
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

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

x, y, t, s, v_a, v_b, others = sp.symbols(r"x y t s v_a v_b \bar{v}", real=True)
f, g, tau = sp.symbols("f g tau", positive=True)
u, z = sp.symbols("u z", nonnegative=True)

# Coordinates along μ_a, along one other mean μ_i, and along the sum of the n − 2 means that remain.
SPAN = x * MU_A + y * MU_B + y * sp.sqrt(n - 2) * MU_I
LARGEST_BUILT = 200

least_miss = Law(
    r"P(k_a \text{ does not win})",
    (n - 1) * Phi(-sp.sqrt(1 / (radial + 2 * alpha) + 1 / (2 * alpha * (n - 1)))),
    (NOISE, KEYS, RADIAL),
    relation=r"\le",
)
blind_error = Law(
    r"E\lVert c - \frac{1}{2}(v_a + v_b) \rVert",
    diameter
    * (
        beta * sp.sqrt(alpha * (n - 2) / sp.pi) / 2
        + (n - 2) * sp.exp(-beta + alpha * (n - 2) * beta**2)
    ),
    (NOISE, POSITIVE_GAIN, MORE_KEYS, DIAMETER),
    relation=r"\le",
)


def best_query(
    means: Float[np.ndarray, "n d"], alpha: float, radial: float
) -> Float[np.ndarray, " d"]:
    """The query of claim query_pairs.best for head 1; its gain only scales it.

    means: orthonormal rows, μ_a first; alpha, radial: the variances α and r of the keys' noise
    Raises: InputError naming every assumption that is violated.
    Source: practical, question 2d.2; claim query_pairs.best.

    >>> import numpy as np
    >>> best_query(np.eye(3), 0.1, 0.5).round(3).tolist()
    [0.4, -0.7, -0.7]
    """
    import numpy as np

    require(*_about(means, 2), within("alpha", alpha, 0, math.inf), at_least("radial", radial, 0))
    means = np.asarray(means, dtype=float)
    others = np.sum(means[1:], axis=0)
    query: np.ndarray = 2 * alpha * (len(means) - 1) * means[0] - (radial + 2 * alpha) * others
    return query


def blind_query(means: Float[np.ndarray, "n d"], beta: float) -> Float[np.ndarray, " d"]:
    """The query of claim query_pairs.blind, for one head or for both.

    means: orthonormal rows, μ_a and μ_b first; beta: the gain
    Raises: InputError naming every assumption that is violated.
    Source: practical, questions 2c.2 and 2d.2; claim query_pairs.blind.

    >>> import numpy as np
    >>> (blind_query(np.eye(4), 10.0) + 0.0).tolist()
    [0.0, 0.0, -10.0, -10.0]
    """
    import numpy as np

    require(*_about(means, 3), within("beta", beta, 0, math.inf))
    means = np.asarray(means, dtype=float)
    query: np.ndarray = -beta * np.sum(means[2:], axis=0)
    return query


def _about(means: Float[np.ndarray, "n d"], least: int) -> list[str | None]:
    """What is wrong with the means of the keys."""
    return [
        array("means", means, "n", "d"),
        rows("means", means, least),
        orthonormal("means", means),
    ]


def _best(formula: sp.Expr, proof: Proof) -> None:
    gap, spread = gap_between(SPAN, MU_B)
    proof.equal(
        sp.Matrix([gap, spread]),
        sp.Matrix([x - y, (radial + 2 * alpha) * x**2 + 2 * alpha * (n - 1) * y**2]),
        r"for $q = \beta (x \mu_a + y \sum_{i \ne a} \mu_i)$, over $\beta$ and $\beta^2$",
        r"(E[s_a - s_i], \operatorname{Var}(s_a - s_i))^\top",
    )
    proof.equal(
        (1 / f + 1 / g) * (f * x**2 + g * y**2) - (x - y) ** 2,
        (f * x + g * y) ** 2 / (f * g),
        r"with $f = r + 2\alpha$ and $g = 2\alpha (n - 1)$: the mean is at most "
        r"$(1/f + 1/g)^{1/2}$ standard deviations, exactly that for $x = g$, $y = -f$",
    )
    most = 1 / f + 1 / g
    at = {f: radial + 2 * alpha, g: 2 * alpha * (n - 1)}
    proof.equal(
        (gap**2 / spread).subs({x: at[g], y: -at[f]}, simultaneous=True),
        most.subs(at),
        r"the query of the statement, $x = g$ and $y = -f$",
        r"E[s_a - s_i]^2/\operatorname{Var}(s_a - s_i)",
    )
    proof.equal(
        (n - 1) * Phi(-sp.sqrt(most.subs(at))),
        formula,
        r"standardise, and add for the $n - 1$ keys that may win",
        r"(n - 1) P(s_a < s_i)",
    )
    tail = tail_bound(z, proof)
    proof.equal(
        tail.subs(z, 1 / sp.sqrt(at[g])) / 2,
        sp.exp(-1 / (4 * alpha * (n - 1))) / 2,
        r"leave out $1/f$: for every $r$ each term is at most this, which tends to 0 with $\alpha$",
        r"\frac{1}{2} e^{-1/(2g)}",
    )


def _blind(formula: sp.Expr, proof: Proof) -> None:
    q = -beta * sp.sqrt(n - 2) * MU_I
    proof.equal(
        sp.Matrix([mean(mu, q) for mu in (MU_A, MU_B, MU_I / sp.sqrt(n - 2))]),
        sp.Matrix([0, 0, -beta]),
        r"in coordinates along $\mu_a$, $\mu_b$ and the sum of the $n - 2$ other means",
        r"(E[s_a], E[s_b], E[s_i])^\top",
    )
    proof.equal(
        sp.Matrix([covariance(SIGMA_A, q, q), covariance(SIGMA, q, q)]),
        sp.Matrix([alpha * (n - 2) * beta**2] * 2),
        r"$q^\top \mu_a = 0$, so the radial noise enters no score; let $\tau^2 = 2\alpha (n - 2) "
        r"\beta^2$, the variance of $s_a - s_b$ and of $s_i - s_b$",
        r"(\operatorname{Var}(s_a), \operatorname{Var}(s_i))^\top",
    )
    logistic = 1 / (1 + sp.exp(-t))
    proof.equal(
        sp.Rational(1, 4) - sp.diff(logistic, t),
        (logistic - sp.Rational(1, 2)) ** 2,
        r"the share $s = 1/(1 + e^{-t})$ at $t = s_a - s_b$ has a slope of at most $\frac{1}{4}$, "
        r"so $|s - \frac{1}{2}| \le \frac{1}{4} |t|$",
        r"\frac{1}{4} - \frac{ds}{dt}",
    )
    proof.equal(
        sp.diff(-2 * tau * phi(t / tau), t),
        2 * t * phi(t / tau) / tau,
        r"$E|t|$ is the integral of this over $t > 0$, so $2\tau \varphi(0)$",
        r"-\frac{d}{dt} 2\tau \varphi(\tfrac{t}{\tau})",
    )
    term = mean_of_exponential(-beta, 2 * alpha * (n - 2) * beta**2, t, proof)
    proof.equal(
        (1 - u) * (s * v_a + (1 - s) * v_b) + u * others - (v_a + v_b) / 2,
        (s - sp.Rational(1, 2)) * (v_a - v_b) + u * (others - s * v_a - (1 - s) * v_b),
        r"in each coordinate, with $u$ the weight on the other values and $\bar{v}$ their mean by "
        r"their weights. Both differences have norm at most $D$, so the error is at most "
        r"$D |s - \frac{1}{2}| + Du$; and $u$ is at most $\sum_i e^{s_i - s_b}$ over the other "
        r"keys, so $E[u] \le (n - 2) E[e^{s_i - s_b}]$",
        r"c - \frac{1}{2}(v_a + v_b)",
    )
    spread = sp.sqrt(2 * alpha * (n - 2)) * beta
    proof.equal(
        diameter * (2 * spread * phi(sp.Integer(0)) / 4 + (n - 2) * term),
        formula,
        "put together",
        r"D (\frac{1}{4} E|t| + (n - 2) E[e^{s_i - s_b}])",
    )


def _best_directly(value: float, alpha: float, n: float, radial: float) -> Direct:
    import numpy as np

    if n > LARGEST_BUILT:
        return Direct("So many keys are not drawn here.", True)
    query = best_query(np.eye(int(n)), alpha, radial)
    (found,) = drawn_keys.scores(query[None], int(n), alpha, radial)
    missed = (found.argmax(axis=1) > 0).astype(float)
    lower = value if n == 2 else 0.0
    return drawn_keys.compare(missed, lower, value, "Another key wins over $k_a$ with frequency")


def _blind_directly(value: float, alpha: float, beta: float, n: float, diameter: float) -> Direct:
    """Values on a line, all but v_a at one end, and the practical's radial noise."""
    import numpy as np

    if n > LARGEST_BUILT:
        return Direct("So many keys are not drawn here.", True)
    query = blind_query(np.eye(int(n)), beta)
    weights = drawn_keys.attention(drawn_keys.scores(query[None], int(n), alpha, 0.5))[0]
    apart = diameter * np.abs(weights[:, 0] - 1 / 2)
    what = "With $r = 1/2$ and all values but $v_a$ equal, and $D$ from it, the mean distance is"
    return drawn_keys.compare(apart, 0, value, what, width=diameter or 1.0)


CLAIMS = (
    Claim(
        key="query_pairs.best",
        question="2d.2",
        title="A query that hardly ever misses pushes all other keys down",
        statement=r"With $q = \beta (2\alpha (n - 1) \mu_a - (r + 2\alpha) \sum_{i \ne a} \mu_i)$, "
        r"$\beta > 0$, another key than $k_a$ has the largest score with a probability of at most "
        r"${law}$, exactly that for $n = 2$. For every $r$ it tends to 0 with $\alpha$. No $q = "
        r"\beta (x \mu_a + y \sum_{i \ne a} \mu_i)$ gives a given other key a larger score than "
        r"$k_a$ less often.",
        assumptions=(*ASSUMED, "a key wins if its score is the largest"),
        law=least_miss,
        derive=_best,
        direct=_best_directly,
        twin=(n - 1) * Phi(-sp.sqrt(1 / (radial + 2 * alpha) + 1 / (alpha * (n - 1)))),
        changed=r"$\alpha$ in place of $2\alpha$ in the second fraction",
        example={"alpha": sp.Rational(1, 200), "n": 16, "radial": sp.Rational(1, 2)},
        source="practical, question 2d; Cauchy-Schwarz inequality, union bound",
        variables={x: ANY, y: ANY, f: POSITIVE, g: POSITIVE, z: NONNEGATIVE},
    ),
    Claim(
        key="query_pairs.blind",
        question="2d.2",
        title="Even two equal queries are safe if they do not meet the radial noise",
        statement=r"With $n \ge 3$ and $q_1 = q_2 = -\beta \sum_{i \ne a, b} \mu_i$, or a single "
        r"head with this query, $E\lVert c - \frac{1}{2}(v_a + v_b) \rVert \le {law}$ for every "
        r"$r$, which tends to 0 as $\beta \to \infty$ and $\alpha \beta^2 \to 0$.",
        assumptions=(
            *ASSUMED,
            r"$q_1 = q_2 = -\beta \sum_{i \ne a, b} \mu_i$",
            r"no two values are further apart than $D$; they are otherwise arbitrary",
        ),
        law=blind_error,
        derive=_blind,
        direct=_blind_directly,
        twin=diameter
        * (
            -beta * sp.sqrt(alpha * (n - 2) / sp.pi) / 2
            + (n - 2) * sp.exp(-beta + alpha * (n - 2) * beta**2)
        ),
        changed="the sign of the first term",
        example={"alpha": sp.Rational(1, 10**6), "beta": 10, "n": 16, "diameter": 2},
        source="practical, questions 2c and 2d",
        variables={
            t: ANY, tau: POSITIVE, s: UNIT, u: UNIT, v_a: ANY, v_b: ANY, others: ANY,
        },
    ),
)  # fmt: skip
