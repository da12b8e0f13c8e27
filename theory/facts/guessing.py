"""Question 4c: what a model that always answers gets wrong when it is asked about strangers.

The model of the practical is prompted and answers greedily, so no theorem about sampled, calibrated
text applies to it as it stands. These bounds do: they hold for every way of answering.
"""

from __future__ import annotations

import math

import sympy as sp

from theory.facts.good_turing import RISK, shortfall
from theory.facts.missing_mass import DRAWS, TEXT
from theory.hallucination import (
    ARBITRARY,
    ESTIMATE,
    SHARE,
    below_its_text,
    calibrated,
    estimate,
    missing,
    off,
)
from theory.proof.claim import Claim
from theory.proof.direct import Direct, close
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import NONNEGATIVE, UNIT, share

right = sp.Symbol("r", nonnegative=True)
RIGHT = Parameter("right", right, lower=0, upper=1)

error = Law(r"P(\text{wrong})", 1 - share, (SHARE,), relation=r"\ge")
asked = Law(
    r"P(\text{wrong})",
    (1 - share) * (estimate - shortfall.expression),
    (SHARE, ESTIMATE, DRAWS, RISK),
    relation=r"\ge",
)
price = Law(
    r"P(\text{wrong})",
    right * (1 - share) / share,
    (RIGHT, SHARE),
    premises=(sp.Le(right, share),),
    relation=r"\ge",
)

silent, u, w, x, y, z = sp.symbols("a u w x y z", nonnegative=True)
q, t = sp.symbols("q t", nonnegative=True)
MOST_PLACES = 1000
STRANGER = (
    "the person asked about is told of nowhere: given all that the model has seen and the name, "
    "her place still has its distribution among the people of such names"
)


def _error(formula: sp.Expr, proof: Proof) -> None:
    proof.at_most(
        (1 - share) * u,
        u * (1 - share * y),
        r"an answer given with probability $u$ is right with probability $sy$, $y \le 1$, "
        r"whatever decides between the answers; add over the answers, whose probabilities sum to 1",
        equality={y: 1},
    )
    proof.at_most(
        w * q * y + (1 - w) * t * z,
        w * q + (1 - w) * t,
        r"names of two kinds, with shares $w$ and $1 - w$ of the people and commonest places of "
        r"shares $q$ and $t$: one place for all, with shares $qy$ and $tz$, is right no more often "
        r"than the commonest of each kind; so what names tell can only raise $s$",
        equality={y: 1, z: 1},
    )
    proof.equal(
        formula.subs(share, 1 / (1 + x)),
        x / (1 + x),
        r"attained by always answering with the commonest place: if all others together are $x$ "
        r"times as frequent, $s = 1/(1 + x)$, and the answer is wrong for all who come "
        "from these",
        r"P(\text{wrong})",
    )


def _asked(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        1 - ((1 - missing) + missing * share),
        calibrated.expression.subs(off, 0),
        r"the person asked about is drawn as the text draws: with probability $M$ she is a "
        r"stranger, and then by claim guessing.error right answers have at most the probability "
        r"$s$; about the others all may be right. The right side is the bound of claim "
        r"hallucination.calibrated for a calibrated model, but the model need not be one",
        r"1 - ((1 - M) + M s)",
    )
    proof.at_most(
        (1 - share) * (estimate - z),
        (1 - share) * (estimate - z + x),
        r"with probability at least $1 - \delta$ the text has $M = G - r + x$, $x \ge 0$ (claim "
        r"good_turing.shortfall, which defines $r$); here $z$ stands for $r$",
    )
    proof.equal(
        missing.subs(missing, estimate - shortfall.expression) * error.expression,
        formula,
        r"put in $M = G - r$",
        r"M (1 - s)",
    )


def _price(formula: sp.Expr, proof: Proof) -> None:
    most = (1 - silent) * share
    proof.equal(
        formula.subs(right, most),
        (1 - silent) * (1 - share),
        r"a model that keeps silent with probability $a$ and else answers with the commonest place "
        r"is right with probability $r = (1 - a)s$ and wrong with $(1 - a)(1 - s)$: on the line",
        r"\frac{r (1 - s)}{s}",
    )
    proof.at_most(
        formula.subs(right, most * y),
        (1 - silent) - most * y,
        r"answers, of total probability $1 - a$, are right with probability $(1 - a)sy$, "
        r"$y \le 1$, as no place has a share above $s$ for any name; all other answers are wrong",
        equality={y: 1},
    )
    proof.equal(
        calibrated.expression.subs(off, missing),
        sp.Integer(0),
        r"unprompted, a model that says it does not know with the probability $M$ of what it does "
        r"not know makes nothing up either; as the text never says so, that counts as "
        r"$\mathrm{Mis} = M$ in claim hallucination.calibrated",
        r"(1 - s)(M - \mathrm{Mis})",
    )


