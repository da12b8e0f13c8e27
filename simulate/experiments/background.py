"""Question 2c: the weight that one head leaves on the keys other than a and b."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from simulate.attention import largest, weights
from simulate.experiment import Experiment, exactly, number
from simulate.keys import A, B, one_head
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
        _mean(alpha),
        _tail(40 * alpha),
        *(_outranked(large, n) for n in (FEW, N)),
        *_bounds(large),
        _rate(large),
    ]


def _experiment(
    name: str, title: str, law: str, statistic: Statistic, check: Check, claim: str = "",
    **parameters: float,
) -> Experiment:  # fmt: skip
    """An experiment on the weights under q = β(μ_a + μ_b) of keys with these parameters."""
    alpha, beta, n, radial = (parameters[p] for p in ("alpha", "beta", "n", "radial"))
    scores = one_head(int(n), alpha, beta, radial)
    return Experiment(
        key=f"single_head.{name}",
        claim=f"single_head.{claim or name}",
        question="2c.1" if radial == 0 else "2c.2",
        title=title,
        law=law,
        parameters=parameters,
        on_keys=True,
        measure=lambda draw: statistic(weights(draw.scores(scores)[0])),
        check=check,
    )


def _rest(shares: Float[np.ndarray, "n trials"]) -> Float[np.ndarray, " trials"]:
    return shares[B + 1 :].sum(axis=0)


def _loses(shares: Float[np.ndarray, "n trials"]) -> Float[np.ndarray, " trials"]:
    """1 where neither a nor b has the largest weight."""
    return indicator(~(largest(shares, A) | largest(shares, B)), shares.sum(axis=0))


def _mean(alpha: float) -> Experiment:
    beta = 4.0
    return _experiment(
        "background",
        "the mean weight on neither $v_a$ nor $v_b$ stays below its bound",
        "background.mean_bound",
        _rest,
        Mean(
            lambda: (0.0, number("background.mean_bound", alpha, beta, N)), width=1.0, reach=0.25
        ),
        alpha=alpha, beta=beta, n=N, radial=0.0,
    )  # fmt: skip


def _tail(alpha: float) -> Experiment:
    """At a gain at which the bound on the mean says nothing."""
    beta = 60.0

    def exceeds(shares: Float[np.ndarray, "n trials"]) -> Float[np.ndarray, " trials"]:
        rest = _rest(shares)
        return indicator(rest > TOLERANCE, rest)

    return _experiment(
        "background_tail",
        "how often more than ε is on neither $v_a$ nor $v_b$ stays below its bound",
        "background.tail_bound",
        exceeds,
        Mean(
            lambda: (0.0, number("background.tail_bound", TOLERANCE, alpha, beta, FEW)),
            width=1.0,
            reach=0.05,
        ),
        alpha=alpha, beta=beta, n=FEW, radial=0.0, epsilon=TOLERANCE,
    )  # fmt: skip


def _outranked(alpha: float, n: int) -> Experiment:
    return _experiment(
        f"outranked.n{n}",
        "how often neither $k_a$ nor $k_b$ has the largest score",
        "outranked.outranked",
        _loses,
        Probability(exactly("outranked.outranked", alpha, n, 0.0)),
        claim="outranked",
        alpha=alpha, beta=30.0, n=n, radial=0.0,
    )  # fmt: skip


def _bounds(alpha: float) -> list[Experiment]:
    """Each of the two bounds, with the other, where it is near the truth."""

    def between(name: str, n: int, radial: float) -> Experiment:
        return _experiment(
            name,
            "how often another key outranks $k_a$ and $k_b$ lies between its bounds",
            f"outranked.{name.removeprefix('outranked_')}",
            _loses,
            Probability(
                lambda: (
                    number("outranked.below", alpha, radial),
                    number("outranked.above", alpha, n, radial),
                )
            ),
            alpha=alpha, beta=30.0, n=n, radial=radial,
        )  # fmt: skip

    return [between("outranked_above", FEW, 0.0), between("outranked_below", 3, 0.5)]


def _rate(alpha: float) -> Experiment:
    beta = 100.0
    return _experiment(
        "background_rate",
        "the weight on neither $v_a$ nor $v_b$ is as near to all or nothing as its bound says",
        "outranked.rate",
        lambda shares: abs(_rest(shares) - _loses(shares)),
        Mean(
            lambda: (0.0, number("outranked.rate", alpha, beta, N, 0.0)), width=1.0, reach=0.05
        ),
        alpha=alpha, beta=beta, n=N, radial=0.0,
    )  # fmt: skip
