"""Question 3g.2: why BigBird's random keys help, seen in the spectral gap of the graph.

If every token attends to its neighbours with equal weights, L layers apply the matrix W^L, where
W is the graph's matrix over its degree. How fast W^L comes near the uniform average depends on
the gap 1 − |λ₂| between the two largest eigenvalues: tiny for a window, large for random keys.
"""

from __future__ import annotations

import math

import sympy as sp

from theory.graphs.attention_graph import LARGEST, NOT_BUILT, WINDOW, window
from theory.graphs.regular_graphs import closed_walks, measured_gap, regular_graph, ring
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import latex, scientific
from theory.symbols import ANY, KEYS, POSITIVE, UNIT, epsilon, n

gamma = sp.Symbol("gamma", positive=True)
returning = sp.Symbol("pi_0", positive=True)
half_length = sp.Symbol("p", integer=True, positive=True)
DISTANCE = Parameter("epsilon", epsilon, lower=0, upper=0.5, open=True)
GAP = Parameter("gap", gamma, lower=0, upper=1, open=True)
RETURNING = Parameter("returning", returning, lower=0, upper=1)
HALF_LENGTH = Parameter("half_length", half_length, lower=1, integer=True)

window_gap = Law(
    r"1 - |\lambda_2|",
    2 * sp.pi**2 * window * (window + 1) / (3 * n**2),
    (KEYS, WINDOW),
    premises=(sp.Le(2 * window + 1, n),),
    relation=r"\le",
)
window_layers = Law(
    "L",
    (3 * n**2 / (2 * sp.pi**2 * window * (window + 1)) - 1) * sp.log(1 / (2 * epsilon)),
    (DISTANCE, KEYS, WINDOW),
    premises=(sp.Le(2 * window + 1, n),),
    relation=r"\ge",
)
gap = Law(
    r"1 - |\lambda_2|",
    1 - (n * returning - 1) ** (1 / (2 * half_length)),
    (KEYS, RETURNING, HALF_LENGTH),
    premises=(sp.Ge(n * returning, 1),),
    relation=r"\ge",
)
layers = Law(
    "L",
    sp.log(sp.sqrt(n) / (2 * epsilon)) / gamma,
    (DISTANCE, KEYS, GAP),
    relation=r"\ge",
)

a, b, u, v = sp.symbols("a b u v", real=True)
c, m, S, T, X, Y = sp.symbols("c m S T X Y", positive=True)
x, y, z = sp.symbols("x y z", nonnegative=True)
RING = (
    r"the tokens stand in a ring, so that every window is whole: each token attends with equal "
    r"weights to the $2h + 1$ tokens at most $h$ places away"
)
REGULAR = (
    r"$W$ is symmetric, its entries are at least 0 and its rows sum to 1: equal weights on a graph "
    r"in which every token attends to, and is attended to by, $d$ tokens"
)
# the graph that is drawn, the length of its walks, and the bound on |λ₂| that they certify
TOKENS, DEGREE, LENGTH, SEED = 128, 8, 64, 0
SECOND = sp.Rational(3, 4)
LEAST_GAP = 1 - SECOND
REACH = DEGREE // 2  # of a window with as many neighbours


# ----------------------------------------------------------------------------- derivations


def _window_gap(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        sp.cos(u + v) + sp.cos(u - v),
        2 * sp.cos(v) * sp.cos(u),
        r"with $u = 2\pi i / n$ and $v = 2\pi j / n$: $W$ multiplies the vector of the $\cos(2\pi "
        r"i / n)$ by $\mu = (1 + 2 \sum_{j=1}^h \cos(2\pi j / n)) / (2h + 1)$. Its entries sum to "
        r"0, so it is orthogonal to the eigenvector of ones, and $|\lambda_2| \ge \mu$: $1 - "
        r"|\lambda_2| \le 1 - \mu = \frac{2}{2h + 1} \sum_{j=1}^h (1 - \cos(2\pi j / n))$",
    )
    proof.equal(
        1 - sp.cos(2 * x),
        2 * sp.sin(x) ** 2,
        r"double angle; and $\sin x \le x$, since $x - \sin x$ is 0 at $x = 0$ and its derivative, "
        r"$1 - \cos x$, is twice a square by the same formula: $1 - \cos(2x) \le 2x^2$ for $x \ge "
        "0$",
    )
    squares = window * (window + 1) * (2 * window + 1) / 6
    proof.equal(
        squares.subs(window, window + 1) - squares,
        (window + 1) ** 2,
        r"the sum of the $j^2$ for $j \le h$ is $h (h + 1)(2h + 1)/6$, by induction from 0 at $h = "
        "0$",
    )
    proof.equal(
        2 / (2 * window + 1) * (2 * (sp.pi / n) ** 2 * squares),
        formula,
        r"with $x = \pi j / n$ in each term",
        r"\frac{2}{2h + 1} \sum_{j=1}^h 2 \left(\frac{\pi j}{n}\right)^2",
    )


