"""Question 3g.2: which token attends to which in BigBird, counted.

Token i attends to the tokens at most h places away (the paper's window is w = 2h), the first g
tokens attend to all and are attended to by all, and every other token attends to r tokens more,
drawn at random among those that it does not attend to yet. A token attends to itself.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import sympy as sp

from theory.proof.assumptions import array, real, require, whole
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.symbols import KEYS, n

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Bool

window = sp.Symbol("h", integer=True, positive=True)
global_tokens = sp.Symbol("g", integer=True, nonnegative=True)
random_keys = sp.Symbol("r", integer=True, nonnegative=True)
WINDOW = Parameter("window", window, lower=1, integer=True)
GLOBALS = Parameter("global_tokens", global_tokens, lower=0, integer=True)
RANDOM = Parameter("random_keys", random_keys, lower=0, integer=True)

edges = Law(
    "E",
    (n - global_tokens) * (2 * window + 1 + random_keys)
    - window * (window + 1)
    + 2 * global_tokens * n
    - global_tokens**2,
    (KEYS, WINDOW, GLOBALS, RANDOM),
    premises=(sp.Le(2 * window + 1 + random_keys + global_tokens, n),),
)
star = Law(r"E_{\mathrm{star}}", 3 * (n - 1), (KEYS,))
# graphs that are built: (n, h, g, r) of those whose pairs are counted, and with a seed as well
# those in which a star is looked for
COUNTED = tuple(
    (size, h, g, r)
    for size, h, g, r in itertools.product(range(2, 9), (1, 2), (0, 1, 2), (0, 1, 2))
    if 2 * h + 1 + r + g <= size
)
SEARCHED = tuple(
    (size, h, g, r, seed)
    for size, h, g, r, seed in itertools.product(range(6, 10), (1, 2), (0, 1, 2), (0, 1), range(3))
    if 2 * h + 1 + r < size
)
SEED = 0  # of the graphs whose pairs are counted: their number is the same for all
GRAPH = (
    r"token $i$ attends to token $j$ if $|i - j| \le h$, if $i$ or $j$ is one of the $g$ global "
    r"tokens, which are the first, or if $j$ is one of $r$ further keys drawn for $i$"
)
LARGEST = 1000  # tokens of a graph that a direct check builds
NOT_BUILT = Direct("So large a graph is not built here: nothing is checked.", True)


def attention_graph(
    n: int, window: int, global_tokens: int, random_keys: int, seed: int
) -> Bool[np.ndarray, "n n"]:
    """Whether token i (row) attends to token j (column) in BigBird (arXiv:2007.14062, section 2).

    window: how far the window reaches to each side; a token with fewer than `random_keys` tokens
    left to draw attends to all. Raises: InputError naming every count that is out of range.

    >>> attention_graph(5, window=1, global_tokens=1, random_keys=0, seed=0).astype(int)
    array([[1, 1, 1, 1, 1],
           [1, 1, 1, 0, 0],
           [1, 1, 1, 1, 0],
           [1, 0, 1, 1, 1],
           [1, 0, 0, 1, 1]])
    """
    import numpy as np

    require(
        whole("n", n, 2),
        whole("window", window, 0),
        whole("global_tokens", global_tokens, 0, math.inf if real(n) is None else n),
        whole("random_keys", random_keys, 0),
        whole("seed", seed, 0),
    )
    positions = np.arange(n)
    graph: np.ndarray = np.abs(positions[:, None] - positions) <= window
    graph[:global_tokens] = graph[:, :global_tokens] = True
    random = np.random.default_rng(seed)
    for row in graph[global_tokens:]:
        others = np.flatnonzero(~row)
        row[random.permutation(others)[:random_keys]] = True
    return graph


def require_square(graph: Bool[np.ndarray, "n n"]) -> None:
    """Raises: InputError unless the graph is a square matrix."""
    shape: tuple[int, ...] = getattr(graph, "shape", ())
    require(
        None
        if len(shape) == 2 and shape[0] == shape[1] > 0
        else f"graph must be an array of shape (n, n), got shape {shape}"
    )


def layers_between(graph: Bool[np.ndarray, "n n"], token: int, other: int) -> float:
    """The least number of layers after which the output at `token` can depend on `other`.

    Infinite if it never can. Raises: InputError unless the graph is square and has both tokens.

    >>> layers_between(attention_graph(6, 1, 0, 0, seed=0), 0, 4)
    4
    """
    import numpy as np

    require_square(graph)
    last = len(graph) - 1
    require(
        array("graph", graph, "n", "n"),
        whole("token", token, 0, last),
        whole("other", other, 0, last),
    )
    found, layers = np.arange(len(graph)) == token, 0
    while not found[other]:
        farther = found | graph[found].any(axis=0)
        if (farther == found).all():
            return math.inf
        found, layers = farther, layers + 1
    return layers


def diameter(graph: Bool[np.ndarray, "n n"]) -> float:
    """The least number of layers after which every token can depend on every other.

    Infinite if some token never can. Raises: InputError unless the graph is square.

    >>> diameter(attention_graph(6, 1, 0, 0, seed=0)), diameter(attention_graph(6, 1, 1, 0, seed=0))
    (5, 2)
    """
    import numpy as np

    require_square(graph)
    found, steps = np.eye(len(graph), dtype=bool), 0
    while not found.all():
        farther = found | (found.astype(np.float32) @ graph.astype(np.float32) > 0)
        if (farther == found).all():
            return math.inf
        found, steps = farther, steps + 1
    return steps


def contains_star(graph: Bool[np.ndarray, "n n"]) -> bool:
    """Whether some token attends to all and is attended to by all, and each attends to itself.

    Raises: InputError unless the graph is square.

    >>> contains_star(attention_graph(6, 1, 1, 0, seed=0))
    True
    >>> contains_star(attention_graph(6, 1, 0, 2, seed=0))
    False
    """
    require_square(graph)
    centres = graph.all(axis=0) & graph.all(axis=1)
    return bool(centres.any() and graph.diagonal().all())


def de_bruijn(n: int, degree: int) -> Bool[np.ndarray, "n n"]:
    """The generalised de Bruijn graph: i attends to degree·i, …, degree·i + degree − 1 modulo n.

    After L steps from any token the walks lead to degree^L tokens in a row: to all of them as soon
    as that is n, and no graph of this degree is faster. Raises: InputError unless n, degree ≥ 2.

    >>> de_bruijn(4, 2).astype(int)
    array([[1, 1, 0, 0],
           [0, 0, 1, 1],
           [1, 1, 0, 0],
           [0, 0, 1, 1]])
    """
    import numpy as np

    require(whole("n", n, 2), whole("degree", degree, 2))
    graph = np.zeros((n, n), dtype=bool)
    tokens = np.arange(n)
    for offset in range(min(degree, n)):
        graph[tokens, (degree * tokens + offset) % n] = True
    return graph


def layers_to_all(graph: Bool[np.ndarray, "n n"]) -> int:
    """The least number of steps in which walks of just this length lead from all tokens to all.

    The graph must have such a number. Raises: InputError unless the graph is square.

    >>> layers_to_all(de_bruijn(9, 2))
    4
    """
    import numpy as np

    require_square(graph)
    reached, layers = graph, 1
    while not reached.all():
        reached = reached.astype(np.float32) @ graph.astype(np.float32) > 0
        layers += 1
    return layers


# ----------------------------------------------------------------------------- derivations


def _edges(formula: sp.Expr, proof: Proof) -> None:
    size = n - global_tokens
    band = size * (2 * window + 1) - window * (window + 1)
    proof.equal(
        band.subs(n, global_tokens + window + 1),
        (window + 1) ** 2,
        r"first the window alone, on a chain of $n - g$ tokens, by induction on their number: $h + "
        r"1$ tokens all attend to each other",
    )
    proof.equal(
        band.subs(n, n + 1) - band,
        (window + 1) + window,
        r"one more token at the end attends to $h + 1$ tokens and $h$ others attend to it",
    )
    proof.equal(
        n**2 - size**2,
        2 * global_tokens * n - global_tokens**2,
        r"pairs with a global token: all but those among the $n - g$ others, whose window is a "
        "chain again",
    )
    proof.equal(
        band + size * random_keys + n**2 - size**2,
        formula,
        r"and $r$ further keys for each of the $n - g$ others, which has so many left to draw",
        "E",
    )
    proof.equal(
        n * (2 * window + 1 + 2 * global_tokens + random_keys) - formula,
        global_tokens * (2 * window + 1 + global_tokens + random_keys) + window * (window + 1),
        r"no term on the right is negative, so $E$ is at most $n$ times a number that does not "
        "grow with $n$",
        "(2h + 1 + 2g + r) n - E",
    )
    names = (n, window, global_tokens, random_keys)
    proof.holds(
        r"\#\{(i, j) : i \text{ attends to } j\} = E",
        all(
            int(attention_graph(*case, seed=SEED).sum())
            == formula.subs(dict(zip(names, case, strict=True)))
            for case in COUNTED
        ),
        "the pairs counted one by one",
        rf"in all {len(COUNTED)} graphs with $n \le 8$, $h \le 2$, $g \le 2$, $r \le 2$",
    )


def _star(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        2 * (n - 1) + (n - 1),
        formula,
        r"in the star each of the $n - 1$ other tokens attends to the centre and to itself, and "
        "the centre attends to them all",
        "2 (n - 1) + (n - 1)",
    )
    proof.holds(
        r"\text{the graph contains a star} \iff g \ge 1",
        all(
            contains_star(attention_graph(size, h, g, r, seed)) == (g >= 1)
            for size, h, g, r, seed in SEARCHED
        ),
        r"with $g \ge 1$ a global token is the centre; with $g = 0$ every token attends to at most "
        r"$2h + 1 + r < n$ tokens, so none can be a centre",
        rf"and in {len(SEARCHED)} graphs with $n \le 9$, $h \le 2$, $g \le 2$, $r \le 1$ and three "
        rf"seeds",
    )


# ------------------------------------------------------------------- from the definition


def _edges_directly(
    value: float, n: float, window: float, global_tokens: float, random_keys: float
) -> Direct:
    if n > LARGEST:
        return NOT_BUILT
    graph = attention_graph(int(n), int(window), int(global_tokens), int(random_keys), seed=0)
    found = int(graph.sum())
    sentence = (
        rf"The graph that was drawn has {found} pairs, ${100 * found / n**2:.3g} \%$ of the $n^2$ "
        "of full attention."
    )
    return Direct(sentence, found == value)


def _star_directly(value: float, n: float) -> Direct:
    import numpy as np

    if n > LARGEST:
        return NOT_BUILT
    graph = np.eye(int(n), dtype=bool)
    graph[0], graph[:, 0] = True, True
    graph[0, 0] = False
    found = int(graph.sum())
    return Direct(f"The star that was built has {found} pairs.", found == value)


CLAIMS = (
    Claim(
        key="attention_graph.edges",
        question="3g.2",
        title="BigBird attends to a number of pairs linear in the length",
        statement=r"Among $n$ tokens the number of pairs of a query and a key that it attends to "
        r"is ${law}$, at most $(2h + 1 + 2g + r) n$; full attention has $n^2$.",
        assumptions=(
            GRAPH,
            r"$2h + 1 + r + g \le n$, so that every ordinary token has $r$ keys left to draw; "
            "tokens may as well be blocks of tokens",
        ),
        law=edges,
        derive=_edges,
        twin=(n - global_tokens) * (2 * window + 1 + random_keys)
        - window * (window + 1)
        + 2 * global_tokens * n,
        changed=r"pairs of two global tokens are counted twice: $-g^2$ is missing",
        example={"n": 64, "window": 1, "global_tokens": 2, "random_keys": 3},
        source="arXiv:2007.14062, section 2",
        direct=_edges_directly,
    ),
    Claim(
        key="attention_graph.star",
        question="3g.2",
        title="The star that makes BigBird universal, and its size",
        statement=r"In a star one token, the centre, is attended to by all others and attends to "
        r"all of them, and each other token attends to itself. The star alone has ${law}$ pairs. "
        r"BigBird's graph contains a star if and only if it has a global token, $g \ge 1$. Theorem "
        "1 of the paper, claim bigbird.universal, needs no more than this star.",
        assumptions=(
            GRAPH,
            r"$2h + 1 + r < n$ for the only if; the star's centre is one of the $n$ tokens",
        ),
        law=star,
        derive=_star,
        twin=2 * (n - 1),
        changed=r"2 in place of 3: the tokens do not attend to themselves",
        example={"n": 64},
        source="arXiv:2007.14062, Definition 1",
        direct=_star_directly,
    ),
)
