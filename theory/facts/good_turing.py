"""Question 4c: how much of the world a text does not tell, estimated from what it tells once.

Good and Turing: the share G of draws that are facts told exactly once estimates the missing mass
M. Its bias is at most 1/(2n), and the two differ by more than about 3/√n only rarely.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import sympy as sp

from theory.facts.missing_mass import (
    DRAWS,
    TEXT,
    deviation,
    half_of_bernoulli,
    k,
    lower_tail,
    p,
    singletons_tail,
    upper_tail,
    x,
)
from theory.facts.occupancy import followed, singletons_and_missing
from theory.proof.assumptions import require, short, within
from theory.proof.claim import Claim
from theory.proof.direct import Direct, close
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import NONNEGATIVE, POSITIVE, UNIT, delta, n

RISK = Parameter("delta", delta, lower=0, upper=1, open=True)
bias = Law(r"E[G] - E[M]", (1 - 1 / n) ** (n - 1) / n, (DRAWS,), relation=r"\le")
shortfall = Law(
    r"G - M",
    (1 + sp.sqrt(2)) * sp.sqrt(sp.log(2 / delta) / n) + 1 / (2 * n),
    (DRAWS, RISK),
    relation=r"\le",
)
excess = Law(
    r"M - G",
    (sp.sqrt(2) + sp.sqrt(10) / 2) * sp.sqrt(sp.log(2 / delta) / n),
    (DRAWS, RISK),
    relation=r"\le",
)


@dataclass(frozen=True)
class MissingMass:
    """The Good-Turing estimate of the missing mass; it lies in [lower, upper] with a probability
    of at least 1 − delta, whatever the distribution that the draws come from.
    """

    draws: int
    singletons: int
    estimate: float
    lower: float
    upper: float
    delta: float


def good_turing(draws: Sequence[Hashable], delta: float = 0.05) -> MissingMass:
    """Estimate the probability that the next draw is a fact not yet seen, with an interval.

    draws: the facts of a text, one for each time one is told, drawn independently from one
    distribution; delta: the probability with which the interval may be wrong.
    Raises: InputError for fewer than 2 draws, draws that cannot be hashed, delta outside (0, 1).
    Source: Good, Biometrika 40 (1953); the interval is from claims good_turing.shortfall and
    good_turing.excess, each with delta/2.

    >>> good_turing(["Ada: London", "Alan: London", "Ada: London"]).estimate
    0.3333333333333333
    >>> text = good_turing(list(range(2000)) + 2 * list(range(2000, 3000)))
    >>> f"{text.estimate:.3f}, between {text.lower:.3f} and {text.upper:.3f}"
    '0.500, between 0.420 and 0.599'
    """
    require(_countable(draws), within("delta", delta, 0, 1))
    count = len(draws)
    once = sum(times == 1 for times in Counter(draws).values())
    estimate = once / count
    return MissingMass(
        draws=count,
        singletons=once,
        estimate=estimate,
        lower=max(0.0, estimate - shortfall(count, delta / 2)),
        upper=min(1.0, estimate + excess(count, delta / 2)),
        delta=delta,
    )


def _countable(draws: Sequence[Hashable]) -> str | None:
    if isinstance(draws, str) or not isinstance(draws, Sequence):
        return f"draws must be a sequence of facts, got {short(draws)}"
    for fact in draws:
        try:
            hash(fact)
        except TypeError:
            return f"draws must be facts that can be hashed, got {short(fact)}"
    return None if len(draws) >= 2 else f"draws must be at least 2, got {len(draws)}"


def _bias(formula: sp.Expr, proof: Proof) -> None:
    once, untold = n * p * x / n, p * (1 - p) * x
    proof.equal(
        once - untold,
        p * (p * x),
        r"a fact of probability $p$ is told exactly once with probability $npx$, $x = (1 - "
        r"p)^{n-1}$, which adds $1/n$ to $G$, and never with probability $(1 - p)x$, which adds "
        r"$p$ to $M$; the difference is $p$ times $f(p) = p(1 - p)^{n-1}$, and at least 0",
    )
    proof.equal(
        sp.diff(sp.log(p) + (n - 1) * sp.log(1 - p), p),
        (1 - n * p) / (p * (1 - p)),
        r"$f$ rises up to $p = 1/n$, then falls: the derivative of its logarithm",
        r"(\log f)'(p)",
    )
    proof.equal(
        (p * (1 - p) ** (n - 1)).subs(p, 1 / n),
        formula,
        r"its highest value; $\sum_i p_i f(p_i)$ is a mean of values of $f$, as $\sum_i p_i = 1$, "
        r"so it is at most that",
        "f(1/n)",
    )
    proof.equal(
        n * (once - untold).subs({p: 1 / n, x: (1 - 1 / n) ** (n - 1)}, simultaneous=True),
        formula,
        r"attained when the world has $n$ facts, all equally likely",
    )


def half_of_bias(proof: Proof) -> None:
    """Prove that the bias of Good and Turing is at most 1/(2n)."""
    half_of_bernoulli(proof)
    proof.equal(
        (1 - 1 / n) * (1 + 1 / (n - 1)),
        sp.Integer(1),
        r"take the power $n - 1$: as $(1 + 1/(n-1))^{n-1} \ge 2$, $(1 - 1/n)^{n-1} \le "
        r"\frac{1}{2}$, and the bias of claim good_turing.bias is at most $1/(2n)$",
    )


def _at(tail: Law, t: sp.Expr) -> sp.Expr:
    return tail.expression.subs(deviation, t)


def _shortfall(formula: sp.Expr, proof: Proof) -> None:
    above, below = sp.sqrt(2 * sp.log(2 / delta) / n), sp.sqrt(sp.log(2 / delta) / n)
    proof.equal(
        sp.Matrix([_at(singletons_tail, above), _at(lower_tail, below)]),
        sp.Matrix([delta / 2, delta / 2]),
        r"by claims missing_mass.singletons and missing_mass.lower_tail, $G \ge E[G] + t_1$ or $M "
        r"\le E[M] - t_2$ with probability at most $\delta$, for $t_1 = \sqrt{2\log(2/\delta)/n}$ "
        r"and $t_2 = \sqrt{\log(2/\delta)/n}$",
        r"(e^{-n t_1^2/2}, e^{-n t_2^2})^\top",
    )
    half_of_bias(proof)
    proof.equal(
        above + below + 1 / (2 * n),
        formula,
        r"otherwise $G - M \le t_1 + t_2 + (E[G] - E[M])$; a deviation of 1 or more, for which "
        r"those claims are not made, never occurs",
        r"t_1 + t_2 + \frac{1}{2n}",
    )


def _excess(formula: sp.Expr, proof: Proof) -> None:
    below = sp.sqrt(2 * sp.log(2 / delta) / n)
    above = sp.sqrt(sp.Rational(5, 2) * sp.log(2 / delta) / n)
    proof.equal(
        sp.Matrix([_at(singletons_tail, below), _at(upper_tail, above)]),
        sp.Matrix([delta / 2, delta / 2]),
        r"by claims missing_mass.singletons and missing_mass.upper_tail, $G \le E[G] - t_1$ or $M "
        r"\ge E[M] + t_2$ with probability at most $\delta$, for $t_1 = \sqrt{2\log(2/\delta)/n}$ "
        r"and $t_2 = \sqrt{5\log(2/\delta)/(2n)}$",
        r"(e^{-n t_1^2/2}, e^{-2 n t_2^2/5})^\top",
    )
    proof.at_most(
        p * (1 - p) * x,
        p * x,
        r"$E[M] \le E[G]$: term by term, with $x = (1 - p)^{n-1}$",
    )
    proof.equal(
        below + above,
        formula,
        r"otherwise $M - G \le t_1 + t_2 + (E[M] - E[G])$; a deviation of 1 or more, for which "
        r"those claims are not made, never occurs",
        "t_1 + t_2",
    )


# ------------------------------------------------------------------- from the definition


def _bias_directly(value: float, n: float) -> Direct:
    size, texts = followed(n)

    def gap(facts: int) -> float:
        chance, G, M = singletons_and_missing(size, facts)
        return float((chance * (G - M)).sum())

    others = (max(size // 2, 1), 2 * size, 4 * size)
    sentence = (
        f"In {texts} from {size} equally likely facts, draw by draw, "
        f"$E[G] - E[M] = {scientific(gap(size))}$; with {others[0]}, {others[1]} or {others[2]} "
        "facts no more."
    )
    bound = value if size == n else bias(size)
    agrees = close(gap(size), bound) and max(map(gap, others)) <= bound * (1 + 1e-9)
    return Direct(sentence, agrees)


def _beyond(law: Law, sign: int, value: float, n: float, delta: float) -> Direct:
    """The exact probability that G − M (sign 1) or M − G (−1) exceeds its bound."""
    size, texts = followed(n)
    bound, worst = value if size == n else law(n=size, delta=delta), 0.0
    worlds = (max(size // 2, 1), size, 4 * size)
    for facts in worlds:
        chance, G, M = singletons_and_missing(size, facts)
        worst = max(worst, float(chance[sign * (G - M) > bound].sum()))
    sentence = (
        f"In {texts} from {worlds[0]}, {worlds[1]} or {worlds[2]} equally likely "
        f"facts the difference exceeds ${scientific(bound)}$ with an exact probability of at most "
        f"${scientific(worst)}$, where ${scientific(delta)}$ is allowed."
    )
    return Direct(sentence, worst <= delta)


def _shortfall_directly(value: float, n: float, delta: float) -> Direct:
    return _beyond(shortfall, 1, value, n, delta)


def _excess_directly(value: float, n: float, delta: float) -> Direct:
    return _beyond(excess, -1, value, n, delta)


CLAIMS = (
    Claim(
        key="good_turing.bias",
        question="4c",
        title="What a text tells once shows how much it does not tell",
        statement=r"On average $G$ is at least $M$ and exceeds it by no more than ${law}$; with "
        r"$n$ equally likely facts this is an equality.",
        assumptions=TEXT,
        law=bias,
        derive=_bias,
        twin=(1 - 1 / n) ** n / n,
        changed="the power $n$ in place of $n - 1$",
        example={"n": 100},
        source="Good, Biometrika 40 (1953); Robbins (1968)",
        variables={p: UNIT, x: UNIT},
        direct=_bias_directly,
    ),
    Claim(
        key="good_turing.shortfall",
        question="4c",
        title="The missing mass is hardly below the share of singletons",
        statement=r"With probability at least $1 - \delta$, $M \ge G - r$ with $r = {law}$.",
        assumptions=(*TEXT, r"$0 < \delta < 1$"),
        law=shortfall,
        derive=_shortfall,
        twin=(1 - sp.sqrt(2)) * sp.sqrt(sp.log(2 / delta) / n) + 1 / (2 * n),
        changed=r"the sign of $\sqrt{2}$",
        example={"n": 100, "delta": sp.Rational(1, 20)},
        source="McAllester and Schapire (2000); derived here anew",
        variables={x: NONNEGATIVE, k: POSITIVE},
        direct=_shortfall_directly,
    ),
    Claim(
        key="good_turing.excess",
        question="4c",
        title="The missing mass is hardly above the share of singletons",
        statement=r"With probability at least $1 - \delta$, $M - G \le {law}$.",
        assumptions=(*TEXT, r"$0 < \delta < 1$"),
        law=excess,
        derive=_excess,
        twin=(sp.sqrt(2) - sp.sqrt(10) / 2) * sp.sqrt(sp.log(2 / delta) / n),
        changed=r"the sign of $\sqrt{10}$",
        example={"n": 100, "delta": sp.Rational(1, 20)},
        source="McAllester and Schapire (2000); derived here anew",
        variables={p: UNIT, x: UNIT},
        direct=_excess_directly,
    ),
)
