"""Which position attends to which: one source, or a set of sources with weights.

The targets of n positions are a sequence of length n. Its entry i is the position j that i is to
attend to, a mapping {j: weight} with positive weights that sum to 1, or None where position i is
left free.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from theory.proof.assumptions import ROUNDING, short

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

Weight: TypeAlias = int | float | Fraction
Target: TypeAlias = int | Mapping[int, Weight] | None
Sets: TypeAlias = dict[int, dict[int, Weight]]


def violation(targets: Sequence[Target], n: int) -> str | None:
    """What is wrong with the targets of n positions, all of it in one line.

    >>> violation([1, {0: 0.5, 2: 0.6}, None], 2)
    'there must be 2 targets, got 3; targets[1] names no position 2; targets[1] must have \
positive weights that sum to 1, got 0.5, 0.6'
    """
    if not isinstance(targets, Sequence):
        return f"targets must be a sequence, got {short(targets)}"
    problems = [f"there must be {n} targets, got {len(targets)}"] if len(targets) != n else []
    for i, target in enumerate(targets):
        problems += _problems(f"targets[{i}]", target, n)
    if not problems and all(target is None for target in targets):
        problems.append("at least one position must have a target")
    return "; ".join(problems) or None


def sets(targets: Sequence[Target]) -> Sets:
    """For each position that attends: its sources and their weights.

    >>> sets([1, None, {0: 0.5, 1: 0.5}])
    {0: {1: 1}, 2: {0: 0.5, 1: 0.5}}
    """
    return {
        i: dict(target) if isinstance(target, Mapping) else {int(target): 1}
        for i, target in enumerate(targets)
        if target is not None
    }


def margins(
    scores: Float[np.ndarray, "n n"], attended: Mapping[int, Mapping[int, Weight]]
) -> dict[int, float]:
    """By how much each set lies above every other score: infinite where the set is everything.

    The score s_j of a source stands for the level s_j − log w_j, so that one level in a whole set
    gives exactly its weights; of unequal levels the lowest counts. scores[j, i] = k_jᵀq_i.

    >>> import numpy as np
    >>> margins(np.array([[3.0, 0.0], [1.0, 0.0]]), {0: {0: 1}, 1: {0: 0.5, 1: 0.5}})
    {0: 2.0, 1: inf}
    """
    import math

    found = {}
    for i, weights in attended.items():
        level = min(float(scores[j, i]) - math.log(w) for j, w in weights.items())
        outside = [float(scores[j, i]) for j in range(len(scores)) if j not in weights]
        found[i] = level - max(outside, default=-math.inf)
    return found


def _problems(name: str, target: Target, n: int) -> list[str]:
    if target is None:
        return []
    if not isinstance(target, Mapping | Hashable):
        return [f"{name} must be a position or weights of positions, got {short(target)}"]
    weights: Mapping[int, Weight] = target if isinstance(target, Mapping) else {target: 1}
    wrong = [j for j in weights if not _is_position(j, n)]
    problems = [f"{name} names no position {j!r:.20}" for j in wrong]
    values = [w for w in weights.values() if isinstance(w, int | float | Fraction)]
    if len(values) < len(weights):
        return [*problems, f"{name} must have weights that are numbers"]
    if not (all(w > 0 for w in values) and abs(float(sum(values)) - 1) < ROUNDING):
        shown = ", ".join(str(w) for w in values) or "none"
        problems.append(f"{name} must have positive weights that sum to 1, got {shown}")
    return problems


def _is_position(j: object, n: int) -> bool:
    import numbers

    return isinstance(j, numbers.Integral) and not isinstance(j, bool) and 0 <= int(j) < n
