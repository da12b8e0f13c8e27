"""The law of the place of an output c between v_b and v_a in questions 2c and 2d.

The place is x = W_a - W_b, with W the output's weights: for orthonormal values the coordinate of c
along v_a - v_b, 1 at v_a, 0 at the average and -1 at v_b.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from simulate.experiment import number
from simulate.setting import Setting
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float

STEPS = 2**12
SMALLEST, LARGEST = 1e-300, 1 - 2**-53
"""The weights nearest to 0 and 1 at which laws are evaluated."""


def of_bins(
    heads: int, setting: Setting, edges: Float[np.ndarray, " bins+1"]
) -> tuple[bool, Float[np.ndarray, " bins"]]:
    """Probabilities of the bins between `edges`, from -1 to 1, for the output of 1 or 2 heads.

    Returns also whether they are exact: for two heads and more than two keys the law is known as
    the gain grows without end.
    """
    if heads == 2 and setting.n > 2:
        found = limit(setting)
        places, masses = np.array(list(found)), np.array(list(found.values()))
        return False, np.histogram(places, edges, weights=masses)[0]
    if heads == 2:
        inner = np.mean(two_heads(setting, edges[1:-1]), axis=0)
    else:
        inner = one_head(setting, edges[1:-1])
    return True, np.diff(inner, prepend=0, append=1)


def one_head(setting: Setting, x: Float[np.ndarray, " x"]) -> Float[np.ndarray, " x"]:
    """P(2s - 1 ≤ x) at -1 < x < 1 for the share s of v_a against v_b; with two keys it is W_a."""
    arguments = setting.alpha, setting.beta, setting.radial
    return law("single_head.split_cdf")((1 + x) / 2, *arguments)


def two_heads(
    setting: Setting, x: Float[np.ndarray, " x"]
) -> tuple[Float[np.ndarray, " x"], Float[np.ndarray, " x"]]:
    """Lower and upper bound on P(w_1 - w_2 ≤ x) at -1 < x < 1, for two keys.

    It is the mean of F_1(x + w_2) over the law of w_2. w_1 is head 1's weight on v_a and w_2 head
    2's on v_b: independent, and w_2 does not meet the radial noise. The law of w_2 is cut into
    STEPS steps, at whose ends the increasing F_1 is evaluated.
    """
    alpha, beta = setting.alpha, setting.beta
    cdf = law("multi_head.head_cdf")
    deviation = beta * (2 * alpha) ** 0.5
    points = special.expit(beta + deviation * np.linspace(-9, 9, STEPS))
    points = np.unique(np.clip(points, SMALLEST, LARGEST))
    mass = np.diff(cdf(points, alpha, beta, 0.0), prepend=0, append=1)
    ends = np.concatenate([[0.0], points, [1.0]])
    shifted = x[:, None] + ends
    below = cdf(np.clip(shifted, SMALLEST, LARGEST), alpha, beta, setting.radial)
    below = np.where(shifted <= 0, 0.0, np.where(shifted >= 1, 1.0, below))
    return below[:, :-1] @ mass, below[:, 1:] @ mass


def limit(setting: Setting) -> dict[float, float]:
    """Places of the output of two heads and their probabilities as the gain grows without end.

    Each head copies one value; those that it should not copy are all alike.
    """
    others = setting.n - 1
    missed = number("missing.miss", setting.alpha, setting.n, setting.radial)
    astray = number("missing.miss", setting.alpha, setting.n, 0.0)
    first = {1: 1 - missed, -1: missed / others, 0: missed * (others - 1) / others}
    second = {-1: 1 - astray, 1: astray / others, 0: astray * (others - 1) / others}
    found: dict[float, float] = {}
    for i, p in first.items():
        for j, q in second.items():
            found[(i + j) / 2] = found.get((i + j) / 2, 0.0) + p * q
    return found
