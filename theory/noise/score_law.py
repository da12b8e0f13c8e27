"""Questions 2c and 2d for any covariances: scores k_iᵀq_g of keys k_i ~ N(μ_i, Σ_i), fixed queries.

The scores of one key under several queries are jointly Gaussian with means μ_iᵀq_g and covariances
q_gᵀΣ_i q_h; keys are independent. Scores carry no 1/√d.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import sympy as sp

from theory.averaging import size_of
from theory.proof.assumptions import ROUNDING, array, orthonormal, require, rows, within
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import ANY, POSITIVE, alpha, beta

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

q_1, q_2, p_1, p_2, q_3, p_3 = sp.symbols("q_1 q_2 p_1 p_2 q_3 p_3", real=True)
S_11, S_12, S_22, S_13, S_23, S_33 = sp.symbols("S_11 S_12 S_22 S_13 S_23 S_33", real=True)
A_11, A_12, A_22, A_13, A_23, A_33 = sp.symbols("A_11 A_12 A_22 A_13 A_23 A_33", real=True)
B_11, B_12, B_22, B_13, B_23, B_33 = sp.symbols("B_11 B_12 B_22 B_13 B_23 B_33", real=True)
xi_1, xi_2, xi_3, eta_1, eta_2, eta_3 = sp.symbols("xi_1:4 eta_1:4", real=True)
t, u, x, y = sp.symbols("t u x y", real=True)
v, w = sp.symbols("v w", positive=True)


def _entries(name: str, *symbols: sp.Symbol) -> tuple[Parameter, ...]:
    """Parameters for the entries 11, 12, 22 of a covariance; variances are at least 0."""
    return tuple(
        Parameter(f"{name}_{place}", symbol, lower=-math.inf if place == "12" else 0)
        for place, symbol in zip(("11", "12", "22"), symbols, strict=True)
    )


variance = Law(
    r"q^\top \Sigma q",
    S_11 * q_1**2 + 2 * S_12 * q_1 * q_2 + S_22 * q_2**2,
    (*(Parameter(s.name, s) for s in (q_1, q_2)), *_entries("S", S_11, S_12, S_22)),
    premises=(sp.Le(S_12**2, S_11 * S_22),),
)
logit_variance = Law(
    r"\operatorname{Var}(\operatorname{logit} s)",
    (A_11 + B_11) * q_1**2 + 2 * (A_12 + B_12) * q_1 * q_2 + (A_22 + B_22) * q_2**2,
    (
        *(Parameter(s.name, s) for s in (q_1, q_2)),
        *_entries("A", A_11, A_12, A_22),
        *_entries("B", B_11, B_12, B_22),
    ),
    premises=(sp.Le(A_12**2, A_11 * A_22), sp.Le(B_12**2, B_11 * B_22)),
)

GAUSSIAN = (
    r"keys $k_i \sim \mathcal{N}(\mu_i, \Sigma_i)$ are independent; each $\Sigma_i$ is symmetric "
    "and positive semidefinite, otherwise arbitrary",
    r"queries are fixed; scores carry no $1/\sqrt{d}$",
)


def score_law(
    means: Float[np.ndarray, "n d"],
    covariances: Float[np.ndarray, "n d d"],
    queries: Float[np.ndarray, "H d"],
) -> tuple[Float[np.ndarray, "n H"], Float[np.ndarray, "n H H"]]:
    """Means μ_iᵀq_g and covariances q_gᵀΣ_i q_h of the scores of each key; the means are arbitrary.

    Row i of the first result and matrix i of the second are the Gaussian law of the H scores of
    key i; different keys are independent. Variances have the square of the scores' unit.

    Raises: InputError naming every shape that does not fit and every matrix that is no covariance.
    Source: practical, question 2c; claim single_head.joint.

    >>> import numpy as np
    >>> means, covariances = score_law(np.eye(2), 0.5 * np.array([np.eye(2)] * 2), 3 * np.eye(2))
    >>> means.tolist(), covariances[0].tolist()
    ([[3.0, 0.0], [0.0, 3.0]], [[4.5, 0.0], [0.0, 4.5]])
    """
    import numpy as np

    n, d = size_of(means, 0), size_of(means, 1)
    require(
        array("means", means, "n", "d"),
        array("covariances", covariances, n, d, d) or positive("covariances", covariances),
        array("queries", queries, "H", d),
    )
    q = np.asarray(queries, dtype=float)
    spread: np.ndarray = np.einsum("gd,ide,he->igh", q, np.asarray(covariances, dtype=float), q)
    return np.asarray(means, dtype=float) @ q.T, spread


def logit_law(
    means: Float[np.ndarray, "n d"], covariances: Float[np.ndarray, "n d d"], beta: float
) -> tuple[float, float]:
    """Mean and variance of the Gaussian logit s for q = β(μ_a + μ_b), a and b being the first rows.

    s = α_a/(α_a + α_b) is the share of v_a. With orthonormal means the mean is 0.

    Raises: InputError naming everything that is wrong, means that are not orthonormal included.
    Source: practical, question 2c; claim single_head.logit.

    >>> import numpy as np
    >>> mean, variance = logit_law(np.eye(3), 0.01 * np.array([np.eye(3)] * 3), 10.0)
    >>> mean, round(variance, 9)
    (0.0, 4.0)
    """
    import numpy as np

    n, d = size_of(means, 0), size_of(means, 1)
    require(
        array("means", means, "n", "d")
        or rows("means", np.asarray(means), 2)
        or orthonormal("means", np.asarray(means, dtype=float)),
        array("covariances", covariances, n, d, d) or positive("covariances", covariances),
        within("beta", beta, 0, math.inf),
    )
    pair = np.asarray(means, dtype=float)[:2]
    centres, spread = score_law(pair, covariances[:2], beta * pair.sum(axis=0, keepdims=True))
    return float(centres[0, 0] - centres[1, 0]), float(spread.sum())


def positive(name: str, value: Float[np.ndarray, "n d d"]) -> str | None:
    """Whether matrices are symmetric and positive semidefinite; the first that is not is named.

    >>> import numpy as np
    >>> positive("covariances", np.array([np.eye(2), -np.eye(2)]))
    'covariances must be positive semidefinite, got the eigenvalue -1 of covariances[1]'
    """
    import numpy as np

    matrices = np.asarray(value, dtype=float)
    if array(name, matrices, "n", "d", "d") or matrices.shape[1] != matrices.shape[2]:
        return f"{name} must be square matrices, got shape {matrices.shape}"
    for i, matrix in enumerate(matrices):
        room = ROUNDING * float(np.abs(matrix).max(initial=0.0))
        if np.abs(matrix - matrix.T).max(initial=0.0) > room:
            return f"{name} must be symmetric, got {name}[{i}] that differs from its transpose"
        lowest = float(np.linalg.eigvalsh(matrix).min(initial=0.0))
        if lowest < -room:
            return (
                f"{name} must be positive semidefinite, got the eigenvalue {lowest:.6g} of "
                f"{name}[{i}]"
            )
    return None


def _symmetric(*entries: sp.Symbol) -> sp.Matrix:
    """A symmetric matrix from its entries 11, 12, 22 and, of order three, 13, 23, 33."""
    if len(entries) == 3:
        a, b, c = entries
        return sp.Matrix([[a, b], [b, c]])
    a, b, c, d, e, f = entries
    return sp.Matrix([[a, b, d], [b, c, e], [d, e, f]])


def _second_moment(form: sp.Expr, noise: Sequence[sp.Symbol], sigma: sp.Matrix) -> sp.Expr:
    """E of a quadratic form in centred noise: each product of two becomes their covariance."""
    terms = sp.Poly(sp.expand(form), *noise).terms()
    total = sp.Integer(0)
    for powers, coefficient in terms:
        first, second = (k for k, power in enumerate(powers) for _ in range(power))
        total += coefficient * sigma[first, second]
    return total


def _joint(formula: sp.Expr, proof: Proof) -> None:
    q, p = sp.Matrix([q_1, q_2, q_3]), sp.Matrix([p_1, p_2, p_3])
    flat, xi = (xi_1, xi_2), (xi_1, xi_2, xi_3)
    plane = _symmetric(S_11, S_12, S_22)
    proof.equal(
        _second_moment((q_1 * xi_1 + q_2 * xi_2) ** 2, flat, plane),
        formula,
        r"with $\xi = k - \mu$: multiply out; $E[\xi_g \xi_h] = \Sigma_{gh}$",
        r"E[(q^\top \xi)^2]",
    )
    sigma = _symmetric(S_11, S_12, S_22, S_13, S_23, S_33)
    pairing = _second_moment(q.dot(sp.Matrix(xi)) * p.dot(sp.Matrix(xi)), xi, sigma)
    proof.holds(
        r"E[(q^\top \xi)(p^\top \xi)] = q^\top \Sigma p",
        sp.expand(pairing - (q.T * sigma * p)[0, 0]) == 0,
        "the covariance for two queries, here in three coordinates and so in any number",
        "both sides multiplied out in symbols agree coefficient by coefficient",
    )
    sums = {q_1: t * q_1 + u * p_1, q_2: t * q_2 + u * p_2}
    combined = sp.Poly(sp.expand(formula.subs(sums, simultaneous=True)), t, u)
    mixed = _second_moment((q_1 * xi_1 + q_2 * xi_2) * (p_1 * xi_1 + p_2 * xi_2), flat, plane)
    proof.equal(
        sp.Matrix([combined.coeff_monomial(power) for power in (t**2, t * u)]),
        sp.Matrix([formula, 2 * mixed]),
        r"every combination of scores is one score, $t k^\top q + u k^\top p = "
        r"k^\top (tq + up)$; its variance has at $t^2$ and $tu$ the variance and twice the "
        "covariance",
        r"([t^2], [tu])^\top",
    )
    proof.equal(
        x**2 / v + (y - x) ** 2 / w,
        y**2 / (v + w) + (v + w) / (v * w) * (x - y * v / (v + w)) ** 2,
        r"complete the square: the sum $y$ of independent Gaussians of variances $v$ and $w$ is "
        r"Gaussian of variance $v + w$, so every combination is Gaussian ($\xi$ is a linear image "
        r"of independent Gaussians), which is what jointly Gaussian means",
    )


def _logit(formula: sp.Expr, proof: Proof) -> None:
    mu_a, mu_b = sp.Matrix([1, 0]), sp.Matrix([0, 1])
    q = sp.Matrix([q_1, q_2])
    proof.equal(
        (mu_a - mu_b).dot(q),
        q_1 - q_2,
        r"$\operatorname{logit} s = s_a - s_b$ by claim single_head.split; this is its mean",
        r"\mu_a^\top q - \mu_b^\top q",
    )
    independent = sp.diag(_symmetric(A_11, A_12, A_22), _symmetric(B_11, B_12, B_22))
    proof.equal(
        _second_moment(
            (q_1 * (xi_1 - eta_1) + q_2 * (xi_2 - eta_2)) ** 2,
            (xi_1, xi_2, eta_1, eta_2),
            independent,
        ),
        formula,
        r"with $\xi = k_a - \mu_a$ and $\eta = k_b - \mu_b$ independent: multiply out, the "
        r"products $\xi_g \eta_h$ have mean 0",
        r"E[(q^\top \xi - q^\top \eta)^2]",
    )
    longer = sp.Matrix([q_1, q_2, q_3])
    first = _symmetric(A_11, A_12, A_22, A_13, A_23, A_33)
    second = _symmetric(B_11, B_12, B_22, B_13, B_23, B_33)
    apart = longer.dot(sp.Matrix([xi_1 - eta_1, xi_2 - eta_2, xi_3 - eta_3]))
    noise = (xi_1, xi_2, xi_3, eta_1, eta_2, eta_3)
    spread = _second_moment(apart**2, noise, sp.diag(first, second))
    proof.holds(
        r"E[(q^\top \xi - q^\top \eta)^2] = q^\top (\Sigma_a + \Sigma_b) q",
        sp.expand(spread - (longer.T * (first + second) * longer)[0, 0]) == 0,
        r"the same for a query with a component off the plane of $\mu_a$ and $\mu_b$, here in "
        "three coordinates and so in any number",
        "both sides multiplied out in symbols agree coefficient by coefficient",
    )
    symmetric = {q_1: beta, q_2: beta, A_12: 0, B_12: 0, A_22: alpha, B_11: alpha, B_22: alpha}
    proof.equal(
        sp.Matrix([formula.subs(symmetric | {A_11: alpha + r}) for r in (0, sp.Rational(1, 2))]),
        sp.Matrix([4 * alpha * beta**2, (sp.Rational(1, 2) + 4 * alpha) * beta**2]),
        r"the practical: $q = \beta(\mu_a + \mu_b)$ with $\Sigma_a = \Sigma_b = \alpha I$ in part "
        r"1, and $\Sigma_a = \alpha I + \frac{1}{2} \mu_a \mu_a^\top$ in part 2",
        r"(\tau_1^2, \tau_2^2)^\top",
    )
    proof.equal(
        formula.subs(symmetric | {A_11: alpha, q_2: -beta}),
        4 * alpha * beta**2,
        r"noise that is the same in all directions does not see where $q$ points, only its length",
        r"\tau^2(\beta(\mu_a - \mu_b))",
    )


def _matrix(s_11: float, s_12: float, s_22: float) -> Float[np.ndarray, "2 2"]:
    import numpy as np

    return np.array([[s_11, s_12], [s_12, s_22]])


def _near(found: float, value: float, scale: float) -> bool:
    """Equal but for rounding, of which terms that cancel leave a share of their size."""
    return abs(found - value) <= 1e-9 * scale + 1e-300


def _joint_directly(value: float, **given: float) -> Direct:
    """With Σ = RRᵀ the score is linear in standard normals, with the coefficients Rᵀq."""
    import numpy as np

    q = np.array([given["q_1"], given["q_2"]])
    sigma = _matrix(given["S_11"], given["S_12"], given["S_22"])
    spreads, directions = np.linalg.eigh(sigma)
    found = float(np.sum(np.clip(spreads, 0, None) * (directions.T @ q) ** 2))
    sentence = (
        rf"Along the two principal axes of $\Sigma$ the noise is independent; the variances of its "
        rf"parts sum to ${scientific(found)}$."
    )
    return Direct(
        sentence, _near(found, value, float(np.abs(sigma).max() * np.sum(np.abs(q)) ** 2))
    )


def _logit_directly(value: float, **given: float) -> Direct:
    """Scores are linear in the keys: the difference is (q, −q) applied to (k_a, k_b)."""
    import numpy as np

    q = np.array([given["q_1"], given["q_2"]])
    sigma = np.zeros((4, 4))
    sigma[:2, :2] = _matrix(given["A_11"], given["A_12"], given["A_22"])
    sigma[2:, 2:] = _matrix(given["B_11"], given["B_12"], given["B_22"])
    row = np.concatenate([q, -q])
    found, scale = float(row @ sigma @ row), float(np.sum(np.abs(q)) ** 2 * np.abs(sigma).max())
    sentence = rf"The covariance of $(k_a, k_b)$ as one matrix gives ${scientific(found)}$."
    return Direct(sentence, _near(found, value, 2 * scale))


_HALF = sp.Rational(1, 2)
CLAIMS = (
    Claim(
        key="single_head.joint",
        question="2c.1",
        title="Scores under several queries are jointly Gaussian, for any covariances",
        statement=r"The scores of key $i$ under queries $q$ and $p$ are jointly Gaussian with "
        r"means $\mu_i^\top q$, $\mu_i^\top p$ and covariance $q^\top \Sigma_i p$. With the "
        r"entries $S_{11}$, $S_{12}$, $S_{22}$ of $\Sigma_i$ in a plane that holds $q$, "
        r"$q^\top \Sigma_i q = {law}$.",
        assumptions=GAUSSIAN,
        law=variance,
        derive=_joint,
        twin=S_11 * q_1**2 + S_12 * q_1 * q_2 + S_22 * q_2**2,
        changed="1 in place of 2 before the covariance",
        example={
            "q_1": 6, "q_2": 8,
            "S_11": _HALF, "S_12": sp.Rational(1, 10), "S_22": sp.Rational(1, 4),
        },
        source="practical, question 2c; linear images of Gaussian vectors",
        variables=dict.fromkeys((p_1, p_2, x, y), ANY)
        | {v: POSITIVE, w: POSITIVE},
        direct=_joint_directly,
    ),
    Claim(
        key="single_head.logit",
        question="2c.2",
        title="The logit of the split for any query and any covariances",
        statement=r"For every $n$, $\operatorname{logit} s \sim \mathcal{N}(m, \tau^2)$ exactly, "
        r"with $m = (\mu_a - \mu_b)^\top q$ and $\tau^2 = q^\top (\Sigma_a + \Sigma_b) q$; with "
        r"$q = q_1 \mu_a + q_2 \mu_b$ and $A_{gh}$, $B_{gh}$ the entries of $\Sigma_a$, $\Sigma_b$ "
        r"in that plane, $m = q_1 - q_2$ and $\tau^2 = {law}$. The practical has "
        r"$4\alpha\beta^2$ in part 1 and $(\frac{1}{2} + 4\alpha)\beta^2$ in part 2.",
        assumptions=(
            *GAUSSIAN,
            r"$s = \alpha_a / (\alpha_a + \alpha_b)$ is the share of $v_a$",
            r"$\mu_a$ and $\mu_b$ are orthonormal, for the formula in coordinates",
        ),
        law=logit_variance,
        derive=_logit,
        twin=(A_11 + B_11) * q_1**2 + (A_12 + B_12) * q_1 * q_2 + (A_22 + B_22) * q_2**2,
        changed=r"1 in place of 2 before the covariances",
        example={
            "q_1": 10, "q_2": 10, "A_11": sp.Rational(51, 100), "A_12": sp.Rational(1, 20),
            "A_22": sp.Rational(1, 100), "B_11": sp.Rational(1, 100), "B_12": 0,
            "B_22": sp.Rational(1, 100),
        },
        source="practical, question 2c; Aitchison and Shen 1980 (logistic-normal distributions)",
        variables={alpha: POSITIVE, beta: POSITIVE},
        direct=_logit_directly,
    ),
)  # fmt: skip
