"""Question 3h: what attention costs, exactly and by random features, and where the two cross.

Costs are multiply-adds of the loops of `attention_loops`, with values as wide as keys.
"""

from __future__ import annotations

import itertools

import sympy as sp

from theory.features.attention_loops import counted
from theory.features.orthogonal_frames import DIMENSION, dimension
from theory.performer import DRAWS, PAPER, draws, law_at
from theory.proof.algebra import Domain
from theory.proof.claim import Claim
from theory.proof.direct import Direct, close
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import latex

length = sp.Symbol("L", integer=True, positive=True)
LENGTH = Parameter("length", length, lower=1, integer=True)

exact_cost = Law("C", 2 * length**2 * dimension, (LENGTH, DIMENSION))
exact_causal_cost = Law("C", length * (length + 1) * dimension, (LENGTH, DIMENSION))
cost = Law("C", 4 * length * draws * dimension, (LENGTH, DRAWS, DIMENSION))
speedup = Law(r"C_{\mathrm{exact}} / C", length / (2 * draws), (LENGTH, DRAWS))
causal_crossing = Law("L", 4 * draws - 1, (DRAWS,), relation=r"\ge")
paired_crossing = Law("L", 3 * draws, (DRAWS,), relation=r"\ge")

i, j = sp.symbols("i j", integer=True, positive=True)
ONE = (sp.Integer(1), sp.oo)
WHOLE: Domain = {length: ONE, draws: ONE, dimension: ONE}
UNIT_OF_COST = (
    "the unit is one multiply-add, a product of two numbers added to a running sum; exponentials, "
    "the squared lengths of queries and keys, and divisions are not counted"
)
SIZES = (
    "$L$ queries, $L$ keys and $L$ values, each of $d$ numbers; a value may hold a 1 that yields "
    "the row sums by which the output is divided"
)
RUN_LENGTHS, RUN_WIDTHS, RUN_DRAWS = range(1, 5), range(1, 4), range(1, 4)  # of loops that are run


def _all_counted(law: sp.Expr, causal: bool, proof: Proof) -> None:
    """Count the loops for all small sizes."""
    exact = draws not in law.free_symbols
    sizes = list(itertools.product(RUN_LENGTHS, RUN_WIDTHS, [0] if exact else RUN_DRAWS))
    found = all(
        counted(size, width, number, causal)
        == law.xreplace({length: sp.Integer(size), dimension: sp.Integer(width), draws: number})
        for size, width, number in sizes
    )
    kind = "causal" if causal else "bidirectional"
    proof.holds(
        rf"C = {latex(law)}",
        found,
        f"the loops of {kind} attention were run, and their multiply-adds counted",
        f"counted for all {len(sizes)} sizes with $L \\le 4$, $d \\le 3$"
        + ("" if exact else r", $m \le 3$"),
    )


def _exact(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        sp.summation(sp.summation(2 * dimension, (j, 1, length)), (i, 1, length)),
        formula,
        "each of the $L$ queries meets each of the $L$ keys: $d$ multiply-adds for the score and "
        "$d$ for adding the value with its weight",
        r"\sum_{i = 1}^L \sum_{j = 1}^L 2d",
    )
    _all_counted(formula, False, proof)


def _exact_causal(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        sp.summation(sp.summation(2 * dimension, (j, 1, i)), (i, 1, length)),
        formula,
        "query $i$ meets the keys $1$ to $i$ alone",
        r"\sum_{i = 1}^L \sum_{j = 1}^i 2d",
    )
    _all_counted(formula, True, proof)


def _performer(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        2 * sp.summation(draws * dimension, (i, 1, length))
        + 2 * sp.summation(dimension * draws, (j, 1, length)),
        formula,
        "each of the $L$ queries and keys is multiplied by $m$ directions of $d$ numbers; each of "
        "the $L$ keys adds its $m \\times d$ products with a value to the state, and each query "
        "multiplies the state once; a causal run reads the state in between, at the same cost",
        r"\sum_{i = 1}^L 2md + \sum_{i = 1}^L 2md",
    )
    _all_counted(formula, False, proof)
    _all_counted(formula, True, proof)


def _speedup(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        exact_cost.expression / cost.expression,
        formula,
        "the costs of claims performer.exact_cost and performer.cost. With values of another width "
        "$e$, such as $d + 1$ with a column of ones for the row sums, they are $L^2 (d + e)$ and "
        "$2Lm(d + e)$, and the ratio is the same",
        r"\frac{C_{\mathrm{exact}}}{C}",
    )


