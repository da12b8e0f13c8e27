"""Question 3g.1: two steps of Linformer's printed proofs that fail, and by how much.

The paper (arXiv:2006.04768) bounds the error of a projected inner product by ε|xᵀy| (in (19), after
its Lemma 1), and takes E = ηR and F = e^(−η)R for Theorem 2, with a small constant η that it
calls δ. What its Theorem 1 becomes with the right bound is claim `linformer.rows`.
"""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import TYPE_CHECKING

import sympy as sp

from theory.gaussian import Phi
from theory.linformer import attend, eta
from theory.projections import johnson_lindenstrauss as jl
from theory.projections.chi_squared import DRAWN, ROWS, k
from theory.proof.assumptions import require
from theory.proof.claim import Citation, Claim
from theory.proof.direct import Direct, close
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import latex, scientific
from theory.symbols import ANY, KEYS, POSITIVE, TOLERANCE, UNIT, epsilon, n

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

Whole = tuple[int, ...]

tau = sp.Symbol("tau", positive=True)
SCALE = Parameter("eta", eta, lower=0)
ENERGY = Parameter("energy", tau, lower=0, open=True)
LARGEST_SAMPLE = 4 * 10**6  # random numbers that a direct check may draw
FEWER, SIZE = 2, 3  # k and n of the counterexample that is printed

printed = Law(r"E[(x^\top R^\top R y)^2]", 1 / k, (ROWS,))
orthogonal = Law(
    r"\max_{x \perp y} |x^\top R^\top R y|", tau / (2 * k), (ENERGY, ROWS), relation=r"\ge"
)
zero_query = Law(
    r"P(|\tilde{c} - c| \le \varepsilon)",
    Phi((1 + epsilon) * k * sp.exp(eta) / sp.sqrt(n))
    - Phi((1 - epsilon) * k * sp.exp(eta) / sp.sqrt(n)),
    (TOLERANCE, ROWS, KEYS, SCALE),
)
a, b, g, h = sp.symbols("a b g h", real=True)
lam = sp.Symbol("lambda", positive=True)
f, s, z = sp.symbols("f s z", nonnegative=True)
j = sp.Symbol("j", integer=True, positive=True)
angle = sp.Symbol("theta", real=True)


def counterexample(k: int, n: int) -> tuple[tuple[Whole, ...], Whole, Whole]:
    """R, x and y with entries in {0, 1, −1}, xᵀy = 0 and xᵀRᵀRy ≠ 0: the first that is found.

    R has k orthogonal rows, none of them 0: what the entries of a large random R are like.
    Raises: InputError unless 1 ≤ k < n.

    >>> counterexample(1, 2)
    (((0, 1),), (1, 1), (1, -1))
    """
    require(None if 1 <= k < n else f"k must be at least 1 and below n, got k = {k} and n = {n}")
    vectors = [v for v in itertools.product((0, 1, -1), repeat=n) if any(v)]
    return next(
        (matrix, left, right)
        for matrix in itertools.product(vectors, repeat=k)
        if all(_dot(u, v) == 0 for u, v in itertools.combinations(matrix, 2))
        for left, right in itertools.combinations(vectors, 2)
        if _dot(left, right) == 0 and projected(matrix, left, right) != 0
    )


def projected(matrix: tuple[Whole, ...], left: Whole, right: Whole) -> int:
    """xᵀRᵀRy in whole numbers.

    >>> projected(((0, 1),), (1, 1), (1, -1))
    -1
    """
    return sum(_dot(row, left) * _dot(row, right) for row in matrix)


def _dot(left: Whole, right: Whole) -> int:
    return sum(u * v for u, v in zip(left, right, strict=True))


# ----------------------------------------------------------------------------- derivations


