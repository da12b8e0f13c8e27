"""Question 3g.2: what BigBird's random keys do by themselves, without a global token.

A token's r further keys are a random set, drawn anew for every token. So whether anybody draws a
given token, and whether two layers lead from one token to another, have exact probabilities.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from fractions import Fraction

import sympy as sp

from theory.graphs.attention_graph import RANDOM, WINDOW, random_keys, window
from theory.proof.claim import Claim
from theory.proof.direct import Direct, close
from theory.proof.law import Law
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import KEYS, NONNEGATIVE, POSITIVE, UNIT, n

m, w = sp.symbols("m w", integer=True, positive=True)
others = n - 2 * window - 1
avoided = 1 - random_keys / others

undrawn = Law(
    r"P(\text{no token draws } j)",
    avoided**others,
    (KEYS, WINDOW, RANDOM),
    premises=(sp.Le(2 * window + 2 + random_keys, n),),
)
window_missed = (
    sp.gamma(others - random_keys + 1)
    * sp.gamma(others - 2 * window)
    / (sp.gamma(others + 1) * sp.gamma(others - 2 * window - random_keys))
)
two_layers = Law(
    r"P(\text{two layers lead from } i \text{ to } j)",
    1 - avoided ** (2 * window + random_keys) * window_missed,
    (KEYS, WINDOW, RANDOM),
    premises=(sp.Le(4 * window + 2 + random_keys, n),),
)

s = sp.Symbol("s", integer=True, nonnegative=True)
roomy = s + random_keys + 4 * window + 2  # any n that the premise of two_layers allows
x, y = sp.symbols("x y", nonnegative=True)
DRAWN = (
    r"the tokens stand in a ring, so that every window is whole; each token attends to the $2h + "
    r"1$ tokens at most $h$ places away and to $r$ of the $m = n - 2h - 1$ others, all sets of $r$ "
    r"being equally likely and those of different tokens independent; there is no global token"
)
# what is enumerated, (n, h, r): graphs in full; the keys of the tokens on the way
OPPOSITE = (7, 1, 1)
IN_FULL = ((5, 1, 1), (6, 1, 1), (6, 1, 2), OPPOSITE)
ON_THE_WAY = tuple(
    (size, h, r)
    for size, h, r in itertools.product(range(6, 13), (1, 2), (0, 1, 2, 3))
    if 4 * h + 2 + r <= size
)
LARGEST_COUNT = 50_000  # sets of keys that a direct check goes through
TOO_MANY = Direct("So many sets of keys are not enumerated here: nothing is checked.", True)

Keys = tuple[int, ...]
Event = Callable[[int, int, tuple[Keys, ...]], bool]


# ----------------------------------------------------------------------------- derivations


def _missing(size: sp.Expr) -> sp.Expr:
    """The probability that r of m tokens, drawn as a set, are none of `size` given ones."""
    return (
        sp.gamma(m - random_keys + 1)
        * sp.gamma(m - size + 1)
        / (sp.gamma(m + 1) * sp.gamma(m - size - random_keys + 1))
    )


def _one_key(proof: Proof) -> None:
    proof.equal(
        _missing(sp.Integer(1)).subs(m, s + random_keys + 1),
        1 - random_keys / (s + random_keys + 1),
        r"of the $\binom{m}{r}$ sets of $r$ keys $\binom{m - 1}{r}$ lack a given token; here $m = "
        r"s + r + 1$: a token outside its window is not drawn with probability $1 - r/m$",
        r"\binom{m - 1}{r} \Big/ \binom{m}{r}",
    )


def _undrawn(formula: sp.Expr, proof: Proof) -> None:
    _one_key(proof)
    one = 1 - random_keys / (s + random_keys + 1)
    proof.equal(
        formula.subs(n, s + random_keys + 2 * window + 2),
        one ** (s + random_keys) * one,
        r"the $m = n - 2h - 1$ tokens whose windows do not hold $j$ draw independently, so their "
        r"probabilities are multiplied: those of all but one, and of that one; here $n = s + r + "
        r"2h + 2$",
        r"P(\text{no token draws } j)",
    )
    proof.equal(
        sp.diff(-x - sp.log(1 - x), x),
        x / (1 - x),
        r"not negative, and the difference is 0 at $x = 0$, so $1 - x \le e^{-x}$ for $0 \le x < "
        r"1$; with $x = r/m$ the probability is at most $(e^{-r/m})^m = e^{-r}$, whatever $n$ is",
        r"\frac{d}{dx} (-x - \log(1 - x))",
    )
    proof.holds(
        r"\#\{\text{graphs where nobody draws } j\} = \left(1 - \frac{r}{m}\right)^m "
        r"\binom{m}{r}^n",
        all(_share(case, _nobody_draws) == _value(formula, case) for case in IN_FULL),
        "the graphs counted one by one",
        f"all {sum(_graphs(*case) for case in IN_FULL)} graphs with $n \\le 7$ and few enough keys",
    )


def _two_layers(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        _missing(w + 1).subs(m, s + random_keys + w + 1),
        (_missing(w) * (1 - random_keys / (m - w))).subs(m, s + random_keys + w + 1),
        r"none of $i$'s keys may lie in $j$'s window. That they miss $w$ given tokens, of whom "
        r"none is in $i$'s window, has probability $\binom{m - w}{r} / \binom{m}{r}$: given this "
        r"they are a random set of the $m - w$ others, and miss one more with probability $1 - r / "
        r"(m - w)$; here $m = s + r + w + 1$",
        r"\binom{m - w - 1}{r} \Big/ \binom{m}{r}",
    )
    _one_key(proof)
    own = _missing(2 * window + 1).subs(m, roomy - 2 * window - 1)
    one = 1 - random_keys / (roomy - 2 * window - 1)
    proof.equal(
        formula.subs(n, roomy),
        1 - own * one ** (2 * window) * one**random_keys,
        r"nor may $j$ be among the keys of the $2h$ others in $i$'s window, nor among those of "
        r"$i$'s $r$ own keys, which are $2h + r$ different tokens, none of them within $h$ of $j$: "
        r"each misses $j$ with probability $1 - r/m$, independently. There is no other walk of two "
        r"steps; here $n = s + r + 4h + 2$",
        r"P(\text{two layers lead from } i \text{ to } j)",
    )
    proof.at_most(
        1 - (1 - y) * (1 - x),
        y + x,
        r"one less a product is at most the sum, by induction: if the first factors make it at "
        r"most $y$, one more factor $1 - x$ makes it at most $y + x$",
        equality={x: 0},
    )
    fewest = roomy - 4 * window - 1
    proof.equal(
        (4 * window + 1 + random_keys) * random_keys / fewest
        - (2 * window + random_keys) * random_keys / (roomy - 2 * window - 1)
        - (2 * window + 1) * random_keys / fewest,
        2 * window * (2 * window + random_keys) * random_keys / (fewest * (roomy - 2 * window - 1)),
        r"not negative, so the $2h + r$ numbers $r/m$ and the $2h + 1$ numbers $r/(m - w)$, none "
        r"above $r/(n - 4h - 1)$, sum to at most $(4h + 1 + r)$ times this: the probability falls "
        r"like $1/n$, so with $h$ and $r$ fixed random keys do not join all tokens within two "
        r"layers, as a global token does (claim reachability.walks); $n$ as above",
    )
    proof.holds(
        r"P(\text{two layers lead from } i \text{ to } j) = \frac{\#\{\text{draws that do}\}}"
        r"{\#\{\text{draws}\}}",
        _share(OPPOSITE, _two_steps) == _value(formula, OPPOSITE)
        and all(_joined(*case) == _value(formula, case) for case in ON_THE_WAY),
        r"counted for the token $i$ and one opposite to it",
        f"all {_graphs(*OPPOSITE)} graphs with $n = 7$, $h = r = 1$; and for {len(ON_THE_WAY)} "
        r"cases with $n \le 12$ all sets of $i$'s keys, with the share of each other token's sets "
        "that hold $j$",
    )


# ------------------------------------------------------------------------- enumeration


def _value(formula: sp.Expr, case: tuple[int, int, int]) -> Fraction:
    exact = formula.subs(dict(zip((n, window, random_keys), case, strict=True)))
    return Fraction(int(exact.p), int(exact.q))


def _others(size: int, h: int, token: int) -> list[int]:
    """The tokens outside a token's window, on a ring."""
    return [(token + away) % size for away in range(h + 1, size - h)]


