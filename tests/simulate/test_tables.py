"""Tables of the figures: their samples agree with their laws, and would not with wrong ones.

Seeds are fixed. Over a random seed the tests that compare samples with laws would fail with
probability below 1e-3 together.
"""

from __future__ import annotations

import csv
import dataclasses
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import integrate, special, stats

from reports import record
from simulate import output_law
from simulate.catalogue import catalogue
from simulate.experiment import false_alarm_share
from simulate.experiments import multi_head
from simulate.keys import RandomKeys, Scores
from simulate.runner import run as run_experiments
from simulate.samplers import SAMPLERS, Draw
from simulate.setting import Setting
from simulate.statistics.kolmogorov_smirnov import dkw
from simulate.streams import Block
from simulate.tables import TABLES, phases, positions, sweeps, write
from simulate.tables.table import Run
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float

ALPHA = 1e-3
TRIALS = 20_000
COLUMNS = {
    "leak": "n,beta,measured_max,measured_mean,bound",
    "positions": "setting,heads,n,alpha,beta,left,right,count,trials,law,law_probability",
    "phases": "heads,setting,n,epsilon,alpha,beta,near,trials,leak,law",
    "miss": "alpha,n,beta,misses,trials,lower,upper,law,negative_score",
    "excluded": "alpha,n,condition,trials,misses,variance",
    "sweeps": "panel,series,x,alpha,beta,n,measured,lower,upper,risk,trials,law_is,law",
}
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def run() -> Run:
    """A run of the experiments that a table is taken from."""
    keys = [multi_head.miss_key(a, n) for a in multi_head.noises(ALPHA) for n in multi_head.SIZES]
    experiments = catalogue(ALPHA)
    chosen = [e for e in experiments if e.key in keys]
    sampler = SAMPLERS["reduced"]
    results = run_experiments(chosen, false_alarm_share(experiments), sampler, TRIALS)
    return Run({r.experiment.key: r for r in results}, ALPHA, 0, sampler)


@pytest.fixture(scope="module")
def written(run: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rows]:
    """All tables as they are read back from the files."""
    path = tmp_path_factory.mktemp("tables") / "simulate.json"
    figures = write(run.results, run.alpha, run.seed, run.sampler, path)
    assert all(record.sha256(path.with_name(f.file)) == f.sha256 for f in figures)
    return {f.key: read(path.with_name(f.file)) for f in figures}


def read(path: Path) -> Rows:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def values(rows: Rows, column: str) -> Float[np.ndarray, " rows"]:
    return np.array([float(row[column]) for row in rows])


def groups(rows: Rows, *columns: str) -> dict[tuple[str, ...], Rows]:
    found: dict[tuple[str, ...], Rows] = defaultdict(list)
    for row in rows:
        found[tuple(row[c] for c in columns)].append(row)
    return found


@pytest.mark.parametrize("key", COLUMNS)
def test_a_table_has_its_columns_and_no_gap(written: dict[str, Rows], key: str) -> None:
    assert ",".join(written[key][0]) == COLUMNS[key]
    assert all(None not in row.values() and "" not in row.values() for row in written[key])


def test_another_seed_gives_another_sample(run: Run) -> None:
    for key in ("leak", "excluded"):
        one, same, other = (
            list(TABLES[key](dataclasses.replace(run, seed=seed))[1]) for seed in (0, 0, 1)
        )
        assert one == same
        assert one != other


# ------------------------------------------------------------------------------- positions


def off(bins: Rows, probabilities: Float[np.ndarray, " bins"]) -> bool:
    """Whether a histogram contradicts a law, with a false alarm of 1e-6 at most."""
    n = int(bins[0]["trials"])
    gap = np.cumsum(values(bins, "count") / n - probabilities)
    return bool(np.abs(gap).max() > dkw(n, 1e-6))


def test_histograms_hold_every_sample_and_the_whole_law(written: dict[str, Rows]) -> None:
    series = groups(written["positions"], "setting", "heads", "n", "beta")
    assert len(series) == 12
    for bins in series.values():
        assert values(bins, "count").sum() == int(bins[0]["trials"]) >= 1_000_000
        assert values(bins, "law_probability").sum() == pytest.approx(1)
        if bins[0]["law"] == "exact":
            assert not off(bins, values(bins, "law_probability"))


def test_a_histogram_contradicts_the_law_of_another_panel(written: dict[str, Rows]) -> None:
    exact = [
        bins
        for bins in groups(written["positions"], "setting", "heads", "n", "beta").values()
        if bins[0]["law"] == "exact"
    ]
    for bins in exact:
        others = [b for b in exact if b is not bins]
        assert all(off(bins, values(b, "law_probability")) for b in others)