def _printed(formula: sp.Expr, proof: Proof) -> None:
    matrix, left, right = counterexample(FEWER, SIZE)
    proof.holds(
        rf"R = {latex(sp.Matrix(matrix))}, \quad x = {_column(left)}, \quad y = {_column(right)}: "
        rf"\quad x^\top y = {_dot(left, right)}, \quad x^\top R^\top R y = "
        rf"{projected(matrix, left, right)}",
        _dot(left, right) == 0 != projected(matrix, left, right),
        r"$|x^\top R^\top R y - x^\top y| \le \varepsilon |x^\top y|$ is false here for every "
        r"$\varepsilon$: its right side is 0 and its left side is not",
        "first instance found by a search over matrices and vectors of 0, 1 and −1, in integers",
    )
    entries = sp.Matrix([a * g + b * h, -b * g + a * h])
    proof.equal(
        (entries * entries.T).applyfunc(lambda product: jl.mean(product, g, h)),
        (a**2 + b**2) * sp.eye(2),
        r"nor is it a rare accident for a Gaussian $R$: two orthogonal vectors of equal length are "
        r"$x = (a, b)$ and $y = (-b, a)$ in some axes of their plane. With independent standard "
        r"normals $g$, $h$ the entries of $\sqrt{k} Rx$ and $\sqrt{k} Ry$ are $ag + bh$ and $-bg + "
        r"ah$, which are jointly normal with this matrix of covariances, whose entry off the "
        r"diagonal is 0: so $Rx$ and $Ry$ are independent",
        r"k\, E[(Rx, Ry)_i^\top (Rx, Ry)_i]",
    )
    proof.equal(
        k * jl.mean(g**2 * h**2, g, h) / k**2,
        formula,
        r"for unit vectors $x^\top R^\top R y$ is a sum of $k$ independent products of mean 0. "
        r"Given $Rx \ne 0$ it is Gaussian with variance $\lVert Rx \rVert^2 / k > 0$, so it is 0 "
        "with probability 0: the inequality holds with probability 0, not, as printed, with more "
        r"than $1 - 2 e^{-(\varepsilon^2 - \varepsilon^3) k / 4}$, which is near 1 for large $k$",
        r"E[(x^\top R^\top R y)^2]",
    )
    proof.equal(
        jl.variance.expression.subs(jl.rho, 0),
        formula,
        r"the same from claim johnson_lindenstrauss.variance at $\rho = 0$",
        r"\frac{1 + 0^2}{k}",
    )


def _column(vector: Whole) -> str:
    return latex(sp.Matrix(vector))


def _orthogonal(formula: sp.Expr, proof: Proof) -> None:
    pair = sp.Matrix([[1, 1], [1, -1]]) / sp.sqrt(2)
    gram = sp.diag(lam, 0)
    proof.equal(
        pair * pair.T,
        sp.eye(2),
        r"$x = (1, 1)/\sqrt{2}$ and $y = (1, -1)/\sqrt{2}$ are orthogonal unit vectors",
        r"(x, y)^\top (x, y)",
    )
    proof.equal(
        pair * gram * pair.T,
        lam * sp.ones(2, 2) / 2,
        r"$R^\top R$ has the largest eigenvalue $\lambda$ and, as $k < n$, the eigenvalue 0. In "
        r"the basis of two unit eigenvectors of these, take that $x$ and that $y$: the entry off "
        r"the diagonal is $x^\top R^\top R y$",
        r"(x, y)^\top R^\top R \, (x, y)",
    )
    proof.at_most(
        j * lam * z + lam * s,
        (j + 1) * lam,
        r"$\tau$ is the trace of $R^\top R$, the sum of its eigenvalues, of which at most $k$ "
        r"differ from 0 and none exceeds $\lambda$. So $\tau \le k \lambda$, by induction: if $j$ "
        r"of them sum to $j \lambda z$ with $z \le 1$, one more, $\lambda s$ with $s \le 1$, "
        r"keeps the sum of $j + 1$ at most $(j + 1) \lambda$",
        equality={z: 1, s: 1},
    )
    proof.equal(
        (lam / 2).subs(lam, tau / k),
        formula,
        r"so $x^\top R^\top R y = \lambda / 2$ is at least this",
        r"\frac{1}{2} \cdot \frac{\tau}{k}",
    )
    proof.equal(
        sp.Rational(1, 2) - sp.sin(angle) * sp.cos(angle),
        (sp.cos(angle) - sp.sin(angle)) ** 2 / 2,
        r"no pair has more if the rows of $R$ are orthogonal with equal norms, so that $\lambda = "
        r"\tau / k$: in the plane of any orthogonal $x$, $y$ the form $R^\top R$ has two "
        r"eigenvalues in $[0, \lambda]$, and $x^\top R^\top R y$ is their difference times $\sin "
        r"\theta \cos \theta \le \frac{1}{2}$, where $\theta$ is the angle from an eigenvector to "
        "$x$",
    )


