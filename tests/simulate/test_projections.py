"""Planted mistakes in random projections, and the samplers against loops and scipy.

Runs with a mistake have the default number of trials; all spend what one check of the whole
catalogue may. A test of a sampler by itself rejects a right one with probability FALSE_ALARM, over
its seed.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from scipy import stats

import theory
from simulate import experiment
from simulate.attention import weights
from simulate.ensembles import projections
from simulate.experiment import DEFAULT_TRIALS, Experiment
from simulate.experiments import chi_squared, johnson_lindenstrauss, linformer, linformer_proofs
from simulate.samplers import Draw, reduced
from simulate.statistics import Mean, Probability
from simulate.streams import SIZE, Block
from tests.simulate.verdicts import contradicted, verdicts
from theory.proof.claim import Claim

MODULES = (chi_squared, johnson_lindenstrauss, linformer, linformer_proofs)
EXPERIMENTS = {e.key: e for module in MODULES for e in module.experiments(1e-3)}
FALSE_ALARM = 1e-9

Matrices = Callable[[np.random.Generator, int, int, int], np.ndarray]


def test_the_laws_hold() -> None:
    found = verdicts(EXPERIMENTS.values(), trials=DEFAULT_TRIALS // 4)
    assert set(found.values()) == {"consistent"}


# ------------------------------------------------------------------ mistakes in the matrices


def _variance_for_deviation(rng: np.random.Generator, k: int, n: int, trials: int) -> np.ndarray:
    return rng.standard_normal((k, n, trials)) / k


def _scaled_by_columns(rng: np.random.Generator, k: int, n: int, trials: int) -> np.ndarray:
    return rng.standard_normal((k, n, trials)) / np.sqrt(n)


def _uniform(rng: np.random.Generator, k: int, n: int, trials: int) -> np.ndarray:
    return rng.uniform(-math.sqrt(3 / k), math.sqrt(3 / k), (k, n, trials))


def _signs(rng: np.random.Generator, k: int, n: int, trials: int) -> np.ndarray:
    return rng.choice([-1.0, 1.0], (k, n, trials)) / np.sqrt(k)


def _one_row_for_all(rng: np.random.Generator, k: int, n: int, trials: int) -> np.ndarray:
    return np.repeat(rng.standard_normal((1, n, trials)), k, axis=0) / np.sqrt(k)


def _one_matrix_for_all_trials(rng: np.random.Generator, k: int, n: int, trials: int) -> np.ndarray:
    return np.repeat(rng.standard_normal((k, n, 1)), trials, axis=2) / np.sqrt(k)


WRONG_MATRICES: dict[str, tuple[Matrices, set[str]]] = {
    "variance for deviation": (
        _variance_for_deviation,
        {
            "chi_squared.length", "johnson_lindenstrauss.variance",
            "johnson_lindenstrauss.failure", "linformer.entry", "linformer.printed.orthogonal",
            "linformer.zero_query",
        },
    ),
    "scaled by columns for rows": (
        _scaled_by_columns, {"chi_squared.length", "linformer.entry", "linformer.zero_query"}
    ),
    "uniform numbers of the same variance": (
        _uniform, {"chi_squared.length", "linformer.printed.orthogonal"}
    ),
    "signs of the same variance": (_signs, {"chi_squared.length", "johnson_lindenstrauss.failure"}),
    "one row for all": (
        _one_row_for_all, {"johnson_lindenstrauss.variance", "linformer.entry"}
    ),
    "one matrix for all trials": (
        _one_matrix_for_all_trials, {"johnson_lindenstrauss.failure", "linformer.zero_query"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_MATRICES)
def test_wrong_matrices_are_found(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    wrong, expected = WRONG_MATRICES[name]
    for module in MODULES:
        monkeypatch.setattr(module, "projections", wrong, raising=False)
    assert contradicted(EXPERIMENTS[key] for key in sorted(expected)) == expected


BY_FACTORS = {
    "johnson_lindenstrauss.failure_of_many_rows", "johnson_lindenstrauss.inner_product",
    "linformer.rows", "linformer.printed",
}  # fmt: skip


def test_factors_that_are_too_small_or_too_large_are_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By a fifth: too small ones leave bounds alone, and are found by the exact laws."""

    def scaled(by: float) -> None:
        def wrong(rng: np.random.Generator, k: int, n: int, trials: int) -> np.ndarray:
            return by * projections.factors(rng, k, n, trials)

        for module in MODULES:
            monkeypatch.setattr(module, "factors", wrong, raising=False)

    scaled(1.2)
    assert contradicted(EXPERIMENTS[key] for key in sorted(BY_FACTORS)) == BY_FACTORS
    scaled(0.9)
    exact = {"johnson_lindenstrauss.failure_of_many_rows", "linformer.printed"}
    assert contradicted(EXPERIMENTS[key] for key in sorted(exact)) == exact


