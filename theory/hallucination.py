"""Question 4c: why a calibrated model that must speak says what is false.

Kalai and Vempala prove that a calibrated model, unprompted, hallucinates about as often as the
training text tells facts exactly once. Their theorem is cited; a version of our own, for people
whose places are drawn independently, is derived with every constant, and gone through exactly in
worlds small enough to enumerate.
"""

from __future__ import annotations

import math
import sys
from fractions import Fraction
from typing import Any

import sympy as sp

from theory.facts.good_turing import RISK, shortfall
from theory.facts.missing_mass import DRAWS, TEXT
from theory.facts.occupancy import followed, singletons_and_missing
from theory.facts.small_world import SmallWorld, consistent, least_slack
from theory.proof.claim import Citation, Claim
from theory.proof.direct import Direct
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import NONNEGATIVE, POSITIVE, UNIT, n, share

missing, estimate = sp.symbols("M G", nonnegative=True)
off = sp.Symbol(r"\mathrm{Mis}", nonnegative=True)
population = sp.Symbol("N", integer=True, positive=True)
SHARE = Parameter("share", share, lower=0, upper=1, open=True)
MISSING = Parameter("missing", missing, lower=0, upper=1)
MISCALIBRATION = Parameter("miscalibration", off, lower=0, upper=1)
ESTIMATE = Parameter("singletons", estimate, lower=0, upper=1)
POPULATION = Parameter("population", population, lower=1, integer=True)

calibrated = Law(
    "E[g(H)]", (1 - share) * (missing - off), (SHARE, MISSING, MISCALIBRATION), relation=r"\ge"
)
from_singletons = Law(
    "E[g(H)]",
    (1 - share) * (estimate - off - shortfall.expression),
    (SHARE, ESTIMATE, MISCALIBRATION, DRAWS, RISK),
    relation=r"\ge",
)
no_repetition = Law(
    r"P(\text{all facts told once})",
    sp.exp(-n * (n - 1) / (2 * population)),
    (DRAWS, POPULATION),
    relation=r"\le",
)

a, b, h, k = sp.symbols("a b h k", positive=True)
v, w, x, y, z = sp.symbols("v w x y z", nonnegative=True)
p_i, p_j, f, u = sp.symbols("p_i p_j f u", nonnegative=True)
i = sp.Symbol("i", integer=True, positive=True)
MOST_FACTORS = 10**6
_third, _half, _quarter = Fraction(1, 3), Fraction(1, 2), Fraction(1, 4)
WORLDS = (
    SmallWorld((_third,) * 3, (_half,) * 2, 2),
    SmallWorld((_third,) * 3, (_third,) * 3, 2),
    SmallWorld((_half, _quarter, _quarter), (_half,) * 2, 2),
    SmallWorld((_third,) * 3, (2 * _third, _third), 2),
)
"""Shares of the people in the text, shares of the places, and the number of draws."""
VERGE = SmallWorld((_third, 2 * _third), (_half,) * 2, 1)
BEYOND = SmallWorld((_quarter, 3 * _quarter), (_half,) * 2, 1)
ARBITRARY = (
    "each person has one birth place; the places are drawn independently, all by one distribution "
    "with largest share $s$, and who is told of in the text says nothing about them",
    "the text tells true places: each draw is a person (the same distribution every time), with "
    "her place",
)
CALIBRATION = (
    r"$\mathrm{Mis}$ is the miscalibration expected given the text: on each set $B$ of statements "
    r"that the model finds equally probable compare its probability $g(B)$ with the probability "
    r"$p(B)$ that the next draw of the text falls into $B$; $\mathrm{Mis} = \frac{1}{2} \sum_B "
    r"\lvert g(B) - p(B) \rvert$",
    "regular facts: no person is more than $1/s$ times as probable in the text as another",
    "the model speaks unprompted: $g$ is a probability on statements (person, place), chosen in "
    "any way from the text; $g(H)$ is its probability of false ones",
)