def _zero_query(formula: sp.Expr, proof: Proof) -> None:
    spread = sp.exp(-eta) * sp.sqrt(n) / k
    proof.equal(
        k * n * (sp.exp(-eta) / k) ** 2 / k,
        spread**2,
        r"every score of a zero query is 0, so each of the $k$ projected keys has weight $1/k$ and "
        r"$\tilde{c} = \frac{1}{k} \sum_{i, j} e^{-\eta} R_{ij}$, a Gaussian of mean 0; $kn$ "
        r"variances $(e^{-\eta}/k)^2/k$ add",
        r"\operatorname{Var}(\tilde{c})",
    )
    proof.equal(
        Phi((1 + epsilon) / spread) - Phi((1 - epsilon) / spread),
        formula,
        r"full attention gives $c = 1$, and the right side of the paper's (8) is $\varepsilon "
        r"\lVert \operatorname{softmax}(0) \rVert \lVert V \rVert = \varepsilon n^{-1/2} n^{1/2} "
        r"= \varepsilon$. So divide $1 \pm \varepsilon$ by the standard deviation of $\tilde{c}$",
        r"P(|\tilde{c} - 1| \le \varepsilon)",
    )
    proof.at_most(
        f - (1 + s) / 2,
        sp.Rational(1, 2),
        r"the first value of $\Phi$, $f$, is below 1, and the second, at a positive point, is $(1 "
        r"+ s)/2$ with an $s > 0$: whatever $k$ and $\eta$ are, the bound fails more often than "
        "it holds",
        equality={f: 1, s: 0},
    )
    proof.equal(
        k * jl.mean((1 - sp.sqrt(n / k) * g) ** 2, g),
        (1 + k / n) * n,
        r"where the proof breaks: its (23) wants the norm of the difference of $\exp(\eta x "
        r"R^\top)$ and $\exp(\eta x) R^\top$, for a row of scores $x$, to be small against that of "
        r"$\exp(x)$. At $x = 0$ they are a row of $k$ ones and a row of $k$ independent "
        r"$\mathcal{N}(0, n/k)$, whatever $\eta$ is: the mean square of the norm of the difference "
        r"exceeds $\lVert \exp(0) \rVert^2 = n$",
        r"E[\lVert \exp(0) - \exp(0) R^\top \rVert^2]",
    )


# ------------------------------------------------------------------- from the definition


def _printed_directly(value: float, k: float) -> Direct:
    """All sign matrices stand for all Gaussian ones: the second moments of the entries agree."""
    slots = min(int(k), 6)
    signs = itertools.product((1, -1), repeat=2 * slots)
    squares = [sum(u * v for u, v in zip(r[::2], r[1::2], strict=True)) ** 2 for r in signs]
    found = Fraction(sum(squares), len(squares) * slots**2)
    sentence = (
        rf"Over all $2^{{{2 * slots}}}$ matrices of signs over $\sqrt{{k}}$, which have the second "
        rf"moments of Gaussian ones, with $k = {slots}$ rows and two columns, the mean square of "
        rf"$x^\top R^\top R y$ for the two axes $x$, $y$ is "
        rf"${latex(sp.Rational(found.numerator, found.denominator))}$."
    )
    return Direct(sentence, close(float(found) * slots / k, value))


def _orthogonal_directly(value: float, energy: float, k: float) -> Direct:
    import numpy as np

    slots = min(int(k), 64)
    drawn = np.random.default_rng(0).standard_normal((slots, 2 * slots))
    tight = np.linalg.qr(drawn.T)[0].T  # rows that are orthogonal with equal norms
    both = [_worst(R * math.sqrt(energy * slots / k) / np.linalg.norm(R)) for R in (drawn, tight)]
    sentence = (
        rf"For an $R$ of ${slots} \times {2 * slots}$ with the same $\tau / k$ the greatest "
        rf"$|x^\top R^\top R y|$ is ${scientific(both[0])}$ if its entries are drawn, and "
        f"${scientific(both[1])}$ if its rows are orthogonal with equal norms."
    )
    return Direct(sentence, both[0] >= value * (1 - 1e-9) and close(both[1], value))