def _graphs(size: int, h: int, r: int) -> int:
    return int(math.comb(size - 2 * h - 1, r) ** size)


def _all_graphs(size: int, h: int, r: int) -> Iterator[tuple[Keys, ...]]:
    """The keys that each token draws, in every possible way."""
    each = [itertools.combinations(_others(size, h, token), r) for token in range(size)]
    return itertools.product(*each)


def _share(case: tuple[int, int, int], event: Event) -> Fraction:
    """The share of all graphs in which the event happens."""
    size, h, _ = case
    return Fraction(sum(event(size, h, drawn) for drawn in _all_graphs(*case)), _graphs(*case))


def _nobody_draws(size: int, h: int, drawn: tuple[Keys, ...]) -> bool:
    return all(0 not in keys for keys in drawn)


def _two_steps(size: int, h: int, drawn: tuple[Keys, ...]) -> bool:
    """Whether token 0 attends to a token that attends to the one opposite to it."""
    attended = [
        {(token + away) % size for away in range(-h, h + 1)}.union(keys)
        for token, keys in enumerate(drawn)
    ]
    return any(size // 2 in attended[token] for token in attended[0])


def _joined(size: int, h: int, r: int) -> Fraction:
    """P(two layers lead from token 0 to the one opposite), over all sets of token 0's keys."""
    target, others = size // 2, _others(size, h, 0)
    window_of_target = {(target + away) % size for away in range(-h, h + 1)}
    lacking = Fraction(math.comb(len(others) - 1, r), math.comb(len(others), r))
    sets = list(itertools.combinations(others, r))
    missing = sum(window_of_target.isdisjoint(keys) for keys in sets)
    return 1 - Fraction(missing, len(sets)) * lacking ** (2 * h + r)


# ------------------------------------------------------------------- from the definition


def _undrawn_directly(value: float, n: float, window: float, random_keys: float) -> Direct:
    size, h, r = int(n), int(window), int(random_keys)
    others = _others(size, h, 0)
    if math.comb(len(others), r) > LARGEST_COUNT:
        return TOO_MANY
    sets = list(itertools.combinations(others, r))
    lacking = sum(others[0] not in keys for keys in sets)
    found = (lacking / len(sets)) ** len(others)
    sentence = (
        rf"Of the {len(sets)} sets of keys that a token may draw {lacking} lack a given token; "
        rf"for {len(others)} independent draws that makes ${scientific(found)}$."
    )
    return Direct(sentence, close(found, value))


def _two_layers_directly(value: float, n: float, window: float, random_keys: float) -> Direct:
    size, h, r = int(n), int(window), int(random_keys)
    if math.comb(size - 2 * h - 1, r) > LARGEST_COUNT:
        return TOO_MANY
    found = float(_joined(size, h, r))
    sentence = (
        rf"Over all sets of keys that $i$ may draw, with the share of each other token's sets that "
        rf"hold $j$, the probability is ${scientific(found)}$."
    )
    return Direct(sentence, close(found, value))


CLAIMS = (
    Claim(
        key="random_attention.undrawn",
        question="3g.2",
        title="Some tokens are drawn by nobody",
        statement="That no token draws token $j$ as a random key has the probability ${law}$, "
        r"at most $e^{-r}$ whatever $n$ is. Without the window and the global tokens no "
        "other token could depend on $j$ then, in any number of layers.",
        assumptions=(DRAWN,),
        law=undrawn,
        derive=_undrawn,
        twin=avoided**n,
        changed="$n$ in place of $n - 2h - 1$: a token's own window draws it too",
        example={"n": 64, "window": 1, "random_keys": 3},
        source="arXiv:2007.14062, section 2: random attention",
        variables={m: POSITIVE, s: NONNEGATIVE, x: UNIT},
        direct=_undrawn_directly,
    ),
    Claim(
        key="random_attention.two_layers",
        question="3g.2",
        title="Random keys and a window seldom join two tokens of a long text within two layers",
        statement="For two tokens more than $2h$ places apart, that the output of the second layer "
        "at one can depend on the other has the probability ${law}$, at most $r (4h + 1 + r) / (n "
        "- 4h - 1)$: with $h$ and $r$ fixed it vanishes as $n$ grows. One global token makes it 1.",
        assumptions=(
            DRAWN,
            r"$i$ and $j$ are more than $2h$ places apart on the ring, fixed before the draw",
        ),
        law=two_layers,
        derive=_two_layers,
        twin=1 - avoided ** (2 * window) * window_missed,
        changed="$2h$ in place of $2h + r$: the keys of $i$'s random keys are forgotten",
        example={"n": 64, "window": 1, "random_keys": 3},
        source="arXiv:2007.14062, section 2: random attention; counting walks of length two",
        variables={m: POSITIVE, w: POSITIVE, s: NONNEGATIVE, x: UNIT, y: UNIT},
        direct=_two_layers_directly,
    ),
)