def _calibrated(formula: sp.Expr, proof: Proof) -> None:
    proof.at_most(
        x * a / (a + b + w),
        x * a / (a + b),
        r"a set $B$ of equally probable statements, with $g(B) = x$, holds $a$ told facts, $b$ "
        r"statements about people not told of and $w$ that the text contradicts; told facts get "
        r"the share $a/(a + b + w)$, in sets that hold any",
        r"g(B \cap \text{told})",
    )
    told, untold = a * h * (1 + v), b * h * y
    proof.at_most(
        (told + untold) * a / (a + b),
        told,
        r"averaged over the truths $p(B)$ is $ah(1 + v) + bhy$, with $h$ the largest $s p_i$: the "
        r"$a$ told facts have probability $h$ or more each, as facts are regular, and each of the "
        r"$b$ statements is true with probability at most $s$, so $y \le 1$. If $g(B)$ were this, "
        r"the told facts in $B$ would get at most their own probability",
        r"p(B) \frac{a}{a+b}",
        equality={v: 0, y: 1},
    )
    proof.at_most(
        z * a / (a + b),
        z,
        r"what $g(B)$ has beyond $p(B)$, $z$, adds at most itself; over all $B$ that is "
        r"$\mathrm{Mis}$, half of $\sum_B \lvert g(B) - p(B) \rvert$, as both sum to 1: so "
        r"$g(\text{told}) \le p(\text{told}) + \mathrm{Mis}$, and $p(\text{told}) = 1 - M$",
    )
    proof.at_most(
        (1 - share) * (f + u),
        f + (1 - share) * u,
        r"with $f = g(\text{contradicted})$ and $u = g(\text{about people not told of})$, so that "
        r"$g(\text{told}) = 1 - f - u$: what the text contradicts is false, and a statement about "
        r"people not told of is false with probability at least $1 - s$, whatever the text",
        r"(1 - s)(1 - g(\text{told}))",
        equality={f: 0},
    )
    proof.equal(
        (1 - share) * (1 - (1 - missing + off)),
        formula,
        r"so $E[g(H)] \ge (1 - s)(1 - g(\text{told}))$",
        r"(1 - s)(1 - (1 - M + \mathrm{Mis}))",
    )
    untold = missing - off
    proof.equal(
        sp.Matrix([untold * (k - 1) / k, (((1 - untold) - (1 - missing)) + missing - untold) / 2]),
        sp.Matrix([formula.subs(share, 1 / k), off]),
        r"attained: with people equally probable and $k = 1/s$ equally probable places, take a "
        r"model that spreads the probability $M - \mathrm{Mis}$ evenly over all places of the "
        r"people not told of and the rest evenly over the told facts. It is wrong in all but one "
        r"of $k$ places, and its two sets of statements are off by $\mathrm{Mis}$ each",
        r"(g(H), \frac{1}{2} \sum_B \lvert g(B) - p(B) \rvert)^\top",
    )
    _enumerated(proof)


def _enumerated(proof: Proof) -> None:
    """The bound in worlds of two or three people, in all of their texts and truths."""
    proof.holds(
        r"\min \bigl( E[g(H)] - (1 - s)(M - \mathrm{Mis}) \bigr) = 0",
        all(world.regular and least_slack(world) == 0 for world in WORLDS),
        "exact instances: five models (memory, ideal, ignorant, consistent with the text, "
        "smoothed) in four worlds of three people and two or three places, texts of two draws",
        "enumeration of every text and every truth in exact fractions",
    )
    on_verge, below = (least_slack(world, [consistent]) for world in (VERGE, BEYOND))
    proof.holds(
        r"\min \bigl( E[g(H)] - (1 - s)(M - \mathrm{Mis}) \bigr) < 0",
        on_verge == 0 > below and VERGE.regular and not BEYOND.regular,
        "facts must be regular: with two places, one draw and a second person three times as "
        "probable as the first, a calibrated model stays below the bound by giving all that the "
        "text does not contradict one probability; with twice as probable it meets the bound",
        "enumeration of every text and every truth in exact fractions",
    )


def _from_singletons(formula: sp.Expr, proof: Proof) -> None:
    bound = calibrated.expression.subs(missing, estimate - z)
    proof.at_most(
        bound,
        calibrated.expression.subs(missing, estimate - z + x),
        r"the bound of claim hallucination.calibrated rises with $M$, and with probability at "
        r"least $1 - \delta$ the text has $M \ge G - r$, that is $M = G - r + x$, $x \ge 0$ "
        r"(claim good_turing.shortfall, which defines $r$); here $z$ stands for $r$",
        equality={x: 0},
    )
    proof.equal(
        calibrated.expression.subs(missing, estimate - shortfall.expression),
        formula,
        r"put in $M = G - r$",
        r"(1 - s)(M - \mathrm{Mis})",
    )
    proof.equal(
        bound.subs(estimate, 0),
        -(1 - share) * (off + z),
        "a text that tells every fact at least twice has $G = 0$: then the bound is not positive "
        "and says nothing",
    )