def _worst(matrix: Float[np.ndarray, "k n"]) -> float:
    """xᵀRᵀRy for x and y between the eigenvectors of the greatest and the least eigenvalue."""
    import numpy as np

    basis = np.linalg.eigh(matrix.T @ matrix)[1]
    left, right = basis[:, -1] + basis[:, 0], basis[:, -1] - basis[:, 0]
    return float((matrix @ left) @ (matrix @ right)) / 2


def _zero_query_directly(value: float, epsilon: float, k: float, n: float, eta: float) -> Direct:
    """A zero query, any keys and values 1, attended through matrices R that are drawn.

    The output is linear in R, so one matrix of ones tells the sum of its coefficients; they are
    equal, which their sum and the outputs of the drawn matrices bear out.
    """
    import numpy as np
    from scipy import special

    slots, size = int(k), int(n)
    trials = min(2000, LARGEST_SAMPLE // (slots * size))
    if not trials:
        return Direct("So large a matrix is not drawn here: nothing is checked.", True)
    query, keys, values = np.zeros((1, 1)), np.arange(size)[:, None] / size, np.ones((size, 1))

    def output(matrix: np.ndarray) -> float:
        return float(attend(query, keys, values, eta * matrix, math.exp(-eta) * matrix)[0, 0])

    coefficient = output(np.ones((slots, size))) / (slots * size)
    deviation = coefficient * math.sqrt(size)
    exact = float(special.ndtr((1 + epsilon) / deviation) - special.ndtr((1 - epsilon) / deviation))
    matrices = [jl.projection(slots, size, seed) for seed in range(trials)]
    outputs = np.array([output(matrix) for matrix in matrices])
    linear = np.allclose(outputs, [coefficient * R.sum() for R in matrices], rtol=1e-9, atol=1e-9)
    hits = int(np.sum(np.abs(outputs - 1) <= epsilon))
    sentence = (
        f"The output is the sum of the entries of $R$ times ${scientific(coefficient)}$, in bound "
        f"with probability ${scientific(exact)}$; of {trials} matrices that were drawn {hits} "
        "kept it in bound."
    )
    return Direct(
        sentence, bool(linear) and math.isclose(exact, value, rel_tol=1e-9, abs_tol=1e-12)
    )


CLAIMS = (
    Claim(
        key="linformer.printed",
        question="3g.1",
        title="The printed bound, relative to the inner product, fails for orthogonal vectors",
        statement="No projection promises an error that is small against the inner product "
        r"itself: the inequality $|x^\top R^\top R y - x^\top y| \le \varepsilon |x^\top y|$ is "
        "false for some $R$, $x$, $y$ in whole numbers; and for Gaussian $R$ and any orthogonal "
        r"unit vectors it holds with probability 0: $x^\top R^\top R y$, which would have to be 0, "
        "is given $Rx$ a normal number of positive variance; its mean square is ${law}$. The paper "
        "prints it as (19), with a row of attention "
        r"weights and a column of values for $x$ and $y$ (which may be orthogonal: $(\frac{1}{2}, "
        r"\frac{1}{2})$ and $(1, -1)$ are), and concludes Theorem 1 from it. What holds is claim "
        "johnson_lindenstrauss.inner_product.",
        assumptions=(
            DRAWN + r", $n \ge 2$; the counterexample in whole numbers has another $R$",
            r"(19) is said to follow from (12), whose right side is printed $\varepsilon \lVert xy "
            r"\rVert$, a product of two rows that is not defined; read as $\varepsilon \lVert x "
            r"\rVert \lVert y \rVert$ it would be another inequality, which is not refuted here",
        ),
        law=printed,
        derive=_printed,
        twin=2 / k,
        changed="2 in place of 1",
        example={"k": 4},
        source="arXiv:2006.04768, appendix A: Lemma 1 (12), used in (19) and (20)",
        variables={a: ANY, b: ANY},
        direct=_printed_directly,
    ),
    Claim(
        key="linformer.orthogonal",
        question="3g.1",
        title="No projection to fewer dimensions keeps all orthogonal pairs",
        statement=r"For every $k \times n$ matrix $R$ with $k < n$ there are orthogonal unit "
        r"vectors $x$, $y$ with $|x^\top R^\top R y| \ge {law}$, where $\tau$ is the sum of the "
        r"squares of its entries (about $n$ for the Gaussian $R$ of the paper). No pair has more "
        "if the rows of $R$ are orthogonal with equal norms.",
        assumptions=(r"$k < n$, so that $R x = 0$ for some $x \ne 0$; $R \ne 0$",),
        law=orthogonal,
        derive=_orthogonal,
        twin=tau / k,
        changed="1 in place of 2 below the bar",
        example={"energy": 512, "k": 64},
        source="spectral theorem",
        variables={lam: POSITIVE, z: UNIT, s: UNIT, j: POSITIVE, angle: ANY},
        direct=_orthogonal_directly,
    ),
    Claim(
        key="linformer.zero_query",
        question="3g.1",
        title="The matrices in the proof of Theorem 2 fail for a zero query",
        statement=r"Let $E = \eta R$ and $F = e^{-\eta} R$, as in the paper's proof. For a query 0 "
        r"and values that are all 1, the output $\tilde{c}$ of Linformer has mean 0, where full "
        r"attention gives $c = 1$. The bound (8) of Theorem 2, which is here $|\tilde{c} - c| \le "
        r"\varepsilon$, holds with probability ${law}$, below $\frac{1}{2}$ for all $k$, $n$ and "
        r"$\eta$. Theorem 2 says that some $E$ and $F$ exist; other ones are not excluded by this.",
        assumptions=(
            DRAWN,
            r"$\eta \ge 0$ is the paper's $\delta$, which is $2^{-n}$ or of order $1/n$ there",
            r"$0 < \varepsilon < 1$; $V$ is one column (or all its other columns are 0)",
        ),
        law=zero_query,
        derive=_zero_query,
        twin=Phi((1 + epsilon) * k * sp.exp(-eta) / sp.sqrt(n))
        - Phi((1 - epsilon) * k * sp.exp(-eta) / sp.sqrt(n)),
        changed=r"the sign of $\eta$",
        example={"epsilon": sp.Rational(1, 2), "k": 32, "n": 1024, "eta": sp.Rational(1, 100)},
        source="arXiv:2006.04768, Theorem 2 (8) and appendix B, where (23) fails at $x = 0$",
        variables={f: UNIT, s: UNIT},
        direct=_zero_query_directly,
    ),
    Citation(
        key="linformer.low_rank",
        question="3g.1",
        title="Theorem 1 of the paper: attention weights are of low rank",
        statement="For any $Q$, $K$, $V$ and any column $w$ of $V$ there is a random matrix "
        r"$\tilde{P}$ of rank $\Theta(\log n)$ with $\Pr(\lVert \tilde{P} w - P w \rVert < "
        r"\varepsilon \lVert P w \rVert) > 1 - o(1)$, where $P$ is the matrix of attention "
        r"weights; the printed proof takes $\tilde{P} = P R^\top R$ with $k = 5 \log(n) / "
        r"(\varepsilon^2 - \varepsilon^3)$ rows of $R$.",
        assumptions=(
            "its proof uses the inequality that claim linformer.printed refutes; what is proved "
            r"for $P R^\top R$ is claim linformer.rows. That a matrix of low rank may depend on "
            "$w$ makes the statement itself easy: one of rank one is exact for one $w$",
        ),
        source="arXiv:2006.04768, Theorem 1",
    ),
    Citation(
        key="linformer.linear",
        question="3g.1",
        title="Theorem 2 of the paper: linear self-attention",
        statement=r"If $k = \min(\Theta(9 d \log(d) / \varepsilon^2), 5 \Theta(\log(n) / "
        r"\varepsilon^2))$ there are $E$ and $F$ such that for each row $w$ of scores $\lVert "
        r"\operatorname{softmax}(w E^\top) F V - \operatorname{softmax}(w) V \rVert \le "
        r"\varepsilon \lVert \operatorname{softmax}(w) \rVert \lVert V \rVert$ with a probability "
        r"above $1 - o(1)$.",
        assumptions=(
            r"the scores have rank $d$; the printed proof takes the $E$ and $F$ of claim "
            "linformer.zero_query, for which the bound fails for a zero query, so we rely on no "
            "part of it",
            r"$E$ and $F$ are printed as $n \times k$ and used as $k \times n$",
        ),
        source="arXiv:2006.04768, Theorem 2",
    ),
)
