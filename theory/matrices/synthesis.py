"""Key, query and value matrices for any wanted attention, from the inputs and the outputs wanted.

Position i is to attend to a source, or to a set T of sources with weights w, and to give the output
o_i. The values solve V Σ_j w_j x_j = o_i; the scores put the set above every other source by a
margin Δ, so that its weights are (1 − λ) w_j with a leak λ of order e^(−Δ).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from reports.record import InputError
from theory.matrices import fredholm, set_attention, targets
from theory.matrices.least_norm import LARGEST, least_norm
from theory.matrices.low_rank import least_rank, low_rank
from theory.matrices.score_matrix import factors
from theory.proof.assumptions import array, at_least, require, within

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

    Row: TypeAlias = Sequence[Any] | np.ndarray

ACCURACY = 1e-6  # relative: what rounding may take off the margin, or add to the least norm


@dataclass(frozen=True)
class Synthesis:
    """Matrices for the attention that was asked for: keys K x_j, queries Q x_i, values V x_j.

    key, query: r × d, as few rows as M has rank, so M = KᵀQ is the sum of the outer products of
    their rows; value: p × d, the sum of outer products of `wanted` (m × p) and `duals` (m × d);
    score_matrix: M; margin: the least margin over all positions; error_bound: no output that was
    asked for is further off; duality_gap: how far, relatively, ‖M‖² may be above the least one
    (None if a low rank was asked for instead)
    """

    key: Float[np.ndarray, "r d"]
    query: Float[np.ndarray, "r d"]
    value: Float[np.ndarray, "p d"]
    score_matrix: Float[np.ndarray, "d d"]
    wanted: Float[np.ndarray, "m p"]
    duals: Float[np.ndarray, "m d"]
    margin: float
    error_bound: float
    duality_gap: float | None

    def attend(self, inputs: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n p"]:
        """The outputs of softmax attention, a row a position, with no 1/√d."""
        import numpy as np
        from scipy.special import softmax

        rows = np.asarray(inputs, dtype=float)
        scores = (rows @ self.query.T) @ (rows @ self.key.T).T
        outputs: np.ndarray = softmax(scores, axis=1) @ (rows @ self.value.T)
        return outputs


def synthesise(
    inputs: Sequence[Row] | Float[np.ndarray, "n d"],
    attended: Sequence[targets.Target],
    outputs: Sequence[Row | None],
    error: float = 1e-3,
    rank: int | None = None,
    margin: float | None = None,
) -> Synthesis:
    """K, Q and V with which each position attends, and gives its output, as wanted.

    inputs: n linearly independent rows; attended: for each position a source, a mapping from
    sources to weights, or None; outputs: for each position the output wanted, or None.
    error: how far an output may be off, in the Euclidean norm; the least margin that ensures it is
    taken, or the `margin` that is given in its place.
    rank: the most rows that K and Q may have; by default M = KᵀQ has the least Frobenius norm.
    Dependent inputs are refused although some wishes could be met with them: not all can.
    Source: dual basis; least-norm programme of `least_norm`; circle of `low_rank`.
    Raises: InputError naming all that is wrong; if inputs are dependent or outputs contradict one
    another, a fredholm.RefusalError, with `certificates` in fractions where the numbers are exact.

    >>> inputs = [[1, 0, 0], [1, 1, 0], [0, 0, 2]]
    >>> found = synthesise(inputs, [1, {0: 0.5, 2: 0.5}, None], [[1, 0], [0, 4], None], error=0.01)
    >>> found.key.shape, found.error_bound <= 0.01 + 1e-9
    ((1, 3), True)
    >>> found.attend(inputs)[:2].round(2) + 0.0
    array([[1.  , 0.01],
           [0.  , 4.  ]])
    >>> synthesise(inputs, [1, 1, None], [[1, 0], [0, 4], None])
    Traceback (most recent call last):
    theory.matrices.fredholm.RefusalError: no V gives these outputs: c[0] − c[1] = 0 whatever V \
