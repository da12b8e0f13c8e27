r"""Question 2b: what becomes of an average, or of any output, when the keys are not quite known.

The query is made for the keys k_i; attention runs over keys that differ from them by at most η in
norm. Scores then move by at most x = η‖q‖, and a long query is what badly conditioned keys need.
"""

from __future__ import annotations

import math
import random

import sympy as sp

from theory.proof.claim import Claim
from theory.proof.direct import Direct, output
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import ANY, DIAMETER, NONNEGATIVE, POSITIVE, UNIT, diameter

eta, length, kappa, S, relative = sp.symbols(r"\eta L \kappa S r", positive=True)
SHIFT = Parameter("shift", eta, lower=0)
LENGTH = Parameter("length", length, lower=0)
RELATIVE = Parameter("relative", relative, lower=0)
CONDITION = Parameter("condition", kappa, lower=1)
SCORES = Parameter("scores", S, lower=0)

moved = Law(
    r"\lVert c' - c \rVert",
    diameter * sp.tanh(eta * length / 2),
    (SHIFT, LENGTH, DIAMETER),
    relation=r"\le",
)
condition = Law(
    r"|s'_i - s_i|", relative * sp.sqrt(kappa) * S, (RELATIVE, CONDITION, SCORES), relation=r"\le"
)

g_1, g_2, q_1, q_2 = sp.symbols("g_1 g_2 q_1 q_2", real=True)
t, mu, Lambda = sp.symbols(r"t \mu \Lambda", positive=True)
p, v, w, x, y, z = sp.symbols("p v w x y z", nonnegative=True)
PERTURBED = (
    r"keys of any kind; each $k'_i$ lies within $\eta$ of $k_i$, and $x = \eta \lVert q \rVert$",
    r"scores carry no $1/\sqrt{d}$; $\alpha'_i$ and $c'$ are the weights and the output for $k'_i$",
)


def _moved(formula: sp.Expr, proof: Proof) -> None:
    e = 1 + t  # of scores moved by log e, e > 1
    largest = p * e**2 / (p * e**2 + 1 - p)
    proof.equal(
        (g_1**2 + g_2**2) * (q_1**2 + q_2**2) - (g_1 * q_1 + g_2 * q_2) ** 2,
        (g_1 * q_2 - g_2 * q_1) ** 2,
        r"in the plane of $q$ and $g = k'_i - k_i$ the right side is a square, so "
        r"$|s'_i - s_i| = |g^\top q| \le \eta \lVert q \rVert = x$",
        r"\lVert g \rVert^2 \lVert q \rVert^2 - (g^\top q)^2",
    )
    proof.at_most(
        e * y / ((1 + v) / e),
        e**2,
        r"with $e^x = 1 + t$: $\alpha'_i/\alpha_i = f_i/\sum_j \alpha_j f_j$ with "
        r"$e^{-x} \le f_j \le e^x$: above the bar $e^x y$ with $y \le 1$, below it "
        r"$e^{-x} (1 + v)$ with $v \ge 0$, so at most $e^{2x}$; exchanging $k$ and $k'$, at least "
        r"$e^{-2x}$",
        r"\frac{\alpha'_i}{\alpha_i}",
        equality={v: 0, y: 1},
    )
    proof.at_most(
        p * e * y / (p * e * y + (1 - p) * (1 + v) / e),
        largest,
        r"the weight $p$ of any set of keys grows most if the scores in it rise by $x$ and all "
        r"others fall by $x$",
        "p'",
        equality={v: 0, y: 1},
    )
    proof.equal(
        t / (2 + t) - (largest - p),
        t * (1 - p * (2 + t)) ** 2 / ((2 + t) * (p * e**2 + 1 - p)),
        r"$t/(2 + t) = (e^x - 1)/(e^x + 1) = \tanh(x/2)$, and the right side is not negative: no "
        r"set of keys gains more than $\tanh(x/2)$",
        r"\tanh(x/2) - (p' - p)",
    )
    proof.at_most(
        w * diameter * y,
        diameter * (w + z),
        r"if weight $w \le \tanh(x/2) = w + z$ moves in all, $c' - c$ is $w$ times the difference "
        r"of two means of values, which lie $D y \le D$ apart",
        r"\lVert c' - c \rVert",
        equality={y: 1, z: 0},
    )
    proof.equal(
        diameter * (largest - p).subs(p, 1 / (2 + t)),
        formula.subs(eta, sp.log(1 + t) / length).rewrite(sp.exp),
        r"attained: two keys, $\alpha_a = p = 1/(1 + e^x)$, values $D$ apart, and the two keys "
        r"moved by $\eta$ along $q$ and against it",
        r"\lVert c' - c \rVert",
    )


def _condition(formula: sp.Expr, proof: Proof) -> None:
    proof.at_most(
        w * Lambda * x + (1 - w) * Lambda * y,
        Lambda,
        r"$\lVert k_i \rVert^2 = G_{ii}$ is a mean of the eigenvalues of $G$, so it is at most the "
        r"largest, $\Lambda$: here of two of them, $\Lambda x$ and $\Lambda y$ with $x, y \le 1$",
        r"\lVert k_i \rVert^2",
        equality={x: 1, y: 1},
    )
    proof.equal(
        relative * sp.sqrt(Lambda) * (S / sp.sqrt(mu)),
        formula.subs(kappa, Lambda / mu),
        r"$\eta \le r \sqrt{\Lambda}$ and $\lVert q \rVert \le S/\sqrt{\mu}$ by claim gram.norm; "
        r"the scores move by at most $\eta \lVert q \rVert$, claim gram.perturbed",
        r"\eta \lVert q \rVert",
    )
    keys = sp.diag(sp.sqrt(kappa), 1)
    q = keys.T * (keys * keys.T).inv() * sp.Matrix([0, S])
    shift = relative * sp.sqrt(kappa) * q / S
    proof.equal(
        (keys.row(1) + shift.T).dot(q) - keys.row(1).dot(q),
        formula,
        r"attained: keys $(\sqrt{\kappa}, 0)$ and $(0, 1)$ with scores $(0, S)$ have "
        r"$q = (0, S)$, and the second key moves by $r\sqrt{\kappa}$ along it",
        r"|s'_2 - s_2|",
    )


