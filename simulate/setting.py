"""The numbers of questions 2c and 2d in one place: noise, gain and size of the random keys."""

from __future__ import annotations

from dataclasses import dataclass

from simulate.keys import A, B, RandomKeys, Scores

RADIAL = 0.5
"""Variance of k_a along μ_a besides α in questions 2c.2 and 2d.2."""


@dataclass(frozen=True)
class Setting:
    """n random keys about the first unit vectors of R^d, under queries of gain beta.

    alpha, radial: Σ_a = αI + radial·μ_aμ_aᵀ, and Σ_i = αI for all other keys; d: n where None
    """

    alpha: float
    beta: float
    n: int
    radial: float = 0.0
    d: int | None = None

    def keys(self) -> RandomKeys:
        """The keys of a trial, means and covariances."""
        return RandomKeys.of(self.n, self.alpha, self.radial, self.d)

    def one_head(self) -> Scores:
        """Under q = β(μ_a + μ_b)."""
        keys = self.keys()
        return Scores(keys, self.beta * (keys.means[[A]] + keys.means[[B]]))

    def two_heads(self) -> Scores:
        """Under q_1 = βμ_a and q_2 = βμ_b."""
        keys = self.keys()
        return Scores(keys, self.beta * keys.means[[A, B]])

    def first_head(self) -> Scores:
        """Under q_1 = βμ_a alone."""
        keys = self.keys()
        return Scores(keys, self.beta * keys.means[[A]])

    @property
    def name(self) -> str:
        """What the noise of k_a is like, as in the keys of experiments."""
        return "isotropic" if self.radial == 0 else "radial"

    def part(self, question: str) -> str:
        """The part of question 2c or 2d with this noise: the second has radial noise."""
        return f"{question}.{1 if self.radial == 0 else 2}"

    @property
    def parameters(self) -> dict[str, float]:
        """As a record holds them."""
        found = {"alpha": self.alpha, "beta": self.beta, "radial": self.radial, "n": self.n}
        return found if self.d is None else found | {"d": self.d}
