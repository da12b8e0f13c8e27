"""What every tally has: the number of trials with a value, of those without, and addition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simulate.arrays import namespace

if TYPE_CHECKING:
    from jaxtyping import Float


@dataclass(frozen=True)
class Tally:
    """trials: those with a finite value; invalid: the others."""

    trials: int
    invalid: int

    def __add__(self, other: Any) -> Any:
        """The tally of this block followed by the other; both of one kind."""
        raise NotImplementedError


def finite(values: Float[np.ndarray, " trials"]) -> tuple[Float[np.ndarray, " valid"], int]:
    """The finite values in float64, and how many of the others there are."""
    xp = namespace(values)
    numbers = xp.asarray(values, dtype=xp.float64)
    valid = xp.isfinite(numbers)
    if valid.all():
        return numbers, 0
    return numbers[valid], int(xp.count_nonzero(~valid))