# ----------------------------------------------------------------- mistakes in what is measured


def _flipped(e: Experiment) -> Experiment:
    return dataclasses.replace(e, measure=lambda draw: 1 - np.asarray(e.measure(draw)))


def test_flipped_inequalities_are_found() -> None:
    """Every event for its opposite: few trials do."""
    flipped = [
        _flipped(e)
        for key, e in EXPERIMENTS.items()
        if isinstance(e.check, Probability | Mean) and key != "johnson_lindenstrauss.variance"
    ]
    assert len(flipped) == 10
    assert contradicted(flipped, trials=SIZE) == {e.key for e in flipped}


def test_an_error_relative_to_the_inner_product_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The printed step of the paper, put to its own promise: it fails more often."""
    e = EXPERIMENTS["linformer.printed"]
    epsilon, k = e.parameters["epsilon"], e.parameters["k"]
    promised = 2 * math.exp(-(epsilon**2 - epsilon**3) * k / 4)
    assert 0.1 < promised < 0.2
    by_paper = dataclasses.replace(e, check=Mean(lambda: (0.0, promised), width=1.0))
    assert contradicted([by_paper]) == {e.key}


def test_a_pair_that_ignores_the_cosine_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(johnson_lindenstrauss, "pair", lambda cosine: (np.eye(2)[0], np.eye(2)[1]))
    keys = ("johnson_lindenstrauss.variance", "johnson_lindenstrauss.failure_of_many_rows")
    assert contradicted(EXPERIMENTS[key] for key in keys) == set(keys)


def test_pooling_by_sums_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Block sums of the scores, whose softmax is much sharper, for block means."""

    def sharper(scores: np.ndarray) -> np.ndarray:
        pooled = len(scores) == linformer.BLOCKS
        return weights(linformer.BLOCK * scores if pooled else scores)

    monkeypatch.setattr(linformer, "weights", sharper)
    assert contradicted([EXPERIMENTS["linformer.pooling"]]) == {"linformer.pooling"}


def test_attention_without_its_sum_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights that are not divided by their sum make the output for a zero query too large."""
    monkeypatch.setattr(linformer_proofs, "weights", np.exp)
    assert contradicted([EXPERIMENTS["linformer.zero_query"]]) == {"linformer.zero_query"}


def test_rows_that_are_not_orthogonal_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """For these another pair may have more, and the named pair's bound is not attained."""
    monkeypatch.setattr(linformer_proofs, "_with_orthogonal_rows", lambda matrices: matrices)
    keys = ("linformer.orthogonal", "linformer.orthogonal_rows")
    found = verdicts(EXPERIMENTS[key] for key in keys)
    assert found == dict(zip(keys, ("inconclusive", "contradicted"), strict=True))


# ------------------------------------------------------------------------------ false twins


def _claim(key: str) -> Claim:
    (claim,) = theory.find(key)
    assert isinstance(claim, Claim)
    return claim


@pytest.mark.parametrize(
    ("key", "module"),
    [
        ("chi_squared.upper_tail", chi_squared),
        ("johnson_lindenstrauss.variance", johnson_lindenstrauss),
        ("johnson_lindenstrauss.inner_product", johnson_lindenstrauss),
        ("johnson_lindenstrauss.dimension", johnson_lindenstrauss),
        ("linformer.printed.orthogonal", linformer_proofs),
        ("linformer.orthogonal", linformer_proofs),
        ("linformer.zero_query", linformer_proofs),
    ],
)
def test_false_twins_are_contradicted(
    monkeypatch: pytest.MonkeyPatch, key: str, module: ModuleType
) -> None:
    """The claim's own false twin in place of its law: the sample tells them apart."""
    claim = _claim(EXPERIMENTS[key].claim)
    twin = dataclasses.replace(claim.law, expression=claim.twin)

    def other(name: str) -> Any:
        found = theory.law(name)
        return twin if found is claim.law else found

    monkeypatch.setattr(module, "law", other, raising=False)
    monkeypatch.setattr(experiment, "law", other)
    (spoilt,) = [e for e in module.experiments(1e-3) if e.key == key]
    assert contradicted([spoilt]) == {key}


