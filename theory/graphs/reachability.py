"""Question 3g.2: how fast information spreads over BigBird's graph, layer by layer.

The output of a layer at token i depends on the tokens that i attends to. So after L layers it can
depend on those that a walk of L steps leads to, and on no others.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import sympy as sp

from theory.graphs.attention_graph import (
    GLOBALS,
    GRAPH,
    LARGEST,
    NOT_BUILT,
    WINDOW,
    attention_graph,
    de_bruijn,
    diameter,
    global_tokens,
    layers_between,
    layers_to_all,
    window,
)
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.symbols import KEYS, NONNEGATIVE, POSITIVE, UNIT, n

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Bool

apart = sp.Symbol("t", integer=True, nonnegative=True)
degree = sp.Symbol("D", integer=True, positive=True)
APART = Parameter("apart", apart, lower=0, integer=True)
DEGREE = Parameter("degree", degree, lower=2, integer=True)

walks = Law(
    "W_2",
    global_tokens + 2 * window + 1 - apart,
    (GLOBALS, WINDOW, APART),
    premises=(sp.Le(apart, 2 * window),),
)
window_diameter = Law(r"\operatorname{diam}", sp.ceiling((n - 1) / window), (KEYS, WINDOW))
layers = Law("L", sp.log(n) / sp.log(degree), (KEYS, DEGREE), relation=r"\ge")

i = sp.Symbol("i", integer=True, nonnegative=True)
so_far = sp.Symbol("P", positive=True)
slack, y, z = sp.symbols("s y z", nonnegative=True)
# what is enumerated: (h, g) of graphs whose walks are counted, (n, h) of those whose diameter is
# measured, (n, D) of those in which D^L tokens are reached
WALKED = tuple(itertools.product((1, 2), (0, 1, 2)))
MEASURED = tuple(itertools.product(range(2, 15), range(1, 6)))
BRANCHING = tuple(itertools.product(range(2, 65), range(2, 6)))


def _walks(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        (i + window) - (i + apart - window) + 1,
        2 * window + 1 - apart,
        r"tokens that lie in both windows: from $j - h$ to $i + h$, where $j = i + t$ and both "
        "windows are whole",
        "(i + h) - (i + t - h) + 1",
    )
    proof.equal(
        global_tokens + (i + window) - (i + apart - window) + 1,
        formula,
        r"a walk of length two from $i$ to $j$ goes by any of the $g$ global tokens or by any of "
        "these",
        "W_2",
    )
    proof.at_most(
        global_tokens,
        formula.subs(apart, 2 * window - slack),
        r"never fewer than $g$, as $t = 2h - s$; for $t > 2h$ the windows do not meet and exactly "
        r"$g$ are left: with $g \ge 1$ every token reaches every other in at most two steps",
    )
    proof.holds(
        r"(A^2)_{ij} = W_2",
        all(_walks_counted(formula, h, g) for h, g in WALKED),
        r"the square of the matrix $A$ of attended pairs counts the walks",
        r"all pairs of tokens with whole windows in the graphs with $n = 14$, $h \le 2$, $g \le 2$",
    )


def _walks_counted(formula: sp.Expr, h: int, g: int) -> bool:
    graph = attention_graph(14, h, g, 0, seed=0).astype(int)
    counted = graph @ graph
    whole = range(g + h, 14 - h)
    at = [formula.subs({window: h, global_tokens: g, apart: t}) for t in range(2 * h + 1)]
    return all(
        counted[one, two] == (at[abs(one - two)] if abs(one - two) <= 2 * h else g)
        for one, two in itertools.product(whole, whole)
    )


def _diameter(formula: sp.Expr, proof: Proof) -> None:
    needed = (apart + window * y) / window
    proof.at_most(
        (needed - 1) * window,
        apart,
        r"a layer carries influence at most $h$ places. For tokens $t$ apart let $L = (t + hy)/h$ "
        r"be the next whole number from $t/h$, with $0 \le y < 1$: $L - 1$ layers do not reach $t$ "
        "(as $y$ is not 1, the left side is smaller)",
        "(L - 1) h",
        equality={y: 1},
    )
    proof.at_most(
        apart,
        sp.expand(needed * window),
        r"and $L$ layers do, by steps of $h$ places and a last one that is no longer; the first "
        r"and the last token are farthest apart, $t = n - 1$",
    )
    proof.holds(
        r"\operatorname{diam} = \left\lceil \frac{n - 1}{h} \right\rceil",
        all(diameter(_windows_alone(m, h)) == formula.subs({n: m, window: h}) for m, h in MEASURED),
        "the window alone, by breadth-first search",
        rf"in all {len(MEASURED)} graphs with $2 \le n \le 14$ and $1 \le h \le 5$",
    )
    proof.holds(
        r"\max \operatorname{diam} = 2 \quad (g = 1)",
        max(diameter(_with_one_global_token(m, h)) for m, h in MEASURED) == 2,
        "with a global token no two tokens are more than two steps apart, claim reachability.walks",
        "the largest diameter of as many graphs with one global token",
    )


def _windows_alone(size: int, h: int) -> Bool[np.ndarray, "n n"]:
    return attention_graph(size, h, 0, 0, seed=0)


def _with_one_global_token(size: int, h: int) -> Bool[np.ndarray, "n n"]:
    return attention_graph(size, h, 1, 0, seed=0)


def _layers(formula: sp.Expr, proof: Proof) -> None:
    proof.at_most(
        so_far * z * degree * y,
        so_far * degree,
        r"by induction on the layers: with $P = D^L$, if the output of layer $L$ depends on at "
        r"most $Pz$ tokens, $z \le 1$, and each of them attended to at most $Dy$, $y \le 1$, one "
        r"more layer makes it at most $PD = D^{L + 1}$",
    )
    proof.equal(
        degree**formula,
        n,
        r"so $D^L \ge n$ is needed for the output to depend on all $n$ tokens, and this $L$ is "
        "where it begins",
        r"D^{\log n / \log D}",
    )
    proof.holds(
        r"\min \{L : \text{all are reached in } L \text{ layers}\} = \min \{L : D^L \ge n\}",
        all(layers_to_all(de_bruijn(m, b)) == _least(m, b) for m, b in BRANCHING),
        r"attained: if token $i$ attends to the tokens $Di, \dots, Di + D - 1$ modulo $n$, then "
        r"$L$ layers lead to the $D^L$ tokens $D^L i, \dots, D^L i + D^L - 1$ modulo $n$",
        rf"walks in all {len(BRANCHING)} such graphs with $n \le 64$ and $D \le 5$",
    )


def _least(size: int, base: int) -> int:
    """The least L with base^L ≥ size, in integers."""
    return next(L for L in itertools.count() if base**L >= size)


# ------------------------------------------------------------------- from the definition


def _walks_directly(value: float, global_tokens: float, window: float, apart: float) -> Direct:
    size = int(global_tokens + 2 * window + apart + 1)
    if size > LARGEST:
        return NOT_BUILT
    graph = attention_graph(size, int(window), int(global_tokens), 0, seed=0).astype(int)
    first = int(global_tokens + window)
    found = int((graph @ graph)[first, first + int(apart)])
    sentence = f"In the graph on {size} tokens the square of the matrix of pairs holds {found}."
    return Direct(sentence, found == value)


def _diameter_directly(value: float, n: float, window: float) -> Direct:
    if n > LARGEST:
        return NOT_BUILT
    plain = attention_graph(int(n), int(window), 0, 0, seed=0)
    with_global = diameter(attention_graph(int(n), int(window), 1, 0, seed=0))
    layers = layers_between(plain, 0, int(n) - 1)
    sentence = (
        f"Breadth-first search from the first token to the last takes {layers} layers, and "
        f"{with_global} are enough for all with a global token."
    )
    return Direct(sentence, layers == value and with_global <= 2)


def _layers_directly(value: float, n: float, degree: float) -> Direct:
    """The fastest graph in which every token attends to at most `degree` tokens."""
    if n > LARGEST:
        return NOT_BUILT
    found = layers_to_all(de_bruijn(int(n), int(degree)))
    sentence = (
        r"Where token $i$ attends to the tokens $Di, \dots, Di + D - 1$ modulo $n$, every output "
        rf"depends on every token after {found} layers and not before."
    )
    return Direct(sentence, found >= value - 1e-9)


CLAIMS = (
    Claim(
        key="reachability.walks",
        question="3g.2",
        title="Walks of length two, and why one global token is enough",
        statement=r"From a token to one $t \le 2h$ places away lead $W_2 = {law}$ walks of length "
        r"two; for $t > 2h$ there are $g$. With $g \ge 1$ any two tokens are at most two layers "
        "apart, whatever $n$ is.",
        assumptions=(
            GRAPH,
            r"both tokens are ordinary ones and their windows are whole (at least $h$ places from "
            r"either end and from the global tokens); $r = 0$, further keys add walks",
        ),
        law=walks,
        derive=_walks,
        twin=global_tokens + 2 * window - apart,
        changed="the summand 1 is missing: the token in the middle",
        example={"global_tokens": 2, "window": 3, "apart": 4},
        source="arXiv:2007.14062, section 2; square of the adjacency matrix",
        variables={i: NONNEGATIVE, slack: NONNEGATIVE},
        direct=_walks_directly,
    ),
    Claim(
        key="reachability.diameter",
        question="3g.2",
        title="Layers until everything can depend on everything",
        statement=r"With a window alone it takes exactly ${law}$ layers until every output can "
        r"depend on every token, with a global token at most two.",
        assumptions=(GRAPH, r"$r = 0$; $g = 0$ in the first case, $g \ge 1$ in the second"),
        law=window_diameter,
        derive=_diameter,
        twin=sp.ceiling(n / window),
        changed="$n$ in place of $n - 1$",
        example={"n": 512, "window": 3},
        source="arXiv:2007.14062, section 2; breadth-first search",
        variables={apart: NONNEGATIVE, y: UNIT},
        direct=_diameter_directly,
    ),
    Claim(
        key="reachability.layers",
        question="3g.2",
        title="No sparse graph reaches all tokens in fewer layers than this",
        statement=r"If every token attends to at most $D$ tokens, an output can depend on all $n$ "
        r"tokens only after $L \ge {law}$ layers; any task that needs all of them (the furthest "
        "vector, for one) needs so many. There are graphs that need no more than the next whole "
        "number of layers.",
        assumptions=(
            r"every token attends to at most $D \ge 2$ tokens, counting itself where a residual "
            "connection passes it on; so there is no global token, which attends to all",
            "weights and feed-forward layers are arbitrary",
        ),
        law=layers,
        derive=_layers,
        twin=2 * sp.log(n) / sp.log(degree),
        changed="a factor 2",
        example={"n": 512, "degree": 8},
        source="counting walks; generalised de Bruijn graphs for equality",
        variables={so_far: POSITIVE, y: UNIT, z: UNIT},
        direct=_layers_directly,
    ),
)
