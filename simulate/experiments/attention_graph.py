"""Question 3g.2: BigBird's graphs with their random keys drawn, their pairs and their reach."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from simulate.ensembles.attention_graphs import attends, layers_to_all, pairs, with_random_keys
from simulate.experiment import Experiment, number
from simulate.samplers import Draw
from simulate.statistics import Bound, Check, Identity
from theory.graphs.attention_graph import attention_graph

if TYPE_CHECKING:
    from jaxtyping import Float, UInt64

    Rows = UInt64[np.ndarray, "n trials"]
    Statistic = Callable[[Rows], Float[np.ndarray, " trials"]]

ATTAINED = 1 - 1e-9


def experiments(alpha: float) -> list[Experiment]:
    """What holds for every graph that is drawn; noise of variance `alpha` plays no part."""
    return [_edges(), _walks(), _layers()]


def _experiment(
    name: str, title: str, statistic: Statistic, check: Check[Any],
    n: int, window: int, global_tokens: int, random_keys: int,
) -> Experiment:  # fmt: skip
    """An experiment on graphs whose certain pairs are theory's and whose random keys are drawn."""

    def measure(draw: Draw) -> Float[np.ndarray, " trials"]:
        certain = attention_graph(n, window, global_tokens, random_keys=0, seed=0)
        return statistic(with_random_keys(draw.generator(), certain, random_keys, draw.trials))

    return Experiment(
        key=name,
        claim=name,
        question="3g.2",
        title=title,
        law=name,
        parameters={
            "n": n, "window": window, "global_tokens": global_tokens, "random_keys": random_keys,
        },
        measure=measure,
        check=check,
    )  # fmt: skip


def _edges() -> Experiment:
    n, window, global_tokens, random_keys = 16, 1, 2, 3

    def surplus(rows: Rows) -> Float[np.ndarray, " trials"]:
        expected = number("attention_graph.edges", n, window, global_tokens, random_keys)
        return np.abs(pairs(rows) - expected) / expected

    return _experiment(
        "attention_graph.edges",
        "every graph has as many pairs of a query and a key as derived",
        surplus,
        Identity(),
        n, window, global_tokens, random_keys,
    )  # fmt: skip


def _walks() -> Experiment:
    """Two ordinary tokens with whole windows that meet: random keys can only add walks."""
    n, window, global_tokens, random_keys, apart = 16, 2, 1, 2, 2
    token = global_tokens + window

    def ratio(rows: Rows) -> Float[np.ndarray, " trials"]:
        through = [attends(rows[token], m) & attends(rows[m], token + apart) for m in range(n)]
        return number("reachability.walks", global_tokens, window, apart) / np.sum(through, axis=0)

    return _experiment(
        "reachability.walks",
        "there are at least as many walks of length two as the window and the global tokens give",
        ratio,
        Bound(reach=ATTAINED),
        n, window, global_tokens, random_keys,
    )  # fmt: skip


def _layers() -> Experiment:
    """Windows overlap, so no graph of this kind is as fast as the fastest of its degree."""
    n, window, random_keys = 16, 1, 1
    degree = 2 * window + 1 + random_keys

    def ratio(rows: Rows) -> Float[np.ndarray, " trials"]:
        return number("reachability.layers", n, degree) / layers_to_all(rows, 0)

    return _experiment(
        "reachability.layers",
        "no output depends on all tokens in fewer layers than its number of keys allows",
        ratio,
        Bound(reach=0.6),
        n, window, 0, random_keys,
    )  # fmt: skip
