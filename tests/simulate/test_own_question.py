"""A question of one's own: its laws at the numbers asked, and what cannot be asked.

Over a random seed the experiments of one question contradict a true law with probability 1e-6 at
most; the seeds here are fixed.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from scipy import integrate, special, stats

from reports.record import InputError
from simulate import output_law
from simulate.asked.parameters import NAMES
from simulate.asked.questions import QUESTIONS, Asked, ask
from simulate.catalogue import catalogue
from simulate.experiment import FAMILY_FALSE_ALARM, Result
from simulate.keys import A, Scores
from simulate.runner import run
from simulate.samplers import Sampler, reduced
from simulate.setting import Setting
from simulate.streams import Block

TRIALS = 2**17
SEED = 3

Given = Mapping[str, str]
HANDOUT = {"alpha": "1e-3", "beta": "20", "dim": "64", "keys": "16"}
SETTINGS: list[Given] = [
    HANDOUT,
    {"alpha": "0.02", "beta": "4", "keys": "2"},
    {"alpha": "0.02", "beta": "7", "keys": "3", "radial": "0"},
    {"alpha": "0.5", "beta": "2", "keys": "6", "radial": "2", "dim": "9"},
    {"alpha": "1e-8", "beta": "5000", "keys": "4", "radial": "0.1"},
]


def results(asked: Asked, trials: int = TRIALS, sampler: Sampler = reduced) -> list[Result]:
    return run(asked.experiments, asked.share, sampler, trials, SEED)


def contradicted(asked: Asked, trials: int = TRIALS, sampler: Sampler = reduced) -> set[str]:
    found = results(asked, trials, sampler)
    return {r.experiment.key for r in found if r.judgement.verdict == "contradicted"}


@pytest.mark.parametrize("given", SETTINGS, ids=lambda given: ",".join(given.values()))
@pytest.mark.parametrize("name", ["single_head", "multi_head"])
def test_the_laws_hold_at_the_numbers_asked(name: str, given: Given) -> None:
    found = results(ask(name, given))
    assert not [r.experiment.key for r in found if r.failed]
    assert sum(r.judgement.verdict == "consistent" for r in found) >= len(found) / 2


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("averaging", {"keys": "3", "beta": "6"}),
        ("averaging", {"keys": "6", "dim": "7", "beta": "0.5"}),
        ("averaging", {"keys": "3", "beta": "500"}),
        ("copying", {"keys": "2", "dim": "1", "margin": "15"}),
        ("copying", {"keys": "9", "dim": "4", "margin": "0.3"}),
    ],
)
def test_exact_laws_hold_at_the_numbers_asked(name: str, given: Given) -> None:
    found = results(ask(name, given), trials=2**14)
    assert {r.judgement.verdict for r in found} == {"consistent"}


@pytest.mark.parametrize(
    ("name", "given", "key"),
    [
        ("linformer", {"rows": "40", "keys": "5", "epsilon": "0.1"}, "linformer.entry"),
        ("linformer", {"rows": "2", "keys": "2", "dim": "1"}, "linformer.rows"),
        ("performer", {"draws": "3", "dim": "4"}, "performer.orthogonal_share"),
        ("performer", {"draws": "9", "total": "1", "apart": "0.1"}, "performer.orthogonal_blocks"),
        ("performer", {"draws": "1", "dim": "2", "apart": "3"}, "performer.trigonometric_error"),
    ],
)
def test_laws_of_projections_and_random_features_hold(name: str, given: Given, key: str) -> None:
    found = {r.experiment.key: r for r in results(ask(name, given), trials=2**15)}
    assert not [key for key, r in found.items() if r.failed]
    assert found[key].judgement.verdict == "consistent"


def test_the_numbers_reach_the_experiments_and_they_share_one_false_alarm() -> None:
    asked = ask("multi_head", HANDOUT)
    expected = {"alpha": 1e-3, "n": 16, "d": 64, "radial": 0.5}
    for e in asked.experiments:
        assert expected.items() <= e.parameters.items()
        assert e.parameters.get("beta", 20) == 20
    assert len({e.key for e in asked.experiments}) == len(asked.experiments)
    assert asked.share * sum(e.check.statistical for e in asked.experiments) == pytest.approx(
        FAMILY_FALSE_ALARM
    )


def test_at_the_catalogues_numbers_the_catalogues_trials_are_run() -> None:
    listed = {e.key: e for e in catalogue(1e-3)}
    given = {"alpha": "1e-3", "beta": "10", "keys": "4"}
    same = [r for r in results(ask("single_head", given), 9000) if r.experiment.key in listed]
    same = [r for r in same if listed[r.experiment.key].parameters.get("beta") == 10]
    same = [r for r in same if listed[r.experiment.key].parameters["radial"] == 0.5]
    assert len(same) >= 5
    again = run([listed[r.experiment.key] for r in same], 1e-8, reduced, 9000, SEED)
    assert [vars(r.tally).keys() for r in same] == [vars(r.tally).keys() for r in again]
    for one, other in zip(same, again, strict=True):
        for name, value in vars(one.tally).items():
            assert np.array_equal(value, getattr(other.tally, name)), (one.experiment.key, name)


def test_names_of_experiments_and_claims_run_with_the_catalogues_numbers() -> None:
    listed = [e for e in catalogue() if e.key.startswith("query_pairs.")]
    assert [e.key for e in ask("query_pairs", {}).experiments] == [e.key for e in listed]
    assert [e.key for e in ask("single_head.near_half", {}).experiments] == [
        "single_head.near_half"
    ]
    by_claim = ask("logistic_normal.variance", {"alpha": "0.01"}).experiments
    assert [(e.key, e.parameters["alpha"]) for e in by_claim] == [
        ("single_head.exact_variance", 0.01)
    ]


def test_what_may_end_inconclusive_says_so_in_advance_and_why() -> None:
    by_key = {e.key: e.may_be_inconclusive for e in ask("multi_head", HANDOUT).experiments}
    assert "far above" in str(by_key["multi_head.limit"])
    assert by_key["multi_head.miss.alpha0.001.n16"] is None
    assert by_key["multi_head.variance.alpha0.001"] is None


@pytest.mark.parametrize(
    ("name", "given", "left_out"),
    [
        ("single_head", {"beta": "1000"}, {"single_head.exact_variance": "strictly between 0"}),
        ("multi_head", {"beta": "0.01"}, {"multi_head.ratio": "must hold"}),
        (
            "averaging",
            {"keys": "3", "beta": "20"},
            {"averaging.error": "rounding", "averaging.bound": "rounding"},
        ),
    ],
)
def test_what_does_not_apply_is_left_out_with_the_reason(
    name: str, given: Given, left_out: dict[str, str]
) -> None:
    asked = ask(name, given)
    vacuous = {key for key, reason in asked.left_out if "but no value exceeds" in reason}
    reasons = {key: reason for key, reason in asked.left_out if key not in vacuous}
    assert reasons.keys() == set(left_out)
    assert all(left_out[key] in reason for key, reason in reasons.items())
    assert not {e.key for e in asked.experiments} & set(left_out)


def test_a_bound_that_says_nothing_is_left_out() -> None:
    asked = ask("multi_head", HANDOUT)
    reasons = dict(asked.left_out)
    assert reasons["multi_head.loss.radial"].endswith("at these numbers, but no value exceeds 1")
    assert "multi_head.loss.radial" not in {e.key for e in asked.experiments}


# ------------------------------------------------------------------------------ planted mistakes

WRONG_LAWS = [
    ("single_head", {"beta": "3"}, "noise.regimes", "undecided", 1.05, "single_head.undecided"),
    ("single_head", {"beta": "3"}, "single_head", "split_variance", 1.2,
     "single_head.exact_variance"),
    ("single_head", {"beta": "5", "radial": "0"}, "noise.regimes", "near_half", 0.9,
     "single_head.near_half"),
    ("single_head", {"beta": "4", "radial": "0"}, "noise.background", "mean_bound", 0.1,
     "single_head.background"),
    ("single_head", {"alpha": "0.1"}, "noise.outranked", "outranked", 0.9,
     "single_head.outranked.n16"),
    ("multi_head", HANDOUT, "noise.missing", "miss", 1.2, "multi_head.miss.alpha0.001.n16"),
    ("multi_head", HANDOUT, "noise.kept_samples", "kept_miss", 1.5, "multi_head.kept_miss"),
    ("multi_head", HANDOUT, "noise.score_law", "logit_variance", 1.1, "single_head.logit"),
    ("multi_head", HANDOUT, "multi_head", "limit_variance", 1.2, "multi_head.variance.alpha0.001"),
    ("multi_head", {"beta": "5", "keys": "2"}, "multi_head", "head_cdf", 0.95,
     "multi_head.near_average"),
    ("multi_head", {"beta": "5", "keys": "2"}, "noise.heads", "finite_variance", 1.3,
     "multi_head.finite_variance.beta5"),
    ("averaging", {"keys": "4"}, "averaging", "leak", 1.001, "averaging.error"),
    ("copying", {"keys": "4"}, "copying", "error", 0.999, "copying.error"),
    ("linformer", {"rows": "9"}, "projections.linformer_proofs", "printed", 1.2,
     "linformer.entry"),
    ("linformer", {"rows": "9"}, "projections.johnson_lindenstrauss", "pair_failure", 1.05,
     "johnson_lindenstrauss.failure_of_many_rows"),
    ("performer", {"draws": "3"}, "features.feature_variance", "hyperbolic_error", 1.2,
     "performer.hyperbolic_error"),
    ("performer", {"draws": "3"}, "features.orthogonal_limits", "share", 1.3,
     "performer.orthogonal_share"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "given", "module", "law", "factor", "key"),
    WRONG_LAWS,
    ids=[f"{module}.{law}" for _, _, module, law, _, _ in WRONG_LAWS],
)
def test_a_wrong_law_is_contradicted(
    monkeypatch: pytest.MonkeyPatch,
    name: str, given: Given, module: str, law: str, factor: float, key: str,
) -> None:  # fmt: skip
    home = importlib.import_module(f"theory.{module}")
    right = getattr(home, law)
    monkeypatch.setattr(home, law, lambda *arguments: factor * right(*arguments))
    asked = ask(name, given)
    tested = [e for e in asked.experiments if e.key == key]
    (result,) = run(tested, asked.share, reduced, TRIALS, SEED)
    assert result.judgement.verdict == "contradicted"


def test_keys_without_their_radial_noise_are_noticed() -> None:
    def spoilt(block: Block, trials: int, law: Scores) -> np.ndarray:
        scores = np.asarray(reduced(block, trials, law))
        middle = law.means[:, A, None]
        scores[:, A] = middle + (scores[:, A] - middle) * (1e-3 / 0.501) ** 0.5
        return scores

    given = HANDOUT | {"keys": "4"}
    assert {"single_head.split.radial.beta20", "single_head.score.radial"} <= contradicted(
        ask("single_head", given), sampler=spoilt
    )
    assert {"single_head.logit", "multi_head.miss.alpha0.001.n4"} <= contradicted(
        ask("multi_head", given), sampler=spoilt
    )


# ------------------------------------------------------------------------------ laws of the output

X = np.linspace(-0.95, 0.95, 20)


def test_the_law_of_one_head_is_that_of_a_normal_logit() -> None:
    setting = Setting(alpha=0.01, beta=7.0, n=5, radial=0.3)
    deviation = 7.0 * (4 * 0.01 + 0.3) ** 0.5
    expected = stats.norm.cdf(special.logit((1 + X) / 2), scale=deviation)
    assert np.allclose(output_law.one_head(setting, X), expected, rtol=1e-12)


@pytest.mark.parametrize("radial", [0.0, 0.5])
@pytest.mark.parametrize("beta", [0.5, 5.0, 40.0])
def test_the_law_of_two_heads_is_that_of_a_difference(beta: float, radial: float) -> None:
    """Against adaptive quadrature over the normal logit of head 2."""
    alpha = 0.01
    lower, upper = output_law.two_heads(Setting(alpha, beta, 2, radial), X)
    assert np.all(lower <= upper)
    assert np.all(upper - lower < 0.01)
    for x, low, high in zip(X, lower, upper, strict=True):

        def below(z: float, x: float = x) -> float:
            w_1 = x + special.expit(beta + beta * (2 * alpha) ** 0.5 * z)
            logit = special.logit(np.clip(w_1, 0, 1))
            cdf = stats.norm.cdf(logit, beta, beta * (radial + 2 * alpha) ** 0.5)
            return float(cdf * stats.norm.pdf(z))

        exact = integrate.quad(below, -9, 9, limit=200)[0]
        assert low - 1e-7 <= exact <= high + 1e-7


def test_the_limit_is_where_the_largest_scores_are() -> None:
    """Three keys, counted: chi-squared, false alarm 1e-9."""
    setting = Setting(alpha=0.2, beta=1.0, n=3, radial=0.5)
    limit = output_law.limit(setting)
    assert sum(limit.values()) == pytest.approx(1, abs=1e-9)
    rng = np.random.default_rng(5)
    scores = np.sqrt(0.2) * rng.standard_normal((200_000, 2, 3))
    scores[:, 0, 0] = 1 + np.sqrt(0.7) * rng.standard_normal(len(scores))
    scores[:, 1, 1] += 1
    places = np.array([1, -1, 0])[scores.argmax(axis=2)].mean(axis=1)
    counts = [np.count_nonzero(places == x) for x in limit]
    expected = np.array(list(limit.values())) * len(scores)
    assert stats.chisquare(counts, expected * (sum(counts) / expected.sum())).pvalue > 1e-9


# ------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("single_head", {"alpha": "-1"}, "--alpha must be a positive variance, got '-1'"),
        ("single_head", {"alpha": "nan"}, "--alpha must be a positive variance, got 'nan'"),
        ("single_head", {"alpha": "1e-300"}, "--alpha must be from 1e-12 to 1e+06"),
        ("single_head", {"beta": "inf"}, "--beta must be a positive number, got 'inf'"),
        ("single_head", {"beta": "0"}, "--beta must be a positive number, got '0'"),
        ("single_head", {"beta": "much"}, "--beta must be a positive number, got 'much'"),
        ("multi_head", {"keys": "0"}, "--keys must be a whole number of at least 2, got '0'"),
        ("multi_head", {"keys": "2.5"}, "--keys must be a whole number of at least 2"),
        ("multi_head", {"keys": "1e6"}, "--keys must be at most 1024, got '1e6'"),
        ("multi_head", {"keys": "9", "dim": "8"}, "--dim must be at least the number of keys, 9"),
        ("multi_head", {"dim": "1e9"}, "--keys times --dim must be at most 16777216"),
        ("multi_head", {"radial": "-0.5"}, "--radial must be a positive variance, or 0, got"),
        ("multi_head", {"heads": "3"}, "--heads must be even for multi_head"),
        ("single_head", {"heads": "2"}, "--heads must be 1 for single_head, got '2'"),
        ("averaging", {"keys": "2"}, "--keys must be at least 3 for averaging"),
        ("averaging", {"beta": "501"}, "--beta must be at most 500 for averaging, got '501'"),
        ("averaging", {"keys": "50", "dim": "60"}, "matrices of 3000 numbers, which must be at"),
        ("averaging", {"alpha": "1"}, "--alpha has no meaning for averaging, which takes --beta"),
        ("copying", {"margin": "0"}, "--margin must be from 0.001 to 15, got '0'"),
        ("copying", {"margin": "16"}, "--margin must be from 0.001 to 15, got '16'"),
        ("linformer", {"epsilon": "1"}, "--epsilon must be from 0.001 to 0.99, got '1'"),
        ("linformer", {"rows": "1"}, "--rows must be a whole number of at least 2, got '1'"),
        ("linformer", {"rows": "1e6"}, "draw matrices of 8000000 numbers, which must be at most"),
        ("performer", {"dim": "3"}, "--dim must be even for performer, got '3'"),
        ("performer", {"total": "2"}, "--total must be from 0.001 to 1, got '2'"),
        ("copying.error", {"beta": "2"}, "--beta has no meaning for copying.error, which takes"),
        ("multihead", {}, "'multihead' is unknown; the nearest are multi_head"),
        ("", {}, "'' is unknown; the nearest are"),
        ("single_head.split.", {}, "is unknown; the nearest are single_head.split"),
    ],
)
def test_what_cannot_be_asked_gets_one_line(name: str, given: Given, message: str) -> None:
    with pytest.raises(InputError) as caught:
        ask(name, given)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_question_says_what_it_is_and_takes_known_options() -> None:
    for question in QUESTIONS.values():
        assert set(question.takes) <= set(NAMES)
        assert question.about[0] in "23"
        assert "\n" not in question.about


def test_an_option_that_was_not_typed_has_its_default() -> None:
    nothing: dict[str, Any] = dict.fromkeys(NAMES)
    assert ask("single_head", nothing).numbers == {
        "alpha": 1e-3, "beta": 20, "keys": 16, "dim": 16, "radial": 0.5, "heads": 1,
    }  # fmt: skip
    assert ask("averaging", {"keys": "5"}).numbers == {"beta": 5, "keys": 5, "dim": 5}
    assert set(inspect.signature(Setting).parameters) == {"alpha", "beta", "n", "radial", "d"}