def _window_layers(formula: sp.Expr, proof: Proof) -> None:
    proof.at_most(
        T * a - T * b,
        2 * T,
        r"let $T$ be the total variation distance between row 0 of $W^L$ and the uniform average, "
        r"the sum of the positive differences. The means of $\cos(2\pi i / n)$ under the two "
        r"differ by $Ta - Tb$ with $a$, $b$ in $[-1, 1]$; they are $\mu^L$ and 0, so $T \ge "
        r"\frac{1}{2} \mu^L$ with the eigenvalue $\mu$ of claim spectral_gap.window",
        equality={a: 1, b: -1},
    )
    proof.equal(
        sp.diff(x - sp.log(1 + x), x),
        x / (1 + x),
        r"not negative, and the difference is 0 at $x = 0$, so $\log(1 + x) \le x$ for $x \ge 0$; "
        r"with $1 + x = 1 / \mu$: $\log(1 / \mu) \le (1 - \mu) / \mu$",
        r"\frac{d}{dx} (x - \log(1 + x))",
    )
    bound = window_gap.expression
    proof.at_most(
        1 / bound - 1,
        1 / (bound * z) - 1,
        r"$\mu / (1 - \mu) = 1 / (1 - \mu) - 1$, and $1 - \mu$ is the bound of that claim times "
        r"some $z \le 1$. (If $\mu \le 0$ the right side is not positive, nor is the left, and "
        r"there is nothing to prove)",
        equality={z: 1},
    )
    proof.equal(
        (1 / bound - 1) * -sp.log(2 * epsilon),
        formula,
        r"$T \le \varepsilon$ needs $\mu^L \le 2 \varepsilon$, that is $L \ge \log(1 / (2 "
        r"\varepsilon)) / \log(1 / \mu)$, and $1 / \log(1 / \mu)$ is at least $\mu / (1 - \mu)$",
    )


def _gap(formula: sp.Expr, proof: Proof) -> None:
    proof.at_most(
        X,
        (1 + X + Y) - 1,
        r"the trace of $W^{2p}$ is the sum of the powers $\lambda_i^{2p}$ of its eigenvalues: 1, "
        r"then $X = |\lambda_2|^{2p}$, then others, even powers whose sum $Y$ is at least 0. It is "
        r"also $n$ times the mean probability $\pi_0$ that a walk of $2p$ steps ends where it "
        r"began: so $|\lambda_2|^{2p} \le n \pi_0 - 1$",
        r"|\lambda_2|^{2p}",
        equality={Y: 0},
    )
    proof.equal(
        formula.subs(returning, (1 + z ** (2 * half_length)) / n),
        1 - z,
        r"write $n \pi_0 - 1 = z^{2p}$ with $z \ge 0$; then $|\lambda_2| \le z$",
        "1 - (z^{2p})^{1/(2p)}",
    )
    graph = regular_graph(TOKENS, DEGREE, SEED)
    surplus = closed_walks(graph, LENGTH) - DEGREE**LENGTH
    proof.holds(
        rf"\operatorname{{tr}} A^{{{LENGTH}}} - {DEGREE}^{{{LENGTH}}} \le "
        rf"\left( {latex(SECOND)} \cdot {DEGREE} \right)^{{{LENGTH}}}",
        bool(surplus <= (SECOND * DEGREE) ** LENGTH),
        rf"for the matrix $A$ of a random graph of {TOKENS} tokens with {DEGREE} keys each, drawn "
        rf"with seed {SEED}. By the first step, with $W = A/{DEGREE}$ and $2p = {LENGTH}$, it has "
        rf"$|\lambda_2| \le {latex(SECOND)}$, so its gap is at least ${latex(LEAST_GAP)}$",
        f"closed walks of length {LENGTH} counted in integers",
    )
    proof.at_most(
        window_gap.expression.subs({n: TOKENS, window: REACH}),
        LEAST_GAP,
        rf"a window of as many neighbours, $h = {REACH}$, has by claim spectral_gap.window a "
        rf"gap of at most ${scientific(window_gap(TOKENS, REACH))}$, which is less",
        r"\frac{2 \pi^2 h (h + 1)}{3 n^2}",
    )


