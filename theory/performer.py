"""Question 3h: the softmax kernel SM(x, y) = exp(xᵀy) and the Performer's three feature maps.

Only the lengths of z = x + y and of x − y matter: xᵀy = (‖z‖² − ‖x − y‖²)/4, and the two lengths
are free of each other. Rows are scaled already: attention with scores qᵀk/√d takes x = q d^(−1/4)
and y = k d^(−1/4).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sympy as sp

from theory.gaussian import Abbreviation, spelled_out
from theory.proof.algebra import Domain
from theory.proof.assumptions import array, require
from theory.proof.claim import Citation
from theory.proof.law import Parameter
from theory.symbols import NONNEGATIVE

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

    Features = Callable[[Float[np.ndarray, "n d"], Float[np.ndarray, "m d"]], np.ndarray]

total = sp.Symbol(r"{\lVert z \rVert}", nonnegative=True)
apart = sp.Symbol(r"{\lVert x - y \rVert}", nonnegative=True)
draws = sp.Symbol("m", integer=True, positive=True)
u, v = sp.symbols("u v", nonnegative=True)
SQUARED: Domain = {u: NONNEGATIVE, v: NONNEGATIVE}
SQUARES = r"with $u = \lVert z \rVert^2$ and $v = \lVert x - y \rVert^2$"

LONGEST = 18  # beyond it e^(2‖z‖²) is near the largest float; the derivations need no such end
TOTAL = Parameter("total", total, lower=0, upper=LONGEST)
APART = Parameter("apart", apart, lower=0, upper=LONGEST)
NOT_OPPOSITE = Parameter("total", total, lower=0, upper=LONGEST, open=True)
DISTINCT = Parameter("apart", apart, lower=0, upper=LONGEST, open=True)
DRAWS = Parameter("draws", draws, lower=1, integer=True)

LENGTHS = (
    r"$x, y \in \mathbb{R}^d$ are any two vectors, $z = x + y$, and $\mathrm{SM} = e^{x^\top y}$; "
    r"attention with scores $q^\top k/\sqrt{d}$ has $x = q\,d^{-1/4}$ and $y = k\,d^{-1/4}$"
)
GAUSSIAN = (
    r"$\omega$ is a vector of $d$ independent standard normal numbers, drawn without looking at "
    "$x$ or $y$"
)
INDEPENDENT = (
    r"$m$ counts independent draws of $\omega$, not features: a draw gives a vector one positive "
    r"feature, or two numbers of the other kinds. The estimate is the mean over the draws of the "
    r"scalar product of the features of $x$ and of $y$"
)
PAPER = "Choromański et al., Rethinking Attention with Performers"


class Kernel(Abbreviation):
    """SM(x, y) = exp(xᵀy) as a function of ‖x + y‖ and ‖x − y‖."""

    nargs = 2
    is_positive = True

    def definition(self) -> sp.Expr:
        together, difference = self.args
        return sp.exp((together**2 - difference**2) / 4)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        power = "" if exp is None else f"^{{{exp}}}"
        if self.args == (total, apart):
            return rf"\mathrm{{SM}}{power}"
        together, difference = map(printer.doprint, self.args)
        opened = rf"e^{{({together}^2 - {difference}^2)/4}}"
        return rf"\left({opened}\right){power}" if power else opened


SM = Kernel(total, apart)


def in_squares(expression: sp.Expr) -> sp.Expr:
    """The same expression in u = ‖z‖² and v = ‖x − y‖² with exponentials alone.

    The kernel is spelled out, and exponentials stand for hyperbolic sines and cosines.
    """
    found = spelled_out(expression).xreplace({total: sp.sqrt(u), apart: sp.sqrt(v)})
    found = found.replace(sp.sinh, lambda x: (sp.exp(x) - sp.exp(-x)) / 2)
    return found.replace(sp.cosh, lambda x: (sp.exp(x) + sp.exp(-x)) / 2)


def positive_features(
    x: Float[np.ndarray, "n d"], directions: Float[np.ndarray, "m d"]
) -> Float[np.ndarray, "n m"]:
    """Positive features of each row: exp(ωᵀx − ‖x‖²/2)/√m for each of the m directions ω.

    Over ω ~ N(0, I) the mean of φ(x)ᵀφ(y) is exp(xᵀy).
    Raises: InputError if an argument is no finite matrix or the widths differ.
    Source: Choromański et al., Lemma 1.

    >>> import numpy as np
    >>> x, omega = np.array([[1.0, 0.0]]), np.array([[0.5, 9.0], [-0.5, 9.0]])
    >>> positive_features(x, omega).round(4)
    array([[0.7071, 0.2601]])
    """
    import numpy as np

    projected, halves = _projected(x, directions)
    features: np.ndarray = np.exp(projected - halves) / np.sqrt(len(directions))
    return features


def trigonometric_features(
    x: Float[np.ndarray, "n d"], directions: Float[np.ndarray, "m d"]
) -> Float[np.ndarray, "n 2*m"]:
    """Features exp(‖x‖²/2) cos(ωᵀx)/√m for all m directions, then the same with sin.

    Over ω ~ N(0, I) the mean of φ(x)ᵀφ(y) is exp(xᵀy). Each draw of ω makes two numbers.
    Raises: InputError if an argument is no finite matrix or the widths differ.
    Source: Rahimi and Recht 2007; Choromański et al., section 2.3.

    >>> import numpy as np
    >>> trigonometric_features(np.array([[0.0, 1.0]]), np.array([[3.0, np.pi]])).round(4)
    array([[-1.6487,  0.    ]])
    """
    import numpy as np

    projected, halves = _projected(x, directions)
    waves = np.concatenate([np.cos(projected), np.sin(projected)], axis=1)
    features: np.ndarray = np.exp(halves) * waves / np.sqrt(len(directions))
    return features


def hyperbolic_features(
    x: Float[np.ndarray, "n d"], directions: Float[np.ndarray, "m d"]
) -> Float[np.ndarray, "n 2*m"]:
    """Positive features of the m directions and of their negatives (antithetic pairs).

    Over ω ~ N(0, I) the mean of φ(x)ᵀφ(y) is exp(xᵀy). Each draw of ω makes two numbers.
    Raises: InputError if an argument is no finite matrix or the widths differ.
    Source: Choromański et al., Lemma 1 (hyp+).

    >>> import numpy as np
    >>> hyperbolic_features(np.array([[1.0, 0.0]]), np.array([[0.5, 9.0]])).round(4)
    array([[0.7071, 0.2601]])
    """
    import numpy as np

    projected, halves = _projected(x, directions)
    signs = np.concatenate([projected, -projected], axis=1)
    features: np.ndarray = np.exp(signs - halves) / np.sqrt(2 * len(directions))
    return features


def _projected(
    x: Float[np.ndarray, "n d"], directions: Float[np.ndarray, "m d"]
) -> tuple[Float[np.ndarray, "n m"], Float[np.ndarray, "n 1"]]:
    """ωᵀx for each row and direction, and ‖x‖²/2 of each row."""
    import numpy as np

    problems = [array("x", x, "n", "d"), array("directions", directions, "m", "d")]
    if not any(problems):
        problems = [_widths(np.shape(x)[1], np.shape(directions))]
    require(*problems)
    rows = np.asarray(x, dtype=float)
    halves = np.sum(rows**2, axis=1, keepdims=True) / 2
    return rows @ np.asarray(directions, dtype=float).T, halves


def _widths(width: int, shape: tuple[int, ...]) -> str | None:
    if shape[0] and shape[1] == width:
        return None
    return f"directions must have at least 1 row and {width} columns like x, got shape {shape}"


FAR = 5.0  # lengths up to here are resolved by the grid of `moments`


def moments(features: Features, together: float, difference: float) -> tuple[float, float]:
    """Mean and variance of one draw's estimate, by summing over a fine grid of directions ω in R².

    For x = (together, difference)/2 and y = (together, −difference)/2; no sampling. The sum over
    an even grid is accurate to rounding for a normal density times an entire function.
    """
    import numpy as np

    step = 0.25
    one = np.arange(-2 * FAR - 10, 2 * FAR + 10, step)
    other = np.arange(-10, 10, step)
    directions = np.stack(np.meshgrid(one, other), axis=-1).reshape(-1, 2)
    density = np.exp(-np.sum(directions**2, axis=1) / 2) * step**2 / (2 * np.pi)
    rows = np.array([[together, difference], [together, -difference]]) / 2
    first, second = features(rows, directions)
    products = (first * second).reshape(-1, len(directions)).sum(axis=0) * len(directions)
    mean = float(density @ products)
    return mean, float(density @ (products - mean) ** 2)


def agree(found: float, exact: float, mean: float) -> bool:
    """Whether two variances are the same but for rounding, of either relative to the mean."""
    return math.isclose(found, exact, rel_tol=1e-7, abs_tol=1e-14 * mean**2)


def law_at(
    taken: tuple[float, ...], given: tuple[float, ...], value: float, law: Callable[..., float]
) -> float:
    """The law where the computation was made: the value given, unless a parameter was cut."""
    return value if taken == given else law(*taken)


def near(together: float, difference: float) -> tuple[float, float, str]:
    """The lengths that the grid resolves, and what to say if they are shorter than those asked."""
    if max(together, difference) <= FAR:
        return together, difference, ""
    return min(together, FAR), min(difference, FAR), f" (lengths cut to {FAR:g} for the grid)"


CLAIMS = (
    Citation(
        key="performer.uniform",
        question="3h",
        title="How many draws suffice for a whole attention matrix",
        statement=r"With $\delta = \varepsilon\, e^{-R^2/\sqrt{d}}$, a number of draws "
        r"$m = \Theta\!\left(\frac{d}{\delta^2} \log \frac{4 d^{3/4} R}{\delta}\right)$ gives "
        r"$\lVert \hat{A} - A \rVert_\infty \le \varepsilon$ with any constant probability; "
        r"the length of the sequence does not occur in it.",
        assumptions=(
            r"all queries and keys have length at most $R$ (before the scaling by $d^{-1/4}$)",
            "trigonometric features, two for each draw, with orthogonal directions, and no "
            "division by row sums",
        ),
        source=f"{PAPER}, Theorem 4",
    ),
    Citation(
        key="performer.regularised_attention",
        question="3h",
        title="Directions of one length for a whole attention matrix",
        statement=r"With all $\omega$ of length $\sqrt{d}$ the attention matrix $A^{\mathrm{reg}}$ "
        r"that is estimated has $1 - 2 d^{-1/3} + o(d^{-1/3}) \le A^{\mathrm{reg}}_{ij}/A_{ij} "
        r"\le 1$. For a single pair claim performer.regularised proves bounds without $o$.",
        assumptions=(
            r"the $L_\infty$ norm of the attention matrix $A$ is at most a constant as $d$ grows",
        ),
        source=f"{PAPER}, Theorem 1",
    ),
)