# -------------------------------------------------------------------- samplers by themselves


def test_projections_by_loops() -> None:
    matrices = projections.projections(np.random.default_rng(0), 2, 3, 5)
    vectors = np.random.default_rng(1).standard_normal((3, 5))
    expected = [[matrices[i, :, t] @ vectors[:, t] for t in range(5)] for i in range(2)]
    assert np.allclose(projections.project(matrices, vectors), expected)


def _lengths(matrices: np.ndarray, x: np.ndarray) -> np.ndarray:
    found: np.ndarray = (np.einsum("knt,n->kt", matrices, x) ** 2).sum(axis=0)
    return found


def test_factors_give_the_lengths_of_scipys_law_and_wrong_degrees_of_freedom_do_not() -> None:
    """χ² with k degrees for every entry of the diagonal is the typical mistake."""
    k, n, trials = 4, 3, 100_000
    x = np.array([1.0, -2.0, 2.0]) / 3
    factors = projections.factors(np.random.default_rng(3), k, n, trials)
    law = stats.chi2(k).cdf
    assert stats.kstest(k * _lengths(factors, x), law).pvalue > FALSE_ALARM
    rng = np.random.default_rng(4)
    factors[range(n), range(n)] = np.sqrt(rng.chisquare(k, (n, trials)) / k)
    assert stats.kstest(k * _lengths(factors, x), law).pvalue < FALSE_ALARM


def test_factors_and_matrices_have_one_law() -> None:
    """Of (Rx)ᵀRy for two generic vectors, by a two-sample test with 100,000 trials each."""
    k, n, trials = 5, 3, 100_000
    x, y = np.array([1.0, 2.0, 0.5]), np.array([0.3, -1.0, 1.0])
    one, other = (
        johnson_lindenstrauss.products(sampler(np.random.default_rng(seed), k, n, trials), x, y)
        for seed, sampler in enumerate((projections.projections, projections.factors))
    )
    assert stats.ks_2samp(one, other).pvalue > FALSE_ALARM


def test_factors_need_as_many_rows_as_columns() -> None:
    with pytest.raises(ValueError, match="k must be at least n, got k = 2 and n = 3"):
        projections.factors(np.random.default_rng(0), 2, 3, 1)


def _first_values(key: str, trials: int) -> np.ndarray:
    e = EXPERIMENTS[key]
    return np.asarray(e.measure(Draw(Block(0, key, 0), reduced)))[:trials]


def test_all_rows_by_loops() -> None:
    """The same stream read by a second program, trial by trial: the events agree."""
    e = EXPERIMENTS["linformer.rows"]
    epsilon, n, d, k = (e.parameters[p] for p in ("epsilon", "n", "d", "k"))
    n, d, k, trials = int(n), int(d), int(k), Block(0, e.key, 0).size
    rng = Block(0, e.key, 0).generator()
    scores = linformer.GAIN * rng.standard_normal((n, n, trials))
    values = rng.standard_normal((n, d, trials))
    factors = projections.factors(rng, k, n, trials)
    failed = []
    for t in range(500):
        attention = np.exp(scores[:, :, t]) / np.exp(scores[:, :, t]).sum(axis=1, keepdims=True)
        columns = values[:, :, t].copy()
        columns[:, 0] = attention[0]
        gram = factors[:, :, t].T @ factors[:, :, t]
        change = attention @ gram @ columns - attention @ columns
        scale = np.outer(np.linalg.norm(attention, axis=1), np.linalg.norm(columns, axis=0))
        failed.append(bool(np.any(np.abs(change) > epsilon * scale)))
    assert _first_values(e.key, 500).tolist() == failed


def test_a_zero_query_is_attended_by_theorys_linformer() -> None:
    from theory.linformer import attend

    e = EXPERIMENTS["linformer.zero_query"]
    k, n, eta = int(e.parameters["k"]), int(e.parameters["n"]), e.parameters["eta"]
    block = Block(0, e.key, 0)
    matrices = projections.projections(block.generator(), k, n, block.size)
    keys = np.linspace(-1, 1, n)[:, None]
    held = []
    for t in range(200):
        R = matrices[:, :, t]
        output = attend(np.zeros((1, 1)), keys, np.ones((n, 1)), eta * R, math.exp(-eta) * R)
        held.append(bool(abs(output[0, 0] - 1) <= e.parameters["epsilon"]))
    assert _first_values(e.key, 200).tolist() == held
    assert 0 < sum(held) < 200