def _layers(formula: sp.Expr, proof: Proof) -> None:
    proof.at_most(
        S * X * z + c * X * y,
        (S + c) * X,
        "in an orthonormal basis of eigenvectors the difference between a row of $W^L$ and the "
        r"uniform average has coordinates $c_k \lambda_k^L$, $k \ge 2$, where $c_k$ is one entry "
        r"of the $k$-th eigenvector and all $c_k^2$ sum to 1. With $\lambda = |\lambda_2|$ and $X "
        r"= \lambda^{2L}$ the squares sum to at most $X \sum_k c_k^2 \le X$, by induction: if "
        r"those so far have $\sum c_k^2 = S$ and sum to $SXz$ with $z \le 1$, one more, $cXy$ "
        r"(where $c$ is the next $c_k^2$, and $y \le 1$) keeps that so",
    )
    proof.equal(
        (m + 1) * (a**2 / m + y + b**2) - (a + b) ** 2,
        (a - m * b) ** 2 / m + (m + 1) * y,
        r"the sum $a$ of $m$ numbers has $a^2 \le m$ times the sum of their squares, by induction: "
        r"let the latter be $a^2 / m + y$ with $y \ge 0$; with one more number $b$ the difference "
        r"is the right side, not negative. Hence the total variation distance, half the sum of the "
        r"$n$ absolute differences, is at most $\frac{1}{2} \sqrt{n} \lambda^L$",
    )
    proof.equal(
        sp.diff(-x - sp.log(1 - x), x),
        x / (1 - x),
        r"not negative, and the difference is 0 at $x = 0$: $\log(1 - x) \le -x$, so with $x = "
        r"\gamma = 1 - \lambda$ we have $\lambda^L \le e^{-\gamma L}$",
        r"\frac{d}{dx} (-x - \log(1 - x))",
    )
    distance = sp.sqrt(n) / 2 * sp.exp(-gamma * formula)
    proof.equal(
        distance,
        epsilon,
        r"at this $L$ the bound is $\varepsilon$",
        r"\frac{1}{2} \sqrt{n} e^{-\gamma L}",
    )
    proof.at_most(
        distance * z,
        epsilon,
        r"and more layers multiply it by a factor $z \le 1$",
        r"\frac{1}{2} \sqrt{n} e^{-\gamma L} z",
    )


# ------------------------------------------------------------------- from the definition


def _window_gap_directly(value: float, n: float, window: float) -> Direct:
    if n > LARGEST:
        return NOT_BUILT
    size, reach = int(n), int(window)
    found = measured_gap(ring(size, reach))
    random = measured_gap(regular_graph(size, 2 * reach, seed=0))
    sentence = (
        rf"The eigenvalues of this $W$ give ${scientific(found)}$; those of a graph with as many "
        rf"random keys for each token give ${scientific(random)}$."
    )
    return Direct(sentence, found <= value * (1 + 1e-9))


def _window_layers_directly(value: float, epsilon: float, n: float, window: float) -> Direct:
    import numpy as np

    fewer = max(0, math.ceil(value) - 1)
    if n > LARGEST:
        return NOT_BUILT
    weights = ring(int(n), int(window)) / (2 * window + 1)
    row = np.linalg.matrix_power(weights, fewer)[0]
    found = float(np.abs(row - 1 / n).sum() / 2)
    sentence = rf"After {fewer} layers the distance is still ${scientific(found)}$."
    return Direct(sentence, fewer >= value or found > epsilon * (1 - 1e-9))


