"""Assumptions as data: what a construction takes for granted, for the reader and as a test.

`require` runs all tests that apply and reports everything that is violated in one error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports.record import InputError

if TYPE_CHECKING:
    import numpy as np

ROUNDING = 1e-9  # relative to the largest entry: what floating point may do to orthonormal keys


@dataclass(frozen=True)
class Assumption:
    """LaTeX prose for the reader, and what is wrong with given inputs (None: nothing)."""

    text: str
    violation: Callable[..., str | None]

    def __str__(self) -> str:
        return self.text


def require(*problems: str | None) -> None:
    """Raise InputError naming every problem, in one line, if there is any."""
    found = [problem for problem in problems if problem]
    if found:
        raise InputError("; ".join(found))


def array(name: str, value: Any, *shape: int | str) -> str | None:
    """What is wrong with an array of this shape; words stand for sizes that are free.

    >>> import numpy as np
    >>> array("keys", np.zeros(3), "n", "d")
    'keys must be an array of shape (n, d), got shape (3,)'
    """
    import numpy as np

    try:
        found = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return f"{name} must be an array of numbers, got {value!r:.60}"
    wanted = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
    fits = len(found.shape) == len(shape) and all(
        isinstance(size, str) or size == actual
        for size, actual in zip(shape, found.shape, strict=True)
    )
    if not fits:
        return f"{name} must be an array of shape ({wanted}), got shape {found.shape}"
    if not np.all(np.isfinite(found)):
        return f"{name} must be finite, got {found[~np.isfinite(found)][0]}"
    return None


def rows(name: str, value: np.ndarray, least: int) -> str | None:
    """Whether a matrix has at least so many rows; no complaint about what is no matrix.

    >>> import numpy as np
    >>> rows("keys", np.zeros((1, 4)), 2)
    'keys must have at least 2 rows, got 1'
    """
    import numpy as np

    if np.ndim(value) != 2 or len(value) >= least:
        return None
    return f"{name} must have at least {least} rows, got {len(value)}"


def orthonormal(name: str, value: np.ndarray) -> str | None:
    """Whether the rows of a matrix are orthonormal; the first pair that is not is named.

    >>> import numpy as np
    >>> orthonormal("keys", np.array([[1.0, 0.0], [0.6, 0.8]]))
    'keys must be orthonormal, got keys[0]ᵀkeys[1] = 0.6'
    """
    import numpy as np

    if array(name, value, "n", "d"):
        return None
    vectors = np.asarray(value)
    gram = vectors @ vectors.T
    wrong = np.argwhere(np.abs(gram - np.eye(len(gram))) > ROUNDING)
    if not len(wrong):
        return None
    i, j = wrong[0]
    return f"{name} must be orthonormal, got {name}[{i}]ᵀ{name}[{j}] = {gram[i, j]:.6g}"


def within(name: str, value: float, lower: float, upper: float) -> str | None:
    """Whether a number lies strictly between two ends.

    >>> within("epsilon", 2, 0, 1)
    'epsilon must be a number strictly between 0 and 1, got 2'
    """
    if lower < value < upper:
        return None
    return f"{name} must be a number strictly between {lower:g} and {upper:g}, got {value:g}"
