"""Assumptions as data: what a construction takes for granted, for the reader and as a test.

`require` runs all tests that apply and reports everything that is violated in one error.
"""

from __future__ import annotations

import math
import numbers
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
    """What is wrong with an array of this shape; words stand for any size from 1 on.

    >>> import numpy as np
    >>> array("keys", np.zeros(3), "n", "d")
    'keys must be an array of shape (n, d), got shape (3,)'
    """
    import numpy as np

    try:
        given = np.asarray(value)
        found = given.astype(float if given.dtype.kind in "biufO" else "no number")
    except (OverflowError, TypeError, ValueError):
        return f"{name} must be an array of numbers, got {short(value)}"
    wanted = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
    fits = len(found.shape) == len(shape) and all(
        actual > 0 if isinstance(size, str) else size == actual
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
    found = shape_of(value)
    if len(found) != 2 or found[0] >= least:
        return None
    return f"{name} must have at least {least} rows, got {found[0]}"


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape of an array, and none for what is no array, such as rows of unequal lengths.

    >>> shape_of([[1, 2], [3, 4], [5, 6]]), shape_of([[1, 2], [3]])
    ((3, 2), ())
    """
    import numpy as np

    try:
        return np.shape(value)
    except ValueError:
        return ()


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
    found = real(value)
    if found is not None and lower < found < upper:
        return None
    ends = f"above {lower:g}" if upper == math.inf else f"strictly between {lower:g} and {upper:g}"
    kind = "a finite number" if lower == -math.inf else f"a number {ends}"
    return f"{name} must be {kind}, got {short(value)}"


def at_least(name: str, value: float, lower: float) -> str | None:
    """Whether a number is finite and no less than an end.

    >>> at_least("margin", -1.0, 0)
    'margin must be a number of at least 0, got -1'
    """
    found = real(value)
    if found is not None and lower <= found < math.inf:
        return None
    return f"{name} must be a number of at least {lower:g}, got {short(value)}"


def whole(name: str, value: int, least: int, most: float = math.inf) -> str | None:
    """Whether a value is a whole number between two ends, both included.

    >>> whole("window", 2.5, 0), whole("seed", 3, 0)
    ('window must be an integer of at least 0, got 2.5', None)
    """
    counts = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if counts and least <= value <= most:
        return None
    end = "" if math.isinf(most) else f" and at most {most}"
    return f"{name} must be an integer of at least {least}{end}, got {short(value)}"


def real(value: Any) -> float | None:
    """A real number as a float; None for anything else, and for what no float can hold.

    >>> real(2), real("2"), real(10**400)
    (2.0, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def short(value: Any) -> str:
    """Any value in at most sixty characters of one line.

    >>> short(1e-3), short("a b"), short([1, 2])
    ('0.001', "'a b'", '[1, 2]')
    """
    found = real(value)
    return f"{' '.join(repr(value).split()):.60}" if found is None else f"{found:g}"
