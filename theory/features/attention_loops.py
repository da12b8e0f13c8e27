"""Question 3h: exact attention and the Performer by naive loops that count their multiply-adds.

The unit is one multiply-add: a product of two numbers, added to a running sum. Exponentials, the
squared lengths of queries and keys, and divisions are not counted. Row sums, by which the output
is divided, are what attention gives for a column of ones among the values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from theory.proof.assumptions import array, require

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

    Outcome = tuple[Float[np.ndarray, "L e"], int]


class Machine:
    """Products of matrices by the naive loop, every multiply-add of which is counted."""

    def __init__(self) -> None:
        self.operations = 0

    def inner(self, left: list[float], right: list[float]) -> float:
        """One multiply-add for each pair of entries."""
        total = 0.0
        for first, second in zip(left, right, strict=True):
            total += first * second
            self.operations += 1
        return total

    def product(self, left: list[list[float]], right: list[list[float]]) -> list[list[float]]:
        """left @ right, entry by entry."""
        columns = [list(column) for column in zip(*right, strict=True)]
        return [[self.inner(row, column) for column in columns] for row in left]


def exact_attention(
    queries: Float[np.ndarray, "L d"],
    keys: Float[np.ndarray, "L d"],
    values: Float[np.ndarray, "L e"],
    causal: bool = False,
) -> Outcome:
    """Rows Σ_j exp(q_iᵀk_j) v_j by loops (over j ≤ i if causal), and their multiply-adds.

    Nothing is divided by row sums: give a column of ones among the values to have them.
    Raises: InputError if an argument is no finite matrix or the sizes do not fit.

    >>> import numpy as np
    >>> exact_attention(np.zeros((2, 1)), np.ones((2, 1)), np.array([[1.0], [2.0]]))
    (array([[3.],
           [3.]]), 8)
    """
    import numpy as np

    _require_fit(queries, keys, values)
    machine = Machine()
    rows = []
    for position, query in enumerate(queries.tolist()):
        seen = position + 1 if causal else len(keys)
        scores = [machine.inner(query, key) for key in keys[:seen].tolist()]
        rows += machine.product([np.exp(scores).tolist()], values[:seen].tolist())
    return np.array(rows), machine.operations


def performer_attention(
    queries: Float[np.ndarray, "L d"],
    keys: Float[np.ndarray, "L d"],
    values: Float[np.ndarray, "L e"],
    directions: Float[np.ndarray, "m d"],
    causal: bool = False,
    paired: bool = False,
) -> Outcome:
    """The same rows with φ(q_i)ᵀφ(k_j) for exp(q_iᵀk_j), by loops, and their multiply-adds.

    φ are positive features, or hyperbolic ones if paired. Causal attention keeps the running sum
    of φ(k_j) v_jᵀ.
    Raises: InputError if an argument is no finite matrix or the sizes do not fit.
    Source: Choromański et al., equation 4 and appendix B.1.

    >>> import numpy as np
    >>> zero, v, omega = np.zeros((2, 1)), np.array([[1.0], [2.0]]), np.ones((3, 1))
    >>> performer_attention(zero, zero, v, omega, causal=True)
    (array([[1.],
           [3.]]), 24)
    """
    import numpy as np

    _require_fit(queries, keys, values, directions)
    machine = Machine()
    mapped = [_mapped(machine, rows, directions, paired) for rows in (queries, keys)]
    if not causal:
        state = machine.product(np.transpose(mapped[1]).tolist(), values.tolist())
        return np.array(machine.product(mapped[0], state)), machine.operations
    state = np.zeros((len(mapped[1][0]), values.shape[1])).tolist()
    rows = []
    for query, key, value in zip(*mapped, values.tolist(), strict=True):
        for number, row in zip(key, state, strict=True):
            for column, entry in enumerate(value):
                row[column] += number * entry
                machine.operations += 1
        rows += machine.product([query], state)
    return np.array(rows), machine.operations


def _mapped(
    machine: Machine,
    rows: Float[np.ndarray, "L d"],
    directions: Float[np.ndarray, "m d"],
    paired: bool,
) -> list[list[float]]:
    """Features of the rows, from inner products ωᵀx that are counted."""
    import numpy as np

    projected = np.array(machine.product(rows.tolist(), directions.T.tolist()))
    halves = np.sum(rows**2, axis=1, keepdims=True) / 2
    if paired:
        projected = np.concatenate([projected, -projected], axis=1)
    mapped: list[list[float]] = (np.exp(projected - halves) / projected.shape[1] ** 0.5).tolist()
    return mapped


def _require_fit(
    queries: np.ndarray, keys: np.ndarray, values: np.ndarray, directions: np.ndarray | None = None
) -> None:
    named = {"queries": queries, "keys": keys, "values": values}
    named |= {} if directions is None else {"directions": directions}
    problems = [array(name, rows, "L", "d") for name, rows in named.items()]
    if not any(problems):
        widths = {name: rows.shape[1] for name, rows in named.items() if name != "values"}
        lengths = {name: len(rows) for name, rows in named.items() if name != "directions"}
        problems = [_alike("width", widths), _alike("number of rows", lengths)]
    require(*problems)


def _alike(what: str, sizes: dict[str, int]) -> str | None:
    if len(set(sizes.values())) == 1 and min(sizes.values()) >= 1:
        return None
    found = ", ".join(f"{name} {size}" for name, size in sizes.items())
    return f"the {what} must be the same and at least 1, got {found}"


def counted(
    size: int, width: int, draws: int = 0, causal: bool = False, paired: bool = False
) -> int:
    """Multiply-adds of the loops on arrays of this size: of exact attention if without draws.

    >>> counted(4, 3), counted(4, 3, draws=2), counted(4, 3, causal=True)
    (96, 96, 60)
    """
    import numpy as np

    rows = np.cos(np.arange(size * width, dtype=float)).reshape(size, width) / width**0.5
    if not draws:
        return exact_attention(rows, rows, rows, causal)[1]
    directions = np.sin(np.arange(draws * width, dtype=float)).reshape(draws, width)
    return performer_attention(rows, rows, rows, directions, causal, paired)[1]