def _no_repetition(formula: sp.Expr, proof: Proof) -> None:
    gap = sp.exp(-x) - 1 + x
    proof.equal(
        ((p_i + p_j) / 2) ** 2 - p_i * p_j,
        ((p_i - p_j) / 2) ** 2,
        r"replacing two probabilities by their mean never lowers the probability of $n$ different "
        r"facts, which is $A + B(p_i + p_j) + C p_i p_j$ with $A, B, C \ge 0$; done again and "
        r"again this leads to equal probabilities, which so make it largest: "
        r"$\prod_{i=1}^{n-1} (1 - i/N)$ for $n \le N$, and for $n > N$ it is 0",
    )
    proof.equal(
        sp.Matrix([gap.subs(x, 0), sp.diff(gap, x).subs(x, 0), sp.diff(gap, x, 2)]),
        sp.Matrix([0, 0, sp.exp(-x)]),
        r"$1 - x \le e^{-x}$, as their difference $f$ starts flat and is convex",
        r"(f(0), f'(0), f''(x))^\top",
    )
    proof.equal(
        sp.exp(-sp.summation(i, (i, 1, n - 1)) / population),
        formula,
        r"multiply these bounds for $x = i/N$",
    )


# ------------------------------------------------------------------- from the definition


def _calibrated_directly(
    value: float, share: float, missing: float, miscalibration: float
) -> Direct:
    """A thousand equally probable people; told ones are believed, the others get every place."""
    import numpy as np

    people, places = 1000, math.ceil(min(1 / share, 100))
    untold = round(missing * people)
    gap = untold / people
    moved = min(miscalibration, gap) if untold < people else 0.0
    given = np.zeros((people, places))
    given[:untold] = (gap - moved) / max(untold, 1) / places
    given[untold:, 0] = (1 - gap + moved) / max(people - untold, 1)
    truth = np.zeros((people, places))
    truth[:untold, -1] = truth[untold:, 0] = 1 / people
    level = np.unique(np.round(given, 12), return_inverse=True)[1]
    sets = np.bincount(level.ravel(), (given - truth).ravel())
    found, apart = float(given[truth == 0].sum()), float(np.abs(sets).sum() / 2)
    built = {"share": 1 / places, "missing": gap, "miscalibration": min(round(apart, 9), 1.0)}
    wanted = {"share": share, "missing": missing, "miscalibration": miscalibration}
    as_given = all(math.isclose(built[name], wanted[name]) for name in built)
    bound = value if as_given else calibrated(**built)
    sentence = (
        f"A model of {people} people, {untold} of them untold, and {places} equally frequent "
        f"places, built statement by statement, has $\\mathrm{{Mis}} = "
        f"{scientific(round(apart, 9))}$ and hallucinates with probability "
        f"${scientific(found)}$, where the bound is ${scientific(bound)}$."
    )
    attained = abs(apart - moved) > 1e-9 or abs(found - bound) < 1e-9
    return Direct(sentence, found >= bound - 1e-9 and attained)


def below_its_text(
    bound: Law, model: str, n: float, singletons: float, share: float, delta: float, off: float = 0
) -> Direct:
    """How often a model that makes up (1 − s)(M − off) is below the bound of its text.

    bound: a law in the share of singletons of the text; model: the model in words
    """
    size, texts = followed(n)
    facts = max(round(size / -math.log(min(max(singletons, 1e-3), 1 - 1e-3))), 1)
    chance, G, M = singletons_and_missing(size, facts)
    given: dict[str, Any] = {"share": share, "singletons": G, "n": size, "delta": delta}
    given["miscalibration"] = off
    wanted = bound(**{p.name: given[p.name] for p in bound.parameters})
    below = float(chance[(1 - share) * (M - off) < wanted].sum())
    sentence = (
        f"In {texts} from {facts} equally likely facts {model} falls below the bound of its text "
        f"with an exact probability of ${scientific(below)}$, where ${scientific(delta)}$ is "
        "allowed."
    )
    return Direct(sentence, below <= delta)


def _from_singletons_directly(
    _: float, share: float, singletons: float, miscalibration: float, n: float, delta: float
) -> Direct:
    model = r"a model that makes up $(1 - s)(M - \mathrm{Mis})$"
    return below_its_text(from_singletons, model, n, singletons, share, delta, miscalibration)


def _no_repetition_directly(value: float, n: float, population: float) -> Direct:
    draws = int(min(n, MOST_FACTORS))
    factors = (1 - i / population for i in range(1, draws))
    found = math.prod(factors) if draws <= population else 0.0
    sentence = (
        f"Where the facts are equally likely, {draws} draws are all different with probability "
        f"${scientific(found)}$, a product of {draws - 1} factors $1 - i/N$."
    )
    bound = value if draws == n else no_repetition(draws, population)
    return Direct(sentence, found <= bound * (1 + 1e-9) + sys.float_info.min)