def _moved_directly(value: float, shift: float, length: float, diameter: float) -> Direct:
    """The worst case on a line, and random moves of the same keys (seed 0)."""
    if length == 0 or shift == 0:
        return Direct("Nothing moves, and so the output does not.", value == 0)
    draw, reach = random.Random(0), shift * length
    keys = [0.0, reach / length]  # so that the weight of the first is 1/(1 + e^x)
    values = [[diameter], [0.0]]

    def at(first: float, second: float) -> float:
        moved_keys = [[keys[0] + first], [keys[1] + second]]
        return output(moved_keys, [length], values)[0]

    start = at(0.0, 0.0)
    worst = at(shift, -shift) - start
    others = max(
        abs(at(draw.uniform(-shift, shift), draw.uniform(-shift, shift)) - start)
        for _ in range(1000)
    )
    return Direct(
        f"Two such keys whose scores differ by $x$ give an output that moves by "
        f"${scientific(worst)}$ in the worst case, and by at most ${scientific(others)}$ in 1000 "
        "random ones.",
        math.isclose(worst, value, rel_tol=1e-7, abs_tol=1e-12 * diameter)
        and others <= value + 1e-12 * diameter,
    )


def _condition_directly(value: float, relative: float, condition: float, scores: float) -> Direct:
    """Five drawn keys with this condition number, each moved along q, and the worst case."""
    import numpy as np

    source = np.random.default_rng(0)
    left = np.linalg.qr(source.standard_normal((5, 5)))[0]
    right = np.linalg.qr(source.standard_normal((7, 5)))[0]
    drawn = left * np.sqrt(np.geomspace(1, condition, 5)) @ right.T
    worst = np.diag([math.sqrt(condition), 1.0])
    wanted = source.standard_normal(5)
    shifts = []
    for keys, s in ((drawn, wanted / np.linalg.norm(wanted)), (worst, np.array([0.0, 1.0]))):
        q = np.linalg.pinv(keys) @ (scores * s)
        reach = relative * np.linalg.norm(keys, axis=1).max()
        along = q / (np.linalg.norm(q) or 1.0)
        shifts.append(float(reach * along @ q))
    return Direct(
        f"For five drawn keys with that condition number and such scores the shift reaches "
        f"${scientific(shifts[0])}$; in the worst case it is ${scientific(shifts[1])}$.",
        math.isclose(shifts[1], value, rel_tol=1e-7, abs_tol=1e-300)
        and shifts[0] <= value * (1 + 1e-9),
    )


CLAIMS = (
    Claim(
        key="gram.perturbed",
        question="2b",
        title="How far the output moves when the keys do",
        statement=r"If every key moves by at most $\eta$, every weight changes by a factor between "
        r"$e^{-2x}$ and $e^{2x}$ with $x = \eta \lVert q \rVert$, the weight of no set of keys by "
        r"more than $\tanh(x/2)$, and the output by at most ${law}$, where $L = \lVert q \rVert$. "
        "The last two can be equalities.",
        assumptions=(
            *PERTURBED,
            r"$D = \max_{i,j} \lVert v_i - v_j \rVert$; the values are otherwise arbitrary",
        ),
        law=moved,
        derive=_moved,
        twin=diameter * sp.tanh(eta * length / 4),
        changed="4 in place of 2",
        example={"shift": sp.Rational(1, 100), "length": 12, "diameter": 2},
        source="practical, question 2b (any keys); Cauchy–Schwarz and triangle inequalities",
        variables={
            **dict.fromkeys((g_1, g_2, q_1, q_2), ANY),
            t: POSITIVE,
            p: UNIT,
            w: UNIT,
            v: NONNEGATIVE,
            y: UNIT,
            z: UNIT,
        },
        direct=_moved_directly,
    ),
    Claim(
        key="gram.condition",
        question="2b",
        title="The condition number bounds how far scores move",
        statement=r"If every key moves by at most $r$ times the largest norm of a key, the scores "
        r"of $q = K^\top G^{-1} s$ move by at most ${law}$, where $\kappa$ is the ratio of the "
        r"largest eigenvalue of $G$ to the least and $S = \lVert s \rVert$. It can be an equality.",
        assumptions=(
            r"the keys are the rows of $K$, linearly independent, and $G = K K^\top$; the query is "
            r"$q = K^\top G^{-1} s$, that of claim gram.query",
            r"each $k'_i$ lies within $\eta = r \max_j \lVert k_j \rVert$ of $k_i$; $s'_i = "
            r"k_i'^\top q$, with no $1/\sqrt{d}$",
        ),
        law=condition,
        derive=_condition,
        twin=relative * S,
        changed=r"$\sqrt{\kappa}$ is missing",
        example={
            "relative": sp.Rational(1, 1000),
            "condition": 100,
            "scores": 12,
        },
        source="practical, question 2b (any keys)",
        variables={w: UNIT, x: UNIT, y: UNIT, mu: POSITIVE, Lambda: POSITIVE},
        direct=_condition_directly,
    ),
)
