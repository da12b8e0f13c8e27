"""What no matrices can do, with a certificate: dependent inputs, and outputs that contradict.

A certificate is a combination of rows: with coefficients z, zᵀX = 0 shows that the rows of X are
dependent; yᵀW = 0 with yᵀO ≠ 0 shows that no V and no values v = V x_j solve W v = O (Fredholm's
alternative: one of the two exists, never both). It is checked by multiplying it out. Whole numbers
and fractions are treated exactly, other floats by singular values with a stated tolerance.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import sympy as sp

from reports.record import InputError
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import latex
from theory.symbols import ANY, KEYS, n
from theory.symbols import size as positions

Exact: TypeAlias = list[list[Fraction]]
Table: TypeAlias = Any  # rows of numbers: nested sequences, so that fractions stay what they are
TOLERANCE = 1e-9  # of singular values and remainders of floats, relative to the largest entry

sources = sp.Symbol("r", integer=True, positive=True)
POSITIONS = Parameter("positions", positions, lower=1, integer=True)
SOURCES = Parameter("sources", sources, lower=1, integer=True)
rank = sp.Symbol("k", integer=True, positive=True)
RANK = Parameter("rank", rank, lower=1, integer=True)
COEFFICIENTS, VALUES = (sp.symbols(f"{letter}_1:3", real=True) for letter in "yv")
ENTRIES = sp.symbols("w_11 w_12 w_21 w_22", real=True)
z_1 = sp.Symbol("z_1", real=True)
AVAILABLE = 3
DEALT = [t for m in range(1, 5) for t in itertools.product(range(AVAILABLE), repeat=m)]
"""The source that each position attends to, in all ways for 1 to 4 positions."""
DEPENDENT = sp.Matrix([[1, 0], [0, 1], [1, 1]])  # three inputs of rank 2
conditions = Law(
    r"\dim\{y : y^\top W = 0\}",
    positions - sources,
    (POSITIONS, SOURCES),
    premises=(sp.Le(sources, positions),),
)
lost = Law(
    r"\dim\{S\} - \dim\{X M X^\top\}",
    n**2 - rank**2,
    (KEYS, RANK),
    premises=(sp.Le(rank, n),),
)


@dataclass(frozen=True)
class Certificate:
    """Coefficients of rows that cancel one table and, for a contradiction, not another.

    words: what it shows; combination: one coefficient a row; cancelled: the table that it takes
    to 0; left: what it makes of the outputs wanted, not 0 (empty for dependent inputs)
    """

    words: str
    combination: tuple[Any, ...]
    cancelled: tuple[tuple[Any, ...], ...]
    outputs: tuple[tuple[Any, ...], ...] = ()

    @property
    def left(self) -> list[Any]:
        """The combination of the outputs wanted."""
        return _combined(self.combination, self.outputs)

    @property
    def holds(self) -> bool:
        """Whether multiplying it out bears it out: exactly, or for floats to the tolerance."""
        nothing = _vanishes(self.combination, self.cancelled)
        something = not self.outputs or not _vanishes(self.combination, self.outputs)
        return any(self.combination) and nothing and something

    def __str__(self) -> str:
        return self.words


class RefusalError(InputError):
    """What was asked for cannot be done; `certificates` show why."""

    def __init__(self, message: str, certificates: Sequence[Certificate]) -> None:
        super().__init__(message)
        self.certificates = tuple(certificates)


def dependence(inputs: Table) -> Certificate | None:
    """A combination of the rows that vanishes, or None if the n × d inputs are independent.

    >>> found = dependence([[1, 0], [0, 2], [1, 1]])
    >>> print(found, found.holds)
    the inputs are linearly dependent: 2·x[0] + x[1] − 2·x[2] = 0 True
    """
    null = left_null(inputs)
    if not null:
        return None
    words = f"the inputs are linearly dependent: {_sum(null[0], 'x')} = 0"
    return Certificate(words, tuple(null[0]), _table(inputs))


def contradiction(
    weights: Table,
    outputs: Table,
    names: Sequence[int] | None = None,
) -> Certificate | None:
    """A combination that cancels the rows of weights but not the outputs, or None.

    weights: m × n, row i says what is attended to; outputs: m × p, row i is what is wanted there;
    names: the positions that the rows belong to, for the words.

    >>> found = contradiction([[1, 0], [1, 0]], [[1, 2], [1, 3]])
    >>> print(found, found.left)
    no V gives these outputs: c[0] − c[1] = 0 whatever V is, but the outputs wanted give \
