"""That no smaller rank than 2m serves all sets of m sources, by linear programming."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import optimize


def out_of_reach(keys: np.ndarray, most: int) -> list[tuple[int, ...]]:
    """Sets of at most so many keys that no query gives one score, 1 above all other scores."""
    found = []
    for size in range(1, most + 1):
        for chosen in itertools.combinations(range(len(keys)), size):
            inside, rest = keys[list(chosen)], np.delete(keys, chosen, axis=0)
            program = optimize.linprog(
                np.zeros(keys.shape[1]), A_ub=rest - inside[0], b_ub=-np.ones(len(rest)),
                A_eq=inside - inside[0], b_eq=np.zeros(size), bounds=(None, None),
            )  # fmt: skip
            if program.status == 2:  # infeasible
                found.append(chosen)
    return found


@pytest.mark.parametrize("m", [1, 2, 3])
def test_keys_of_fewer_than_2m_entries_leave_some_set_out_of_reach(m: int) -> None:
    """A theorem (Radon), so true of any keys; these are random, with a fixed seed."""
    source = np.random.default_rng(m)
    for keys in source.standard_normal((5, 2 * m + 1, 2 * m - 1)):
        assert out_of_reach(keys, m)


@pytest.mark.parametrize("m", [1, 2, 3])
def test_harmonics_of_a_circle_with_2m_entries_leave_none(m: int) -> None:
    angles = 2 * np.pi * np.arange(2 * m + 1)[:, None] / (2 * m + 1) * np.arange(1, m + 1)
    assert not out_of_reach(np.hstack([np.cos(angles), np.sin(angles)]), m)