# ------------------------------------------------------------------- from the definition


def _shares(largest: float) -> list[float]:
    """Shares of up to a thousand places, none above `largest`; what is over is spread thinly."""
    full = math.floor(min(1 / largest, MOST_PLACES))
    rest = 1 - full * largest
    return [largest] * full + [rest] * (1e-12 < rest < largest)


def _error_directly(value: float, share: float) -> Direct:
    places = _shares(share)
    wrong = [1 - p for p in places]
    sentence = (
        f"With {len(places)} places, the commonest of share ${scientific(share)}$, the best single "
        f"answer is wrong with probability ${scientific(min(wrong))}$, and one drawn by the shares "
        f"with ${scientific(1 - math.fsum(p * p for p in places))}$."
    )
    return Direct(sentence, close(min(wrong), value))


def _asked_directly(_: float, share: float, singletons: float, n: float, delta: float) -> Direct:
    model = "a model that answers strangers with the commonest place"
    return below_its_text(asked, model, n, singletons, share, delta)


def _price_directly(value: float, right: float, share: float) -> Direct:
    places = _shares(share)
    spoken = right / share
    found = math.fsum(spoken * p for p in places[1:]) + spoken * (1 - math.fsum(places))
    sentence = (
        f"Answering ${scientific(spoken)}$ of the questions with the commonest of {len(places)} "
        f"places gives ${scientific(spoken * places[0])}$ right and ${scientific(found)}$ wrong."
    )
    return Direct(sentence, abs(found - value) <= 1e-9)


CLAIMS = (
    Claim(
        key="guessing.error",
        question="4c",
        title="Asked about a stranger, no model beats the commonest place",
        statement=r"A model that always answers is wrong about a stranger with probability at "
        r"least ${law}$, however it is trained and decoded; answering with the commonest place "
        r"attains it.",
        assumptions=(
            STRANGER,
            r"$s$ is the share of the commonest place among people of such a name, averaged over "
            r"names; where names tell nothing, it is the share of the commonest place of all",
        ),
        law=error,
        derive=_error,
        twin=1 - share / 2,
        changed="$s/2$ in place of $s$",
        example={"share": sp.Rational(1, 20)},
        source="Bayes error of a classifier",
        variables={q: UNIT, t: UNIT, u: UNIT, w: UNIT, x: NONNEGATIVE, y: UNIT, z: UNIT},
        direct=_error_directly,
    ),
    Claim(
        key="guessing.asked",
        question="4c",
        title="Facts told once bound the error of answers too",
        statement=r"Asked about a person drawn as the text draws, a model that always answers is "
        r"wrong with probability at least ${law}$, with probability at least $1 - \delta$ over "
        r"the text. It may be prompted, greedy and uncalibrated.",
        assumptions=(*TEXT, *ARBITRARY, r"$0 < \delta < 1$"),
        law=asked,
        derive=_asked,
        twin=(1 - share) * (estimate + shortfall.expression),
        changed="the sign of the allowance for chance",
        example={
            "share": sp.Rational(1, 20), "singletons": 1, "n": 3000, "delta": sp.Rational(1, 20)
        },
        source="claims guessing.error and good_turing.shortfall",
        variables={missing: UNIT, x: NONNEGATIVE, z: NONNEGATIVE},
        direct=_asked_directly,
    ),
    Claim(
        key="guessing.price",
        question="4c",
        title="What a right guess costs",
        statement=r"If a model may keep silent and is right about strangers with probability $r$, "
        r"it is wrong with probability at least ${law}$: each right guess costs $(1 - s)/s$ wrong "
        r"ones, and only silence makes no error.",
        assumptions=(
            STRANGER,
            r"for no name has any place a share above $s$ among the people of such names",
            r"$r \le s$, which claim guessing.error implies",
        ),
        law=price,
        derive=_price,
        twin=right * (1 - share / 2) / share,
        changed="$s/2$ in place of $s$ above the bar",
        example={"right": sp.Rational(1, 100), "share": sp.Rational(1, 20)},
        source="selective classification; derived here",
        variables={missing: UNIT, silent: UNIT, y: UNIT},
        direct=_price_directly,
    ),
)  # fmt: skip
