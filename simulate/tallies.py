"""Mergeable sums: all that is kept of the trials. Memory does not grow with their number.

A tally of one block plus the tally of the next is the tally of both. A trial whose value is not a
finite number is counted as invalid and never as evidence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int


@dataclass(frozen=True)
class Tally:
    """trials: those with a finite value; invalid: the others."""

    trials: int
    invalid: int

    def __add__(self, other: Any) -> Any:
        """The tally of this block followed by the other; both of one kind."""
        raise NotImplementedError


@dataclass(frozen=True)
class Count(Tally):
    """How often an event happened."""

    hits: int

    @classmethod
    def of(cls, values: Float[np.ndarray, " trials"]) -> Count:
        """Tally of the indicator of an event: 1 where it happened, 0 where not."""
        valid, invalid = _split(values)
        return cls(len(valid), invalid, int(np.count_nonzero(valid)))

    def __add__(self, other: Count) -> Count:
        return Count(
            self.trials + other.trials, self.invalid + other.invalid, self.hits + other.hits
        )


@dataclass(frozen=True, eq=False)
class Cumulative(Tally):
    """at_most: how many values are at most each of the fixed edges."""

    at_most: Int[np.ndarray, " edges"]

    @classmethod
    def of(
        cls, values: Float[np.ndarray, " trials"], edges: Float[np.ndarray, " edges"]
    ) -> Cumulative:
        valid, invalid = _split(values)
        return cls(len(valid), invalid, np.searchsorted(np.sort(valid), edges, side="right"))

    def __add__(self, other: Cumulative) -> Cumulative:
        return Cumulative(
            self.trials + other.trials, self.invalid + other.invalid, self.at_most + other.at_most
        )


@dataclass(frozen=True)
class Moments(Tally):
    """mean; squares: sum of squared deviations from the mean (Chan, Golub, LeVeque 1979)."""

    mean: float
    squares: float

    @classmethod
    def none(cls) -> Moments:
        """The tally of no trial."""
        return cls(0, 0, 0.0, 0.0)

    def standard_error(self) -> float:
        """Of the mean, from the sample's variance; NaN for fewer than two trials."""
        if self.trials < 2:
            return math.nan
        return math.sqrt(self.squares / (self.trials - 1) / self.trials)

    @classmethod
    def of(cls, values: Float[np.ndarray, " trials"]) -> Moments:
        valid, invalid = _split(values)
        mean = float(np.mean(valid)) if len(valid) else 0.0
        return cls(len(valid), invalid, mean, float(np.sum((valid - mean) ** 2)))

    def __add__(self, other: Moments) -> Moments:
        trials = self.trials + other.trials
        invalid = self.invalid + other.invalid
        if trials == 0:
            return Moments(0, invalid, 0.0, 0.0)
        shift = other.mean - self.mean
        return Moments(
            trials,
            invalid,
            self.mean + shift * other.trials / trials,
            self.squares + other.squares + shift**2 * self.trials * other.trials / trials,
        )


@dataclass(frozen=True)
class Greatest(Tally):
    """The greatest value met; minus infinity before the first."""

    value: float

    @classmethod
    def of(cls, values: Float[np.ndarray, " trials"]) -> Greatest:
        valid, invalid = _split(values)
        return cls(len(valid), invalid, float(np.max(valid, initial=-np.inf)))

    def __add__(self, other: Greatest) -> Greatest:
        return Greatest(
            self.trials + other.trials,
            self.invalid + other.invalid,
            max(self.value, other.value),
        )


def indicator(
    happened: Bool[np.ndarray, " trials"], given: Float[np.ndarray, " trials"]
) -> Float[np.ndarray, " trials"]:
    """1 where the event happened, 0 where not, NaN where `given`, which decides it, is no number.

    A comparison with NaN is false: without this a trial that failed would count as one.
    """
    return np.where(np.isfinite(given), happened, np.nan)


def _split(values: Float[np.ndarray, " trials"]) -> tuple[Float[np.ndarray, " valid"], int]:
    """The finite values, and how many are not finite."""
    finite = np.isfinite(values)
    if finite.all():
        return values, 0
    return values[finite], int(np.count_nonzero(~finite))