CLAIMS = (
    Claim(
        key="hallucination.calibrated",
        question="4c",
        title="A calibrated model that must speak makes facts up",
        statement=r"Whatever the model, given any text its probability of a false statement, "
        r"averaged over all truths that the text allows, is $E[g(H)] \ge {law}$, and this can be "
        "an equality: it makes up about as much as it does not know, unless it is miscalibrated.",
        assumptions=(*ARBITRARY, *CALIBRATION, "$M$ is the missing mass of the text"),
        law=calibrated,
        derive=_calibrated,
        twin=missing - off,
        changed="the factor $1 - s$ is missing",
        example={"share": sp.Rational(1, 20), "missing": sp.Rational(1, 2), "miscalibration": 0},
        source="after Kalai and Vempala, arXiv 2311.14648; this form derived here",
        variables={
            a: POSITIVE, b: POSITIVE, h: POSITIVE, k: POSITIVE, v: NONNEGATIVE, w: NONNEGATIVE,
            x: NONNEGATIVE, y: UNIT, z: NONNEGATIVE, f: UNIT, u: UNIT,
        },
        direct=_calibrated_directly,
    ),
    Claim(
        key="hallucination.singletons",
        question="4c",
        title="Facts told once measure how much a calibrated model makes up",
        statement=r"With probability at least $1 - \delta$ over the text, $E[g(H)] \ge {law}$. A "
        r"text that tells each fact once has $G = 1$, where the bound is strongest; one that tells "
        r"each in several wordings has $G = 0$, where it says nothing.",
        assumptions=(*TEXT, *ARBITRARY, *CALIBRATION, r"$0 < \delta < 1$"),
        law=from_singletons,
        derive=_from_singletons,
        twin=(1 - share) * (estimate - off + shortfall.expression),
        changed="the sign of the allowance for chance",
        example={
            "share": sp.Rational(1, 20), "singletons": 1, "miscalibration": 0, "n": 3000,
            "delta": sp.Rational(1, 20),
        },
        source="after Kalai and Vempala, arXiv 2311.14648, corollary 1; this form derived here",
        variables={x: NONNEGATIVE, z: NONNEGATIVE},
        direct=_from_singletons_directly,
    ),
    Claim(
        key="hallucination.no_repetition",
        question="4c",
        title="Is a text that tells every fact once a sample?",
        statement=r"$n$ independent draws from $N$ facts, however probable each, are all different "
        r"with probability at most ${law}$. So a text with one line a person passes for "
        r"independent draws only in a world of the order of $n^2$ people; otherwise it was put "
        r"together without repetition, and its singletons are no estimate of what is missing.",
        assumptions=(TEXT[0], "the world has $N$ facts, of any probabilities"),
        law=no_repetition,
        derive=_no_repetition,
        twin=sp.exp(-n * (n + 1) / (2 * population)),
        changed="$n + 1$ in place of $n - 1$",
        example={"n": 3000, "population": 10**6},
        source="birthday problem; Maclaurin's inequality",
        variables={p_i: UNIT, p_j: UNIT, x: NONNEGATIVE},
        direct=_no_repetition_directly,
    ),
    Citation(
        key="hallucination.kalai_vempala",
        question="4c",
        title="The theorem of Kalai and Vempala",
        statement=r"For every learning algorithm, with probability at least $1 - \delta$ over the "
        r"world and a text of $n$ draws, $g(H) \ge G - \mathrm{Mis} - \frac{3 e^{-\sigma}}{\delta} "
        r"- \sqrt{\frac{6 \log(6/\delta)}{n}}$, where $G$ is the share of draws that are facts "
        r"told exactly once. We state the formula as we understand it, from accounts of the paper. "
        r"Claim hallucination.singletons is our own version.",
        assumptions=(
            r"facts are sparse: there are at least $e^{\sigma}$ times as many plausible false "
            "statements as facts (met by birth places: of all the places of the text one is right)",
            "facts are regular: given the text, all statements that it leaves open are equally "
            "likely to be facts, and about equally probable (met in part: some places are commoner "
            "than others, and a name says something of them)",
            "the text is independent draws (doubtful where every person has one line: claim "
            "hallucination.no_repetition)",
            "the model generates unprompted (not met: the practical's model is asked and answers "
            "greedily; for that there is claim guessing.asked)",
            r"$\mathrm{Mis}$, its miscalibration as in claim hallucination.calibrated, is small "
            "(not known: training by likelihood favours it, many passes over one text do not)",
            "the theorem is about how often statements are made up, not about the accuracy of "
            "answers about people in the text",
        ),
        source="Kalai and Vempala, Calibrated language models must hallucinate, STOC 2024, "
        "arXiv 2311.14648, corollary 1",
    ),
)  # fmt: skip
