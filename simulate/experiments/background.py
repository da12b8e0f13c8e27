"""Question 2c: the weight that one head leaves on the keys other than a and b."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simulate.attention import largest, weights
from simulate.experiment import Experiment, at_most, exactly, number
from simulate.keys import A, B
from simulate.setting import Setting
from simulate.statistics import Check, Mean, Probability
from simulate.tallies import indicator

if TYPE_CHECKING:
    from jaxtyping import Float

    Statistic = Callable[[Float[np.ndarray, "n trials"]], Float[np.ndarray, " trials"]]

N = 16
FEW = 4
TOLERANCE = 0.1


def experiments(alpha: float) -> list[Experiment]:
    """Its mean, its tail, and what becomes of it at a large gain if the noise stays."""
    large = 100 * alpha
    return [
        mean(Setting(alpha, 4.0, N)),
        _mean_at_a_large_gain(Setting(20 * alpha, 16.0, N)),
        tail(Setting(40 * alpha, 60.0, FEW)),
        *(outranked(Setting(large, 30.0, n)) for n in (FEW, N)),
        outranked_bounds(Setting(large, 30.0, FEW), "above"),
        outranked_bounds(Setting(large, 30.0, 3, radial=0.5), "below"),
        rate(Setting(large, 100.0, N)),
    ]


def _experiment(
    name: str, title: str, law: str, statistic: Statistic, check: Check[Any], setting: Setting,
    claim: str = "", **more: float,
) -> Experiment:  # fmt: skip
    """An experiment on the weights under q = β(μ_a + μ_b). more: parameters besides the setting."""
    scores = setting.one_head()
    return Experiment(
        key=f"single_head.{name}",
        claim=f"single_head.{claim or name}",
        question=setting.part("2c"),
        title=title,
        law=law,
        parameters=setting.parameters | more,
        on_keys=True,
        measure=lambda draw: statistic(weights(draw.scores(scores)[0])),
        check=check,
    )


def _rest(shares: Float[np.ndarray, "n trials"]) -> Float[np.ndarray, " trials"]:
    return shares[B + 1 :].sum(axis=0)


def _loses(shares: Float[np.ndarray, "n trials"]) -> Float[np.ndarray, " trials"]:
    """1 where neither a nor b has the largest weight."""
    return indicator(~(largest(shares, A) | largest(shares, B)), shares.sum(axis=0))


def mean(setting: Setting, reach: float = 0.25) -> Experiment:
    """E[1 - α_a - α_b] against its bound."""
    alpha, beta, n = setting.alpha, setting.beta, setting.n
    return _experiment(
        "background",
        "the mean weight on neither $v_a$ nor $v_b$ stays below its bound",
        "background.mean_bound",
        _rest,
        Mean(
            at_most("background.mean_bound", alpha, beta, n), width=1.0, reach=reach
        ),
        setting,
    )  # fmt: skip


def _mean_at_a_large_gain(setting: Setting) -> Experiment:
    """Where the noise decides, not the gain: far below the bound, but above its false twin."""
    return replace(mean(setting, reach=0.005), key="single_head.background.large_gain")


def tail(setting: Setting) -> Experiment:
    """P(1 - α_a - α_b > ε) against its bound, also where that on the mean says nothing."""
    alpha, beta, n = setting.alpha, setting.beta, setting.n

    def exceeds(shares: Float[np.ndarray, "n trials"]) -> Float[np.ndarray, " trials"]:
        rest = _rest(shares)
        return indicator(rest > TOLERANCE, rest)

    return _experiment(
        "background_tail",
        "how often more than ε is on neither $v_a$ nor $v_b$ stays below its bound",
        "background.tail_bound",
        exceeds,
        Mean(
            at_most("background.tail_bound", TOLERANCE, alpha, beta, n),
            width=1.0,
            reach=0.05,
        ),
        setting,
        epsilon=TOLERANCE,
    )


def outranked(setting: Setting) -> Experiment:
    """P(neither k_a nor k_b has the largest score) exactly."""
    alpha, n, radial = setting.alpha, setting.n, setting.radial
    return _experiment(
        f"outranked.n{n}",
        "how often neither $k_a$ nor $k_b$ has the largest score",
        "outranked.outranked",
        _loses,
        Probability(exactly("outranked.outranked", alpha, n, radial)),
        setting,
        claim="outranked",
    )


def outranked_bounds(setting: Setting, side: str) -> Experiment:
    """The same against both bounds; side: 'above' or 'below', which of the two is in question."""
    alpha, n, radial = setting.alpha, setting.n, setting.radial
    return _experiment(
        f"outranked_{side}",
        "how often another key outranks $k_a$ and $k_b$ lies between its bounds",
        f"outranked.{side}",
        _loses,
        Probability(
            lambda: (
                number("outranked.below", alpha, radial),
                number("outranked.above", alpha, n, radial),
            )
        ),
        setting,
    )


def rate(setting: Setting) -> Experiment:
    """The mean of |1 - α_a - α_b - L|, with L = 1 where neither k_a nor k_b wins, else 0."""
    alpha, beta, n, radial = setting.alpha, setting.beta, setting.n, setting.radial
    return _experiment(
        "background_rate",
        "the weight on neither $v_a$ nor $v_b$ is as near to all or nothing as its bound says",
        "outranked.rate",
        lambda shares: abs(_rest(shares) - _loses(shares)),
        Mean(
            at_most("outranked.rate", alpha, beta, n, radial), width=1.0, reach=0.05
        ),
        setting,
    )  # fmt: skip
