"""The greatest value met."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulate.arrays import namespace
from simulate.tallies.tally import Tally, finite

if TYPE_CHECKING:
    from jaxtyping import Float


@dataclass(frozen=True)
class Greatest(Tally):
    """value: the greatest; minus infinity before the first."""

    value: float

    @classmethod
    def of(cls, values: Float[np.ndarray, " trials"]) -> Greatest:
        valid, invalid = finite(values)
        value = float(namespace(valid).amax(valid)) if len(valid) else -math.inf
        return cls(len(valid), invalid, value)

    def __add__(self, other: Greatest) -> Greatest:
        return Greatest(
            self.trials + other.trials,
            self.invalid + other.invalid,
            max(self.value, other.value),
        )
