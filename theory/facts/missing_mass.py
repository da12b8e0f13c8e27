"""Question 4c: how close the missing mass and the share of singletons are to their means.

A text is n independent draws of facts, fact i with probability p_i. The missing mass M is the
probability that the next draw is a fact the text does not tell; G is the number of facts that it
tells exactly once, over n. The tails are proved, not cited: the bounded-difference argument for G
(Hoeffding, McDiarmid), negative correlation of what stays untold for M (McAllester and Ortiz, whose
constants in the exponents are better).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import sympy as sp

from theory.facts.occupancy import followed, singletons_and_missing
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import ANY, NONNEGATIVE, POSITIVE, UNIT, n

DRAWS = Parameter("n", n, lower=2, integer=True)
deviation = sp.Symbol("t", positive=True)
DEVIATION = Parameter("t", deviation, lower=0, upper=1, open=True)

singletons_tail = Law(
    r"P(G - E[G] \ge t)", sp.exp(-n * deviation**2 / 2), (DRAWS, DEVIATION), relation=r"\le"
)
lower_tail = Law(
    r"P(M \le E[M] - t)", sp.exp(-n * deviation**2), (DRAWS, DEVIATION), relation=r"\le"
)
upper_tail = Law(
    r"P(M \ge E[M] + t)",
    sp.exp(-sp.Rational(2, 5) * n * deviation**2),
    (DRAWS, DEVIATION),
    relation=r"\le",
)

c, h, k = sp.symbols("c h k", positive=True)
p, p_i, p_j, q, w = sp.symbols("p p_i p_j q w", nonnegative=True)
x, y = sp.symbols("x y", nonnegative=True)
rate = sp.Symbol("lambda", positive=True)
DRAWS_TRIED, FACTS_TRIED = (2, 3, 4), 4  # in texts that are all gone through
TEXT = (
    r"the text is $n \ge 2$ independent draws from one distribution $p$ over finitely many facts",
    r"$M$ is the probability of all facts that the text does not tell, and $G$ the number of "
    r"facts that it tells exactly once, divided by $n$",
)


# ------------------------------------------------------------------------------- singletons


def singletons(text: tuple[int, ...]) -> int:
    """The number of facts that occur exactly once in a text.

    >>> singletons((3, 1, 3, 2))
    2
    """
    return sum(text.count(fact) == 1 for fact in set(text))


def changes(draws: int, facts: int) -> Iterator[int]:
    """By how much the number of singletons changes, for every text and every change of one draw."""
    for text in itertools.product(range(facts), repeat=draws):
        before = singletons(text)
        for place, fact in itertools.product(range(draws), range(facts)):
            yield abs(singletons((*text[:place], fact, *text[place + 1 :])) - before)


def _singletons_tail(formula: sp.Expr, proof: Proof) -> None:
    proof.holds(
        r"\max \lvert n G(X) - n G(X') \rvert = 2",
        max(max(changes(draws, FACTS_TRIED)) for draws in DRAWS_TRIED) == 2,
        r"$X$ and $X'$ differ in one draw: taking a draw away changes the number of singletons by "
        r"at most 1, and so does putting one in",
        f"enumeration of all texts of {min(DRAWS_TRIED)} to {max(DRAWS_TRIED)} draws from "
        f"{FACTS_TRIED} facts and of every change of one draw",
    )
    share = w * sp.exp(h) / (1 - w + w * sp.exp(h))
    bend = sp.log(1 - w + w * sp.exp(h)) - w * h
    proof.equal(
        sp.Matrix([bend.subs(h, 0), sp.diff(bend, h).subs(h, 0), sp.diff(bend, h, 2)]),
        sp.Matrix([0, 0, share * (1 - share)]),
        r"a variable with mean 0 in an interval of length $c$ has $\log E[e^{\lambda D}] \le "
        r"\psi(\lambda c)$ with $\psi(h) = \log(1 - w + w e^h) - wh$ for some $w$ in $[0, 1]$: "
        r"the exponential lies below its chord",
        r"(\psi(0), \psi'(0), \psi''(h))^\top",
    )
    proof.at_most(
        w * (1 - w),
        sp.Rational(1, 4),
        r"so $\psi'' \le \frac{1}{4}$, and $\psi(h) \le h^2/8$ by Taylor's formula (Hoeffding)",
        equality={w: sp.Rational(1, 2)},
    )
    exponent = -rate * deviation + n * (rate * c) ** 2 / 8
    proof.equal(
        sp.exp(exponent.subs(c, 2 / n).subs(rate, n * deviation)),
        formula,
        r"$G - E[G]$ is a sum of $n$ terms, what draw $i$ adds to the mean given the draws so far: "
        r"each has mean 0 and, given them, range $c = 2/n$; so $P(G - E[G] \ge t) \le "
        r"e^{-\lambda t + n (\lambda c)^2/8}$ by Markov's inequality, here with $\lambda = nt$; "
        r"with $-G$ in place of $G$ nothing changes",
        r"e^{-\lambda t + n (\lambda c)^2/8}",
    )


# ------------------------------------------------------------------------------ missing mass


def half_of_bernoulli(proof: Proof) -> None:
    """Prove (1 + 1/n)^n ≥ 2."""
    proof.at_most(
        1 + (k + 1) * x,
        (1 + k * x) * (1 + x),
        r"Bernoulli, by induction on $k$: $(1 + x)^k \ge 1 + kx$; with $x = 1/n$ and $k = n$ it "
        r"gives $(1 + 1/n)^n \ge 2$",
        equality={x: 0},
    )


def _lower_tail(formula: sp.Expr, proof: Proof) -> None:
    proof.at_most(
        w - (w + y) * q,
        w * (1 - q),
        r"the facts of a set $S$ are all told with probability $w$, and with probability $w + y$, "
        r"$y \ge 0$, given that fact $i$ is not told (which has probability $q_i$): draw again, "
        r"from the others, what told $i$, and these are told no less; so $P(S \text{ and } i "
        r"\text{ told}) \le P(S \text{ told}) P(i \text{ told})$",
        equality={y: 0},
    )
    proof.equal(
        (1 - c) * q + (1 - q),
        1 - c * q,
        r"with $c_i = 1 - e^{-\lambda p_i}$, mark each fact $i$ with probability $c_i$: "
        r"$E[e^{-\lambda M}]$ is the probability that all marked facts are told, which is at most "
        r"$\prod_i (1 - c_i q_i)$; here one factor, $q_i = P(i \text{ not told})$",
        r"E[e^{-\lambda p_i Q_i}]",
    )
    slack = 1 - x + x**2 / 2 - sp.exp(-x)
    proof.equal(
        sp.Matrix([slack.subs(x, 0), sp.diff(slack, x).subs(x, 0), sp.diff(slack, x, 2)]),
        sp.Matrix([0, 0, 1 - sp.exp(-x)]),
        r"$e^{-x} \le 1 - x + x^2/2$ for $x \ge 0$, as the slack $f$ starts flat and is convex; "
        r"so, with $1 - y \le e^{-y}$ for $y = c_i q_i$ and $x = \lambda p_i$, "
        r"$E[e^{-\lambda (M - E[M])}] \le e^{v \lambda^2/2}$ where $v = \sum_i p_i^2 q_i$",
        r"(f(0), f'(0), f''(x))^\top",
    )
    proof.equal(
        sp.diff(sp.log(p) + n * sp.log(1 - p), p),
        (1 - (n + 1) * p) / (p * (1 - p)),
        r"$q_i = (1 - p_i)^n$, and $p (1 - p)^n$ rises up to $p = 1/(n+1)$, then falls: "
        r"the derivative of its logarithm",
    )
    proof.equal(
        (p * (1 - p) ** n).subs(p, 1 / (n + 1)),
        1 / ((n + 1) * (1 + 1 / n) ** n),
        r"its highest value; as $\sum_i p_i = 1$, $v$ is at most that",
    )
    half_of_bernoulli(proof)
    widest = 1 / (2 * n)
    proof.at_most(
        1 / (2 * (1 + x)),
        n * widest,
        r"so $nv \le n/(2(n + 1)) \le \frac{1}{2}$, here with $x = 1/n$: $v \le 1/(2n)$",
        equality={x: 0},
    )
    proof.equal(
        sp.exp((-rate * deviation + widest * rate**2 / 2).subs(rate, 2 * n * deviation)),
        formula,
        r"Markov's inequality: $P(M \le E[M] - t) \le e^{-\lambda t + v \lambda^2/2}$, here with "
        r"$\lambda = 2nt$",
        r"e^{-\lambda t + \lambda^2/(4n)}",
    )


def _upper_tail(formula: sp.Expr, proof: Proof) -> None:
    proof.at_most(
        1 - p_i - p_j,
        (1 - p_i) * (1 - p_j),
        r"facts are all untold with at most the product of their probabilities: with $p_i$ the "
        r"probability of those so far and $p_j$ of one more, raise this to the power $n$; so "
        r"$E[e^{\lambda M}] \le \prod_i (1 + (e^{\lambda p_i} - 1) q_i)$",
        equality={p_i: 0},
    )
    slack = x**2 * sp.exp(x) / 2 - sp.exp(x) + 1 + x
    proof.equal(
        sp.Matrix([slack.subs(x, 0), sp.diff(slack, x).subs(x, 0), sp.diff(slack, x, 2)]),
        sp.Matrix([0, 0, (x**2 / 2 + 2 * x) * sp.exp(x)]),
        r"$e^x - 1 - x \le x^2 e^x/2$ for $x \ge 0$, as the slack $f$ starts flat and is convex; "
        r"with $\log(1 + y) \le y$, $\log E[e^{\lambda(M - E[M])}] \le \sum_i q_i x_i^2 "
        r"e^{x_i}/2$, $x_i = \lambda p_i$",
        r"(f(0), f'(0), f''(x))^\top",
    )
    exponent = -n * p + rate * p
    proof.equal(
        exponent.subs(rate, sp.Rational(3, 5) * n),
        -sp.Rational(2, 5) * n * p,
        r"$q_i \le e^{-n p_i}$, and $\lambda$ will be $\frac{3}{5} n t$, at most $\frac{3}{5} n$; "
        r"so each term is at most $\frac{1}{2} \lambda^2 p_i$ times $p_i e^{-2 n p_i / 5}$",
        r"-n p + \lambda p",
    )
    peak = p * sp.exp(-sp.Rational(2, 5) * n * p)
    top = 5 / (2 * n)
    proof.equal(
        sp.Matrix([sp.diff(peak, p), peak.subs(p, top)]),
        sp.Matrix([(1 - 2 * n * p / 5) * sp.exp(-2 * n * p / 5), top * sp.exp(-1)]),
        r"the last factor $u(p)$ rises up to $p = 5/(2n)$, then falls",
        r"(u'(p), u(5/(2n)))^\top",
    )
    widest = top * sp.Rational(4, 9)
    proof.at_most(
        peak.subs(p, top),
        widest,
        r"$e^{-1} \le \frac{4}{9}$, so $\log E[e^{\lambda (M - E[M])}] \le \frac{1}{2} \lambda^2 "
        r"\cdot \frac{5}{2n} \cdot \frac{4}{9}$",
    )
    proof.equal(
        sp.exp((-rate * deviation + widest * rate**2 / 2).subs(rate, 3 * n * deviation / 5)),
        formula,
        r"Markov's inequality with $\lambda = \frac{3}{5} nt$",
        r"e^{-\lambda t + 5 \lambda^2/(9n)}",
    )


# ------------------------------------------------------------------- from the definition


def _tail(law: Law, value: float, n: float, t: float) -> Direct:
    """The tail of G or M where n facts are equally likely, by following the draws one by one."""
    import numpy as np

    size, texts = followed(n)
    chance, G, M = singletons_and_missing(size, size)
    quantity = G if law is singletons_tail else M
    off = quantity - float(np.sum(chance * quantity))
    beyond = -off if law is lower_tail else off
    found = float(np.sum(chance[beyond >= t - 1e-12]))
    bound = value if size == n else law(n=size, t=t)
    sentence = (
        f"In {texts} from {size} equally likely facts the exact probability is "
        f"${scientific(found)}$, and the bound is ${scientific(bound)}$."
    )
    return Direct(sentence, found <= bound * (1 + 1e-9))


def _singletons_directly(value: float, n: float, t: float) -> Direct:
    return _tail(singletons_tail, value, n, t)


def _lower_directly(value: float, n: float, t: float) -> Direct:
    return _tail(lower_tail, value, n, t)


def _upper_directly(value: float, n: float, t: float) -> Direct:
    return _tail(upper_tail, value, n, t)


def _twin(power: sp.Expr) -> sp.Expr:
    return sp.exp(-power * n * deviation**2)


EXAMPLE = {"n": 100, "t": sp.Rational(1, 10)}
CLAIMS = (
    Claim(
        key="missing_mass.singletons",
        question="4c",
        title="The share of singletons is close to its mean",
        statement=r"$P(G - E[G] \ge t) \le {law}$, and the same bound holds for "
        r"$P(G - E[G] \le -t)$.",
        assumptions=(*TEXT, r"$0 < t < 1$"),
        law=singletons_tail,
        derive=_singletons_tail,
        twin=_twin(sp.Integer(2)),
        changed=r"2 in place of $\frac{1}{2}$: range $1/n$ in place of $2/n$",
        example=EXAMPLE,
        source="McDiarmid (1989), bounded differences; Hoeffding (1963), lemma",
        variables={c: POSITIVE, h: ANY, w: UNIT, rate: POSITIVE},
        direct=_singletons_directly,
    ),
    Claim(
        key="missing_mass.lower_tail",
        question="4c",
        title="The missing mass is rarely much below its mean",
        statement=r"$P(M \le E[M] - t) \le {law}$.",
        assumptions=TEXT,
        law=lower_tail,
        derive=_lower_tail,
        twin=_twin(sp.Integer(6)),
        changed="6 in place of 1 in the exponent",
        example=EXAMPLE,
        source="McAllester and Ortiz, JMLR 4 (2003); derived here anew",
        variables={
            c: UNIT, k: POSITIVE, p: UNIT, q: UNIT, w: UNIT, x: NONNEGATIVE, y: NONNEGATIVE,
            rate: POSITIVE,
        },
        direct=_lower_directly,
    ),
    Claim(
        key="missing_mass.upper_tail",
        question="4c",
        title="The missing mass is rarely much above its mean",
        statement=r"$P(M \ge E[M] + t) \le {law}$.",
        assumptions=(*TEXT, r"$0 < t < 1$"),
        law=upper_tail,
        derive=_upper_tail,
        twin=_twin(sp.Integer(6)),
        changed=r"6 in place of $\frac{2}{5}$",
        example=EXAMPLE,
        source="McAllester and Ortiz, JMLR 4 (2003), with a better exponent; derived here anew",
        variables={p: UNIT, p_i: UNIT, p_j: UNIT, x: NONNEGATIVE, rate: POSITIVE},
        direct=_upper_directly,
    ),
)  # fmt: skip