[0, -1] [Fraction(0, 1), Fraction(-1, 1)]
    """
    for y in left_null(weights):
        if not _vanishes(y, outputs):
            remainder = ", ".join(f"{float(v):.6g}" for v in _combined(y, outputs))
            words = (
                f"no V gives these outputs: {_sum(y, 'c', names)} = 0 whatever V is, "
                f"but the outputs wanted give [{remainder}]"
            )
            return Certificate(words, tuple(y), _table(weights), _table(outputs))
    return None


def left_null(matrix: Table) -> list[list[Any]]:
    """A basis of the row combinations that vanish: coprime integers, or orthonormal floats.

    >>> left_null([[1, 2], [2, 4]])
    [[Fraction(2, 1), Fraction(-1, 1)]]
    """
    rational = exact(matrix)
    return _null_of_floats(matrix) if rational is None else _null_of_fractions(rational)


def exact(matrix: Table) -> Exact | None:
    """The entries as fractions, or None if one is a float that is no whole number."""
    rows = [[_fraction(v) for v in row] for row in matrix]
    if any(v is None for row in rows for v in row):
        return None
    return [[v for v in row if v is not None] for row in rows]


def _fraction(value: Any) -> Fraction | None:
    import numbers

    if isinstance(value, numbers.Rational):
        return Fraction(int(value.numerator), int(value.denominator))
    if isinstance(value, sp.Rational):
        return Fraction(int(value.p), int(value.q))
    return Fraction(int(value)) if float(value).is_integer() else None


def _null_of_fractions(rows: Exact) -> list[list[Any]]:
    """Sign and length are chosen: coprime integers, the first of them positive."""
    import math

    from sympy.polys.matrices import DomainMatrix

    domain = sp.QQ
    entries = [[domain(v.numerator, v.denominator) for v in row] for row in rows]
    transposed = DomainMatrix(entries, (len(rows), len(rows[0])), domain).transpose()
    found = []
    for vector in transposed.nullspace().to_list():
        fractions = [Fraction(int(v.numerator), int(v.denominator)) for v in vector]
        common = math.lcm(*(v.denominator for v in fractions))
        whole = [int(v * common) for v in fractions]
        divisor = math.gcd(*whole) * (1 if next(v for v in whole if v) > 0 else -1)
        found.append([Fraction(v, divisor) for v in whole])
    return found


def _null_of_floats(matrix: Table) -> list[list[Any]]:
    import numpy as np

    table = np.array([[float(v) for v in row] for row in matrix])
    left, values, _ = np.linalg.svd(table)
    rank = int(np.sum(values > TOLERANCE * values[0])) if values.size else 0
    vectors: list[list[Any]] = left.T[rank:].tolist()
    return vectors


def _combined(coefficients: Sequence[Any], table: Table) -> list[Any]:
    """Σ coefficient · row: in fractions if all are, else in floats."""
    rational = exact([coefficients, *table])
    if rational is None:
        rows = [[float(v) for v in row] for row in table]
        pairs = list(zip(map(float, coefficients), rows, strict=True))
        return [sum(c * row[k] for c, row in pairs) for k in range(len(rows[0]))]
    pairs_exact = list(zip(rational[0], rational[1:], strict=True))
    return [sum((c * row[k] for c, row in pairs_exact), Fraction(0)) for k in range(len(table[0]))]


def _vanishes(coefficients: Sequence[Any], table: Table) -> bool:
    combined = _combined(coefficients, table)
    if all(isinstance(v, Fraction) for v in combined):
        return not any(combined)
    scale = sum(abs(float(c)) for c in coefficients) * max(abs(float(v)) for r in table for v in r)
    return bool(max(map(abs, combined)) <= TOLERANCE * scale)


def _table(rows: Table) -> tuple[tuple[Any, ...], ...]:
    return tuple(tuple(row) for row in rows)


def _sum(coefficients: Sequence[Any], letter: str, names: Sequence[int] | None = None) -> str:
    """`2·x[0] − x[3]`: the terms of a combination that are not 0."""
    names = names or range(len(coefficients))
    words = ""
    for c, i in zip(coefficients, names, strict=True):
        size = f"{float(abs(c)):.6g}"
        if size == "0":
            continue
        sign = (" − " if words else "−") if c < 0 else (" + " if words else "")
        words += f"{sign}{'' if size == '1' else size + '·'}{letter}[{i}]"
    return words


# ------------------------------------------------------------------------------------- claim


def _conditions(formula: sp.Expr, proof: Proof) -> None:
    """The alternative for two positions and two sources with free entries, then the count."""
    y = sp.Matrix(COEFFICIENTS)
    weights = sp.Matrix(2, 2, ENTRIES)
    values = sp.Matrix(VALUES)
    proof.equal(
        y.T * (weights * values),
        (weights.T * y).T * values,
        r"never both: if $W v = O$, where $v$ holds the values $V x_j$ (one coordinate of them), "
        r"then $y^\top O = (y^\top W) v$, which is 0 when $y^\top W$ is; the same for any size",
        r"y^\top (W v)",
    )
    proof.equal(
        sources * (positions / sources - 1),
        formula,
        r"how many there are: if $m_j$ positions share the source $j$, their differences "
        r"$c_i - c_k$ give $m_j - 1$ independent combinations; the $m_j$ sum to $m$, so their mean "
        r"over the $r$ sources is $m/r$; rows of different sources have their 1 in different "
        r"columns, so no "
        r"other combination vanishes",
        r"\sum_j (m_j - 1)",
    )
    counted = [(len(t), len(set(t)), len(left_null(_rows(t)))) for t in DEALT]
    proof.holds(
        rf"\dim\{{y : y^\top W = 0\}} = {latex(formula)}",
        all(formula.subs({positions: m, sources: r}) == found for m, r, found in counted),
        r"the same by elimination in fractions; one of the two always exists, because $O$ lies in "
        r"the range of $W$ exactly when it is orthogonal to every such $y$",
        f"all {len(DEALT)} ways in which 1 to 4 positions attend to {AVAILABLE} sources",
    )


def _rows(attended: Sequence[int]) -> list[list[int]]:
    return [[int(j == target) for j in range(AVAILABLE)] for target in attended]


def _conditions_directly(value: float, positions: float, sources: float) -> Direct:
    """Deals out sources and searches for combinations of the rows that vanish, by numpy."""
    import numpy as np

    m, r = (min(int(v), 200) for v in (positions, sources))
    table = np.eye(r)[np.arange(m) % r]
    found = m - int(np.linalg.matrix_rank(table))
    capped = " (counted for at most 200)" if max(positions, sources) > 200 else ""
    wanted = value if not capped else m - r
    return Direct(
        f"A table of {m} positions dealt out over {r} sources has {found} independent "
        f"{'combination' if found == 1 else 'combinations'} of rows that "
        f"{'vanishes' if found == 1 else 'vanish'}{capped}.",
        found == wanted,
    )


def _lost(formula: sp.Expr, proof: Proof) -> None:
    first = sp.Matrix([ENTRIES[:2]])
    inputs = sp.Matrix.vstack(first, -z_1 * first)
    proof.equal(
        (sp.Matrix([[z_1, 1]]) * (inputs * sp.Matrix(VALUES)))[0],
        sp.Integer(0),
        r"two inputs with $z_1 x_1 + x_2 = 0$ and any vector $v$, a row of $V$ or $M x_i$: the "
        r"combination that cancels the inputs cancels their products with $v$; the same for any "
        r"number of them",
        r"z_1 x_1^\top v + x_2^\top v",
    )
    proof.equal(
        (n - rank) * n + rank * (n - rank),
        formula,
        r"inputs of rank $k$ have $n - k$ such combinations; each cancels all $n$ columns of "
        r"$S = X M X^\top$. That leaves $k$ rows free, and each of the $n - k$ cancels them as "
        r"well. Nothing more: if the first $k$ inputs are independent, their scores with one "
        r"another can be any $k^2$ numbers, claim score_matrix.exact",
    )
    proof.equal(
        sp.Integer(9 - sp.kronecker_product(DEPENDENT, DEPENDENT).rank()),
        formula.subs({n: 3, rank: 2}),
        r"the same by elimination in whole numbers for $x_1 = (1, 0)$, $x_2 = (0, 1)$ and "
        r"$x_3 = (1, 1)$",
        r"9 - \dim\{X M X^\top\}",
    )


def _lost_directly(value: float, n: float, rank: float) -> Direct:
    import numpy as np

    size = min(int(n), 12)
    k = min(int(rank), size)
    random = np.random.default_rng(0)
    inputs = random.standard_normal((size, k)) @ random.standard_normal((k, k))
    found = size**2 - int(np.linalg.matrix_rank(np.kron(inputs, inputs)))
    same = (size, k) == (n, rank)
    return Direct(
        f"For {size} random inputs of rank {k}, the scores of all matrices span "
        f"{size**2 - found} of {size**2} dimensions.",
        found == (value if same else lost(size, k)),
    )


CLAIMS = (
    Claim(
        key="fredholm.conditions",
        question="2e.2",
        title="When no value matrix gives the outputs wanted, a combination of them shows it",
        statement=r"Either some $V$ gives position $i$ the output $o_i$, for all $m$ positions, or "
        r"there is $y$ with $y^\top W = 0$ and $y^\top O \ne 0$, never both. Where each position "
        r"attends to one source, and $r$ sources are attended to, such $y$ come from a space of "
        r"dimension ${law}$: every two positions with one source must want one output.",
        assumptions=(
            r"row $i$ of $W$ holds the weights with which position $i$ attends to the inputs, row "
            r"$i$ of $O$ the output wanted there; attention is in its limit, with no leak",
            r"the inputs $x_j$ are linearly independent, so the values $V x_j$ can be anything",
        ),
        law=conditions,
        derive=_conditions,
        twin=positions - sources + 1,
        changed="one more",
        example={"positions": 4, "sources": 3},
        source="Fredholm's alternative in finite dimension",
        variables=dict.fromkeys((*COEFFICIENTS, *ENTRIES, *VALUES), ANY),
        direct=_conditions_directly,
    ),
    Claim(
        key="fredholm.dependence",
        question="2e.2",
        title="Dependent inputs tie their scores and their values",
        statement=r"If $\sum_j z_j x_j = 0$, then $\sum_j z_j s_{ji} = 0$ for every position $i$ "
        r"and $\sum_j z_j V x_j = 0$, whatever $K$, $Q$ and $V$ are. For $n$ inputs of rank $k$ "
        r"that is ${law}$ independent conditions on the scores; an input that is the mean of two "
        r"others, for example, is never attended to more than both of them.",
        assumptions=(
            r"the scores are $s_{ji} = x_j^\top M x_i$ with $M = K^\top Q$: the matrix "
            r"$S = X M X^\top$",
        ),
        law=lost,
        derive=_lost,
        twin=n**2 - n * rank,
        changed="$nk$ in place of $k^2$",
        example={"n": 4, "rank": 3},
        source="rank of a Kronecker product",
        variables=dict.fromkeys((z_1, *ENTRIES, *VALUES), ANY),
        direct=_lost_directly,
    ),
)