def test_the_coin_has_two_peaks_and_two_heads_one(written: dict[str, Rows]) -> None:
    series = groups(written["positions"], "setting", "heads", "n", "beta")
    coin = values(series["radial", "1", "2", "30.0"], "count")
    assert set(np.argsort(coin)[-2:]) == {0, len(coin) - 1}
    assert coin[len(coin) // 2] < 0.01 * coin.max()
    for n in ("2", "16"):
        heads = values(series["radial", "2", n, "30.0"], "count")
        assert np.argmax(heads) == len(heads) // 2
        assert heads.max() > 0.8 * heads.sum()
        assert heads[len(heads) // 2 + 1 :].sum() < 1e-3 * heads.sum()


def test_the_law_of_the_bins_is_the_convolution() -> None:
    """Head 1's weight w_1 on v_a less head 2's on v_b, by adaptive quadrature over the second."""
    alpha, beta = 0.05, 4.0
    panel = positions.PANELS[2]
    exact, bins = output_law.of_bins(panel.heads, panel.at(alpha, beta), positions.EDGES)
    deviations = beta * np.sqrt([panel.radial + 2 * alpha, 2 * alpha])

    def below(x: float) -> float:
        def integrand(z: float) -> float:
            w = x + special.expit(beta + deviations[1] * z)
            if not 0 < w < 1:
                return float((w >= 1) * stats.norm.pdf(z))
            first = stats.norm.cdf((special.logit(w) - beta) / deviations[0])
            return float(first * stats.norm.pdf(z))

        kink = special.logit(np.clip(-x if x < 0 else 1 - x, 1e-12, 1 - 1e-12))
        points = [float(np.clip((kink - beta) / deviations[1], -8, 8))]
        return float(integrate.quad(integrand, -9, 9, points=points, limit=400)[0])

    assert exact
    for i in (3, 15, 20, 24):
        expected = below(float(positions.EDGES[i + 1]))
        assert bins[: i + 1].sum() == pytest.approx(expected, abs=1e-5)


def test_the_law_of_the_bins_is_that_of_a_huge_gain() -> None:
    alpha, n, trials = 0.1, 4, 200_000
    panel = positions.Panel("radial", 2, n, 0.5)
    scores = SAMPLERS["full"](Block(0, "limit", 0), trials, panel.scores(alpha))
    copied = np.argmax(scores, axis=1)
    x = ((copied == 0).mean(axis=0) - (copied == 1).mean(axis=0)).astype(float)
    exact, expected = output_law.of_bins(2, panel.at(alpha, 1.0), positions.EDGES)
    counts = np.histogram(x, positions.EDGES)[0]
    seen = expected > 0
    assert not exact
    assert counts[~seen].sum() == 0
    assert stats.chisquare(counts[seen], trials * expected[seen]).pvalue > 1e-6


# ---------------------------------------------------------------------------------- phases


@pytest.mark.parametrize("heads", [1, 2])
def test_nearness_is_that_of_whole_vectors(run: Run, heads: int) -> None:
    """Values drawn at random orientation, outputs formed one by one."""
    alpha, place = 0.02, 12
    beta, n, trials = float(phases.GAINS[place]), phases.N, 500
    found = dataclasses.replace(run, sampler=first_of(trials, run))
    near = phases._near(found, "test", heads, alpha, 0.5)
    (draw,) = run.draws("test", 1, phases.TRIALS)
    setting = Setting(alpha, beta, n, 0.5)
    law_of_scores = setting.one_head() if heads == 1 else setting.two_heads()
    scores = draw.scores(law_of_scores)[:, :, :trials]
    values = stats.ortho_group.rvs(n + 3, random_state=1)[:n]
    average, distance = (values[0] + values[1]) / 2, np.linalg.norm(values[0] - values[1])
    count = 0
    for trial in range(trials):
        outputs = [special.softmax(scores[h, :, trial]) @ values for h in range(heads)]
        error = np.linalg.norm(np.mean(outputs, axis=0) - average)
        count += error <= phases.TOLERANCE * distance
    assert near[place] == count
    assert 0 < count < trials


def first_of(trials: int, run: Run) -> Any:
    """The sampler of a run, cut to the first trials of a block."""
    return lambda block, wanted, scores: run.sampler(block, wanted, scores)[:, :, :trials]


@pytest.mark.parametrize("heads", [1, 2])
def test_the_leak_is_the_error_without_noise(heads: int) -> None:
    n, place = phases.N, 5
    beta = float(phases.GAINS[place])
    queries = [np.eye(n)[0] + np.eye(n)[1]] if heads == 1 else [np.eye(n)[0], np.eye(n)[1]]
    output = np.mean([special.softmax(beta * q) for q in queries], axis=0)
    output[:2] -= 0.5
    expected = np.linalg.norm(output) / np.sqrt(2)
    assert phases._errors(heads)[place] == pytest.approx(expected)


def test_the_boundary_is_where_the_largest_noise_is_allowed() -> None:
    """Half of the splits are within ε of one half at the noise that theory allows for that."""
    place = 10
    quantile = float(special.ndtri(0.75))
    beta = float(phases.GAINS[place])
    alpha = law("allowed_noise.largest")(phases.TOLERANCE, quantile, beta)
    assert phases._law(1, alpha, 0.0)[place] == pytest.approx(0.5)


def test_the_maps_agree_with_the_boundaries(written: dict[str, Rows]) -> None:
    """Well inside them nearly all samples are near the average, well outside hardly any."""
    for (heads, setting), points in groups(written["phases"], "heads", "setting").items():
        near = values(points, "near") / values(points, "trials")
        leak, expected = values(points, "leak"), values(points, "law")
        inside = (leak < phases.TOLERANCE / 4) & (expected > 0.99)
        outside = (leak > 2 * phases.TOLERANCE) | (expected < 0.05)
        assert inside.any() == (setting == "isotropic")
        assert outside.any()
        assert np.all(near[inside] > 0.95)
        assert np.all(near[outside] < 0.1), (heads, setting)


# ---------------------------------------------------------------------------------- sweeps


def test_laws_lie_in_their_intervals_and_bounds_above(written: dict[str, Rows]) -> None:
    """Each interval misses with probability 1e-6 at most."""
    for row in written["sweeps"]:
        measured, low, high, expected = (
            float(row[c]) for c in ("measured", "lower", "upper", "law")
        )
        assert low <= measured <= high
        assert low <= expected
        assert expected <= high or row["law_is"] == "bound"


def test_the_law_of_the_next_point_lies_outside(written: dict[str, Rows]) -> None:
    told_apart = {
        ("beta", "one"): 6,
        ("n", "radial"): 7,
        ("n", "isotropic"): 7,
        ("h", "distance"): 6,
    }
    series = groups(written["sweeps"], "panel", "series")
    for key, least in told_apart.items():
        low, high, expected = (values(series[key], c) for c in ("lower", "upper", "law"))
        wrong = (expected[1:] < low[:-1]) | (expected[1:] > high[:-1])
        assert np.count_nonzero(wrong) >= least, key


def test_the_dimension_is_swept_with_whole_keys(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reduced sampler never sees the dimension: here it is not to be called at all."""
    drawn = []

    def full(block: Block, trials: int, scores: Scores) -> Float[np.ndarray, "heads n trials"]:
        drawn.append(scores.keys.means.shape[1])
        return SAMPLERS["full"](block, trials, scores)

    monkeypatch.setattr(sweeps, "PANELS", {"d": sweeps.PANELS["d"]})
    monkeypatch.setattr(sweeps, "SAMPLERS", {"full": full})
    _, rows = sweeps.table(dataclasses.replace(run, sampler=None))  # type: ignore[arg-type]
    assert sorted(set(drawn)) == [2, 8, 32, 128, 512]
    assert len({row[-1] for row in rows}) == 2


def test_gains_whose_law_is_unknown_are_left_out() -> None:
    points = {alpha: list(sweeps.PANELS["beta"](alpha)) for alpha in (ALPHA, 1.0)}
    assert [p.beta for p in points[1.0]] == [p.beta for p in points[ALPHA]][: len(points[1.0])]
    assert 0 < len(points[1.0]) < len(points[ALPHA]) == 9


def test_a_share_of_the_heads_is_so_many_heads() -> None:
    """Three of eight heads ask for v_a: all eight formed, on the same whole keys."""
    alpha, asking, n = 0.1, 3, 16
    draw = Draw(Block(0, "heads", 0, 2_000), SAMPLERS["full"])
    found = sweeps._mixture(asking / sweeps.HEADS, alpha).measure(draw)
    keys = RandomKeys.of(n, alpha, 0.5)
    queries = np.repeat(keys.means[[0, 1]], [asking, sweeps.HEADS - asking], axis=0)
    outputs = [
        (np.argmax(twin.scores(Scores(keys, queries)), axis=1) == 0).mean(axis=0)
        for twin in draw.twins()
    ]
    assert np.array_equal(found["variance"], (outputs[0] - outputs[1]) ** 2 / 2)
    assert np.array_equal(found["distance"], (outputs[0] - 0.5) ** 2)


# ---------------------------------------------------------------------------- older tables


def test_without_negative_scores_the_variance_falls(written: dict[str, Rows]) -> None:
    rows = {(r["alpha"], r["condition"]): r for r in written["excluded"]}
    assert int(rows["0.001", "kept"]["trials"]) < int(rows["0.001", "all"]["trials"])
    assert float(rows["0.001", "kept"]["variance"]) < 0.3 * float(rows["0.001", "all"]["variance"])


def test_leak_stays_below_its_bound(written: dict[str, Rows]) -> None:
    rows = written["leak"]
    assert np.all(values(rows, "measured_mean") <= values(rows, "measured_max"))
    assert np.all(values(rows, "measured_max") < values(rows, "bound"))


def test_misses_are_those_of_the_experiments(run: Run, written: dict[str, Rows]) -> None:
    for row in written["miss"]:
        result = run.results[multi_head.miss_key(float(row["alpha"]), int(row["n"]))]
        assert int(row["misses"]) / int(row["trials"]) == result.judgement.observed
        assert float(row["lower"]) <= float(row["law"]) <= float(row["upper"])
        assert float(row["negative_score"]) < float(row["law"])
