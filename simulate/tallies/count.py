"""How often an event happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simulate.arrays import namespace
from simulate.tallies.tally import Tally

if TYPE_CHECKING:
    from jaxtyping import Bool, Float


@dataclass(frozen=True)
class Count(Tally):
    """hits: the trials in which the event happened."""

    hits: int

    @classmethod
    def of(cls, values: Float[np.ndarray, " trials"]) -> Count:
        """Tally of the indicator of an event: 1 where it happened, 0 where not.

        A value that is neither does not say whether it happened: such a trial is invalid.
        """
        xp = namespace(values)
        hits = int(xp.count_nonzero(values == 1))
        trials = hits + int(xp.count_nonzero(values == 0))
        return cls(trials, len(values) - trials, hits)

    def __add__(self, other: Count) -> Count:
        return Count(
            self.trials + other.trials, self.invalid + other.invalid, self.hits + other.hits
        )


def indicator(
    happened: Bool[np.ndarray, " trials"], given: Float[np.ndarray, " trials"]
) -> Float[np.ndarray, " trials"]:
    """1 where the event happened, 0 where not, NaN where `given`, which decides it, is no number.

    A comparison with NaN is false: without this a trial that failed would count as one.
    """
    xp: Any = namespace(given)
    found: Float[np.ndarray, " trials"] = xp.where(xp.isfinite(given), happened, xp.nan)
    return found