is, but the outputs wanted give [1, -4]
    """
    import numpy as np

    _require(inputs, attended, outputs, error, rank, margin)
    rows, sets = np.array([[float(v) for v in row] for row in inputs]), targets.sets(attended)
    weights, wanted = _equations(sets, outputs, len(rows))
    duals = np.linalg.pinv(np.array(weights, dtype=float) @ rows, rcond=fredholm.TOLERANCE).T
    value = np.array(wanted, dtype=float).T @ duals
    distances = _distances(rows @ value.T, sets, outputs)
    sizes = {i: len(sets[i]) for i in distances}
    if margin is None:
        margin = max(_least_margin(error, len(rows), sizes[i], D) for i, D in distances.items())
    matrix, duality_gap = _score_matrix(rows, attended, margin, rank)
    key, query = factors(matrix)
    reached = targets.margins((rows @ key.T) @ (rows @ query.T).T, sets)
    least = min(reached.values())
    if least < margin - ACCURACY * (1 + margin) or (duality_gap or 0) > ACCURACY:
        raise InputError(
            f"the inputs are too close to dependent for floating point: their condition number is "
            f"{np.linalg.cond(rows):.3g}"
        )
    bounds = [_error(reached[i], len(rows), sizes[i], D) for i, D in distances.items()]
    return Synthesis(
        key, query, value, matrix, np.array(wanted, dtype=float), duals, least, max(bounds),
        duality_gap,
    )  # fmt: skip


def _require(
    inputs: Any, attended: Any, outputs: Any, error: float, rank: int | None, margin: float | None
) -> None:
    """Raise one error that names all that is wrong, with the certificates of what is impossible."""
    shapeless = array("inputs", inputs, "n", "d")
    certificates = [] if shapeless else [fredholm.dependence(inputs)]
    targetless = shapeless or targets.violation(attended, len(inputs))
    problems = [targetless, within("error", error, 0, math.inf)]
    if margin is not None:
        problems.append(at_least("margin", margin, 0))
    if not targetless:
        sets = targets.sets(attended)
        outputless = _output_problem(attended, outputs)
        problems += [outputless, _rank_problem(sets, len(inputs), rank)]
        if not outputless:
            positions = [i for i in sets if outputs[i] is not None]
            equations = _equations(sets, outputs, len(inputs))
            certificates.append(fredholm.contradiction(*equations, positions))
    found = [certificate for certificate in certificates if certificate]
    if found:
        words = [*map(str, found), *filter(None, problems)]
        raise fredholm.RefusalError("; ".join(words), found)
    require(*problems)


def _output_problem(attended: Sequence[targets.Target], outputs: Any) -> str | None:
    if not hasattr(outputs, "__len__") or len(outputs) != len(attended):
        return f"outputs must hold an entry for each of the {len(attended)} positions"
    wanted = {i: o for i, o in enumerate(outputs) if o is not None}
    width = next((len(o) for o in wanted.values() if hasattr(o, "__len__")), 1)
    problems = [array(f"outputs[{i}]", o, width) for i, o in wanted.items()]
    problems += [
        f"outputs[{i}] is wanted of a position that has no target"
        for i in wanted
        if attended[i] is None
    ]
    if not wanted:
        problems.append("at least one output must be wanted")
    return "; ".join(filter(None, problems)) or None


def _rank_problem(sets: targets.Sets, n: int, rank: int | None) -> str | None:
    if n > LARGEST:
        needed = least_rank(sets)
        if rank is None:
            return f"more than {LARGEST} inputs need a rank, of at least {needed} for such targets"
    else:
        needed = min(least_rank(sets), len(sets))
    if rank is None or rank >= needed:
        return None
    return f"rank must be at least {needed} for such targets, got {rank}"


def _equations(
    sets: targets.Sets, outputs: Sequence[Row | None], n: int
) -> tuple[list[list[Any]], list[list[Any]]]:
    """Rows of weights and, beside them, of the outputs wanted."""
    pairs = [(sets[i], output) for i in sets if (output := outputs[i]) is not None]
    return [[row.get(j, 0) for j in range(n)] for row, _ in pairs], [list(o) for _, o in pairs]


def _distances(
    values: Float[np.ndarray, "n p"], sets: targets.Sets, outputs: Sequence[Row | None]
) -> dict[int, float]:
    """For each output wanted: how far from it the values that do not belong to its set lie."""
    import numpy as np

    found = {}
    for i, weights in sets.items():
        if (output := outputs[i]) is not None:
            others = np.delete(values, list(weights), axis=0) - np.array(output, dtype=float)
            found[i] = float(np.max(np.linalg.norm(others, axis=1), initial=0.0))
    return found


def _least_margin(wanted: float, n: int, size: int, diameter: float) -> float:
    """The margin of claim set_attention.margin; 0 where any does."""
    if size == n or diameter <= wanted:
        return 0.0
    return max(0.0, set_attention.margin(wanted, n, size, diameter))


def _error(reached: float, n: int, size: int, diameter: float) -> float:
    return 0.0 if size == n else set_attention.error(reached, n, size, diameter)


def _score_matrix(
    rows: Float[np.ndarray, "n d"],
    attended: Sequence[targets.Target],
    margin: float,
    rank: int | None,
) -> tuple[Float[np.ndarray, "d d"], float | None]:
    """Of least norm, which has rank at most the number of positions that attend, or of low rank."""
    attending = sum(target is not None for target in attended)
    if len(rows) <= LARGEST and (rank is None or rank >= attending):
        found = least_norm(rows, attended, margin)
        return found.matrix, found.duality_gap
    return low_rank(rows, attended, margin), None
