"""Whatever is given in place of arrays, numbers and positions, one line says all that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from reports.record import InputError
from theory import averaging, bigbird, linformer
from theory.features.orthogonal_frames import orthogonal_directions
from theory.graphs import attention_graph as graphs
from theory.keys import averaging_queries, gram, shortest_average
from theory.matrices import least_norm, low_rank, synthesis
from theory.noise import allowed_noise, logistic_normal, near_average, safe_queries, score_law
from theory.projections import johnson_lindenstrauss

UNITS = np.eye(4)
NOISE = 0.01 * np.array([np.eye(4)] * 4)
GRAPH = graphs.attention_graph(8, 1, 1, 1, seed=0)
RIGHT: tuple[tuple[Callable[..., Any], tuple[Any, ...]], ...] = (
    (gram.query, (UNITS, np.arange(4.0))),
    (averaging.query, (UNITS, [0, 1], np.array([0.5, 0.5]), 3.0)),
    (averaging.subset_scores, (np.array([0.5, 0.5]), 3.0)),
    (averaging_queries.averages, (UNITS, np.arange(4.0), 0, 1, 0.1, 0.1)),
    (shortest_average.query, (UNITS, 0, 1, 0.1, 0.1)),
    (score_law.score_law, (UNITS, NOISE, UNITS)),
    (score_law.logit_law, (UNITS, NOISE, 2.0)),
    (logistic_normal.moments, (0.0, 1.0)),
    (allowed_noise.largest_noise, (0.1, 0.1, 2.0)),
    (near_average.gain_and_noise, (0.1, 0.1, 16, 0.125)),
    (safe_queries.best_query, (UNITS, 0.1, 0.5)),
    (safe_queries.blind_query, (UNITS, 2.0)),
    (synthesis.synthesise, (UNITS, [1, 0, None, 2], [[1.0], [2.0], None, [3.0]])),
    (least_norm.least_norm, (UNITS, [1, 0, None, 2], 3.0)),
    (low_rank.low_rank, (UNITS, [1, 0, None, 2], 3.0)),
    (linformer.attend, (UNITS, UNITS, UNITS, UNITS[:2], UNITS[:2])),
    (linformer.block_means, (2, 4)),
    (johnson_lindenstrauss.projection, (2, 4, 0)),
    (orthogonal_directions, (4, 4, 0)),
    (graphs.attention_graph, (8, 1, 1, 1, 0)),
    (graphs.layers_between, (GRAPH, 0, 3)),
    (graphs.de_bruijn, (8, 2)),
    (bigbird.furthest, (UNITS, 3.0)),
)
WRONG: tuple[Any, ...] = (
    None, "x", float("nan"), 1j, {}, [[1, 2], [3]], [1, "a"], [{}, [], set()], np.zeros((0, 4)),
    np.array(["a", "b"]), 1j * UNITS, np.full((4, 4), np.nan), [[None] * 4] * 4,
)  # fmt: skip


@pytest.mark.parametrize(("function", "right"), RIGHT)
def test_nothing_but_one_line_answers_what_is_no_input(
    function: Callable[..., Any], right: tuple[Any, ...]
) -> None:
    for place, _ in enumerate(right):
        for wrong in WRONG:
            with pytest.raises(InputError) as raised:
                function(*right[:place], wrong, *right[place + 1 :])
            assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("function", "right"), RIGHT)
def test_lists_do_as_well_as_arrays(function: Callable[..., Any], right: tuple[Any, ...]) -> None:
    if right[0] is GRAPH:
        return
    listed = [part.tolist() if isinstance(part, np.ndarray) else part for part in right]
    assert repr(function(*listed)) == repr(function(*right))


def test_all_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(InputError) as raised:
        averaging.query(np.eye(2), [0, 0.5], "x", float("nan"))  # type: ignore[list-item, arg-type]
    assert str(raised.value) == (
        "subset must be different integers from 0 to 1, got [0, 0.5]; weights must be an array of "
        "numbers, got 'x'; beta must be finite, got nan"
    )


def test_tokens_that_a_graph_lacks_are_refused() -> None:
    with pytest.raises(InputError, match="other must be an integer of at least 0 and at most 7"):
        graphs.layers_between(GRAPH, 0, 8)