def _gap_directly(value: float, n: float, returning: float, half_length: float) -> Direct:
    """Two halves, with more weight on one's own: the only eigenvalues are 1, `kept` and 0.

    n and π₀ enter the law by their product alone, so that fewer tokens may have it.
    """
    import numpy as np

    size, steps = 2 * int(min(n, 64) // 2), int(2 * half_length)
    kept = min(1.0, max(0.0, n * returning - 1)) ** (1 / steps)
    side = np.repeat([1.0, -1.0], size // 2)
    weights = (1 + kept * np.outer(side, side)) / size
    returned = float(np.trace(np.linalg.matrix_power(weights, steps)))
    found = measured_gap(weights)
    sentence = (
        rf"A walk over {size} tokens in two halves, whose steps lead to one's own half with "
        rf"probability ${scientific((1 + kept) / 2)}$, has $n \pi_0 = {scientific(returned)}$ and "
        rf"the gap ${scientific(found)}$."
    )
    return Direct(sentence, returned <= n * returning + 1e-9 and found >= value - 1e-9)


def _layers_directly(value: float, epsilon: float, n: float, gap: float) -> Direct:
    """A mixture of the uniform average and the identity that has this gap."""
    import numpy as np

    if n > LARGEST:
        return NOT_BUILT
    size, enough = int(n), max(0, math.ceil(value))
    weights = gap * np.full((size, size), 1 / n) + (1 - gap) * np.eye(size)
    row = np.linalg.matrix_power(weights, enough)[0]
    found = float(np.abs(row - 1 / n).sum() / 2)
    sentence = (
        rf"Where a token keeps the share $1 - \gamma$ of itself and averages all, the distance "
        rf"after {enough} layers is ${scientific(found)}$."
    )
    return Direct(sentence, found <= epsilon * (1 + 1e-9))


CLAIMS = (
    Claim(
        key="spectral_gap.window",
        question="3g.2",
        title="A window alone has a vanishing spectral gap",
        statement="Let $W$ be the matrix by which a window of equal weights averages. Its "
        "spectral gap, from the greatest eigenvalue 1 to the next in modulus, vanishes as $n$ "
        r"grows: $1 - |\lambda_2| \le {law}$.",
        assumptions=(
            RING,
            r"$2h + 1 \le n$; $\lambda_2$ is the eigenvalue of second largest modulus of $W$",
        ),
        law=window_gap,
        derive=_window_gap,
        twin=sp.pi**2 * window * (window + 1) / (3 * n**2),
        changed="a factor 2 is missing",
        example={"n": 128, "window": 4},
        source="eigenvalues of circulant matrices",
        variables={u: ANY, v: ANY, x: POSITIVE},
        direct=_window_gap_directly,
    ),
    Claim(
        key="spectral_gap.window_layers",
        question="3g.2",
        title="A window alone needs a number of layers that grows like $n^2$",
        statement="For a row of $W^L$, the weights after $L$ layers of averaging by a window, to "
        r"be within $\varepsilon$ of the uniform average in total variation, $L \ge {law}$ layers "
        "are necessary.",
        assumptions=(RING, r"$2h + 1 \le n$, $0 < \varepsilon < \frac{1}{2}$"),
        law=window_layers,
        derive=_window_layers,
        twin=(3 * n**2 / (2 * sp.pi**2 * window * (window + 1)) + 1) * sp.log(1 / (2 * epsilon)),
        changed="the sign of 1",
        example={"epsilon": sp.Rational(1, 4), "n": 128, "window": 4},
        source="relaxation time bounds mixing time from below",
        variables={
            a: (-sp.Integer(1), sp.Integer(1)), b: (-sp.Integer(1), sp.Integer(1)),
            T: POSITIVE, x: POSITIVE, z: UNIT,
        },
        direct=_window_layers_directly,
    ),
    Claim(
        key="spectral_gap.random",
        question="3g.2",
        title="Random keys have a large gap, certified by counting closed walks",
        statement=r"If a walk of $2p$ random steps over $n$ tokens ends where it began with "
        r"probability $\pi_0$ (in the mean over its first tokens), then $1 - |\lambda_2| \ge "
        r"{law}$. Counted closed walks prove a gap of $\frac{1}{4}$ for one graph of random keys.",
        assumptions=(
            REGULAR,
            r"the random keys of the checked graph are $d/2$ random permutations and their "
            r"inverses, which makes it regular; BigBird draws $r$ keys for each query",
        ),
        law=gap,
        derive=_gap,
        twin=1 - (n * returning - 2) ** (1 / (2 * half_length)),
        changed="2 in place of 1",
        example={
            "n": 64, "returning": sp.Rational(1, 64) * (1 + sp.Rational(1, 1000)),
            "half_length": 16,
        },
        source="trace method; arXiv:2007.14062, section 2, on random graphs as expanders",
        variables={X: POSITIVE, Y: POSITIVE, z: POSITIVE},
        direct=_gap_directly,
    ),
    Claim(
        key="spectral_gap.layers",
        question="3g.2",
        title="With a gap, a number of layers that grows like $\\log n$ suffices",
        statement=r"After $L \ge {law}$ layers, where $\gamma = 1 - |\lambda_2|$ is the spectral "
        r"gap, every row of $W^L$ is within $\varepsilon$ of the uniform average in total "
        "variation.",
        assumptions=(REGULAR, r"$0 < \varepsilon < \frac{1}{2}$, $0 < \gamma < 1$"),
        law=layers,
        derive=_layers,
        twin=sp.log(sp.sqrt(n) / (4 * epsilon)) / gamma,
        changed=r"4 in place of 2: too few layers for $n = 2$ and a small $\gamma$",
        example={"epsilon": sp.Rational(1, 4), "n": 128, "gap": sp.Rational(1, 4)},
        source="spectral theorem; Cauchy and Schwarz",
        variables={
            S: POSITIVE, X: POSITIVE, c: POSITIVE, m: POSITIVE, x: UNIT, y: UNIT, z: UNIT,
            a: ANY, b: ANY,
        },
        direct=_layers_directly,
    ),
)  # fmt: skip