def _causal_crossing(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        exact_causal_cost.expression - cost.expression,
        length * dimension * (length - formula),
        "the costs of claims performer.exact_causal_cost and performer.cost: not negative if and "
        "only if $L$ is at least what is taken from it in the bracket",
        r"C_{\mathrm{exact}} - C",
    )


def _paired_crossing(formula: sp.Expr, proof: Proof) -> None:
    mapping = 2 * sp.summation(draws * dimension, (i, 1, length))
    products = 2 * sp.summation(2 * draws * dimension, (i, 1, length))
    proof.equal(
        exact_cost.expression - mapping - products,
        2 * length * dimension * (length - formula),
        "queries and keys are multiplied by $m$ directions, $2Lmd$, but give $2m$ features each, "
        "which are multiplied with values, $4Lmd$; not negative if and only if $L$ is at least "
        "what is taken from it in the bracket",
        r"C_{\mathrm{exact}} - C",
    )


MOST = 200_000  # multiply-adds that a loop may make on a reader's numbers


def _small(length: float, draws: float, dimension: float) -> tuple[int, int, int]:
    """These sizes, halved until loops over them are short."""
    size, number, width = int(length), int(draws), int(dimension)
    while 2 * size * width * (size + 2 * number) > MOST:
        size, number, width = -(-size // 2), -(-number // 2), -(-width // 2)
    return size, number, width


def _sentence(found: int, size: int, width: int) -> str:
    return f"Naive loops at $L = {size}$, $d = {width}$ make ${found}$ multiply-adds when counted."


def _exact_directly(value: float, length: float, dimension: float) -> Direct:
    size, _, width = _small(length, 0, dimension)
    found = counted(size, width)
    law = law_at((size, width), (length, dimension), value, exact_cost)
    return Direct(_sentence(found, size, width), found == law)


def _exact_causal_directly(value: float, length: float, dimension: float) -> Direct:
    size, _, width = _small(length, 0, dimension)
    found = counted(size, width, causal=True)
    law = law_at((size, width), (length, dimension), value, exact_causal_cost)
    return Direct(_sentence(found, size, width), found == law)


def _performer_directly(value: float, length: float, draws: float, dimension: float) -> Direct:
    size, number, width = _small(length, draws, dimension)
    found, causal = (counted(size, width, number, causal) for causal in (False, True))
    law = law_at((size, number, width), (length, draws, dimension), value, cost)
    sentence = (
        f"Naive loops at $L = {size}$, $m = {number}$, $d = {width}$ make ${found}$ multiply-adds "
        f"when counted, and ${causal}$ in a causal run."
    )
    return Direct(sentence, found == causal == law)


def _speedup_directly(value: float, length: float, draws: float) -> Direct:
    size, number, _ = _small(length, draws, 2)
    exact, other = counted(size, 2), counted(size, 2, number)
    sentence = (
        f"Naive loops at $L = {size}$, $m = {number}$, $d = 2$ make ${exact}$ multiply-adds in "
        f"exact attention and ${other}$ in the Performer when counted."
    )
    law = law_at((size, number), (length, draws), value, speedup)
    return Direct(sentence, close(exact / other, law))


def _crossing_found(
    law: Law, draws: float, value: float, causal: bool = False, paired: bool = False
) -> Direct:
    """Count both kinds of attention at the crossing, one row before it and one row after."""
    number = int(min(draws, 24))
    at = round(law_at((number,), (draws,), value, law))
    before, here, after = (
        (counted(size, 2, causal=causal), counted(size, 2, number, causal, paired))
        for size in (at - 1, at, at + 1)
    )
    sentence = (
        f"Naive loops for $m = {number}$, $d = 2$, $L = {at}$ make ${here[0]}$ multiply-adds in "
        f"exact attention and ${here[1]}$ in the Performer; with $L = {at + 1}$ they make "
        f"${after[0]}$ and ${after[1]}$."
    )
    crosses = before[0] < before[1] and here[0] == here[1] and after[0] > after[1]
    return Direct(sentence, crosses)


def _causal_crossing_directly(value: float, draws: float) -> Direct:
    return _crossing_found(causal_crossing, draws, value, causal=True)


def _paired_crossing_directly(value: float, draws: float) -> Direct:
    return _crossing_found(paired_crossing, draws, value, paired=True)


CLAIMS = (
    Claim(
        key="performer.exact_cost",
        question="3h",
        title="What exact attention costs",
        statement=r"Exact attention of $L$ rows takes $C = {law}$ multiply-adds.",
        assumptions=(UNIT_OF_COST, SIZES, "every query attends to every key"),
        law=exact_cost,
        derive=_exact,
        twin=length**2 * dimension,
        changed="the factor 2 is missing",
        example={"length": 64, "dimension": 8},
        source="counting; Vaswani et al. 2017, Table 1 for the order",
        variables=WHOLE,
        direct=_exact_directly,
    ),
    Claim(
        key="performer.exact_causal_cost",
        question="3h",
        title="What exact causal attention costs",
        statement=r"Exact attention of $L$ rows in which row $i$ sees the keys 1 to $i$ takes $C = "
        r"{law}$ multiply-adds, about half as many.",
        assumptions=(UNIT_OF_COST, SIZES, "keys that are hidden are left out, not computed"),
        law=exact_causal_cost,
        derive=_exact_causal,
        twin=length * (length - 1) * dimension,
        changed="the sign of 1 (a row would not see its own key)",
        example={"length": 64, "dimension": 8},
        source="counting",
        variables=WHOLE,
        direct=_exact_causal_directly,
    ),
    Claim(
        key="performer.cost",
        question="3h",
        title="What attention by positive features costs, causal or not",
        statement=r"With $m$ positive features, attention of $L$ rows takes $C = {law}$ "
        r"multiply-adds, the feature maps included; a causal run takes as many.",
        assumptions=(UNIT_OF_COST, SIZES, "the directions are given and not structured"),
        law=cost,
        derive=_performer,
        twin=2 * length * draws * dimension,
        changed="2 in place of 4 (the feature maps are left out)",
        example={"length": 64, "draws": 16, "dimension": 8},
        source=f"counting; {PAPER}, equation 4 and appendix B.1",
        variables=WHOLE,
        direct=_performer_directly,
    ),
    Claim(
        key="performer.speedup",
        question="3h",
        title="The factor saved, and the length from which anything is saved",
        statement=r"Exact attention takes ${law}$ times the multiply-adds of $m$ positive "
        r"features: these save operations if and only if $L > 2m$, with $m = d \log d$ if "
        r"and only if $L > 2 d \log d$.",
        assumptions=(UNIT_OF_COST, SIZES, "every query attends to every key"),
        law=speedup,
        derive=_speedup,
        twin=length / draws,
        changed="the factor 2 below the bar is missing (the feature maps are left out)",
        example={"length": 128, "draws": 16},
        source="from claims performer.exact_cost and performer.cost",
        variables=WHOLE,
        direct=_speedup_directly,
    ),
    Claim(
        key="performer.causal_crossing",
        question="3h",
        title="The length from which causal attention by positive features is cheaper",
        statement=r"In causal attention $m$ positive features take no more multiply-adds than "
        r"exact attention if and only if $L \ge {law}$: the length needed is about twice "
        r"as large as without the mask, which halves the exact cost alone.",
        assumptions=(UNIT_OF_COST, SIZES, "keys that are hidden are left out, not computed"),
        law=causal_crossing,
        derive=_causal_crossing,
        twin=2 * draws - 1,
        changed="2 in place of 4",
        example={"draws": 16},
        source="from claims performer.exact_causal_cost and performer.cost",
        variables=WHOLE,
        direct=_causal_crossing_directly,
    ),
    Claim(
        key="performer.paired_crossing",
        question="3h",
        title="The same length for features that come in pairs",
        statement=r"Trigonometric or hyperbolic features from $m$ draws ($2m$ features) take no "
        r"more multiply-adds than exact attention if and only if $L \ge {law}$; $2m$ positive "
        r"features need $L \ge 4m$.",
        assumptions=(UNIT_OF_COST, SIZES, "every query attends to every key"),
        law=paired_crossing,
        derive=_paired_crossing,
        twin=4 * draws,
        changed="4 in place of 3 (as if pairs saved nothing)",
        example={"draws": 16},
        source="from claim performer.exact_cost and counting",
        variables=WHOLE,
        direct=_paired_crossing_directly,
    ),
)
