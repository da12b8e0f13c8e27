"""The table of errors of random features: samples agree with the laws, and would not with others.

Seeds are fixed; over a random seed the tests that compare samples with laws would fail with
probability 1e-4 at most: 48 intervals, each of which misses with probability 1e-6.
"""

from __future__ import annotations

import math
from typing import Any

import pytest

from simulate.ensembles import features
from simulate.samplers import reduced
from simulate.tables import TABLES, feature_error
from simulate.tables.table import Run

Rows = list[dict[str, Any]]
NAMES = [
    "total", "apart", "kernel", "dimension", "features", "draws", "trials", "measured", "lower",
    "upper", "risk", "law_is", "law",
]  # fmt: skip


def table(seed: int = 0) -> Rows:
    names, rows = TABLES["feature_error"](Run({}, 1e-3, seed, reduced))
    assert list(names) == NAMES
    return [dict(zip(names, row, strict=True)) for row in rows]


@pytest.fixture(scope="module")
def found() -> Rows:
    return table()


def test_every_kind_has_a_row_for_every_number_of_draws(found: Rows) -> None:
    kinds = {(r["apart"], r["features"], r["draws"]) for r in found}
    assert len(found) == len(kinds) == 2 * 4 * len(feature_error.DRAWS)
    for r in found:
        assert r["lower"] <= r["measured"] <= r["upper"]
        assert math.isclose(r["kernel"], math.exp((r["total"] ** 2 - r["apart"] ** 2) / 4))


def test_laws_lie_in_their_intervals_and_no_bound_is_crossed(found: Rows) -> None:
    for r in found:
        assert r["lower"] <= r["law"]
        assert r["law_is"] == "bound" or r["law"] <= r["upper"]


def test_orthogonal_directions_are_seen_to_gain(found: Rows) -> None:
    """With full blocks the whole interval lies below the error of independent directions."""
    for r in found:
        if r["features"] == "orthogonal" and r["draws"] >= r["dimension"]:
            alike = {**r, "features": "positive"}
            (free,) = (o for o in found if all(o[k] == alike[k] for k in NAMES[:6]))
            assert r["upper"] < free["law"]


def test_independent_directions_cross_the_bound_of_orthogonal_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feature_error, "orthogonal", features.independent)
    crossed = {r["draws"] for r in table() if r["lower"] > r["law"]}
    assert crossed == {m for m in feature_error.DRAWS if m >= feature_error.D}


def test_another_seed_gives_another_sample(found: Rows) -> None:
    pairs = zip(found, table(seed=1), strict=True)
    assert all(one["measured"] != other["measured"] for one, other in pairs)
