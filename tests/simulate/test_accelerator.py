"""torch in place of numpy: the same arithmetic to rounding, and samples of the same laws.

False alarm of the run over all experiments on random keys: 1e-6 at most, as of any run.
"""

from __future__ import annotations

import numpy as np
import pytest

from simulate import accelerator
from simulate.arrays import on_host
from simulate.attention import largest, log_weights, weights
from simulate.catalogue import catalogue
from simulate.experiment import Experiment, false_alarm_share
from simulate.keys import Covariance, RandomKeys, Scores
from simulate.runner import run
from simulate.samplers import Draw, reduced, shaped
from simulate.setting import Setting
from simulate.streams import Block

torch = pytest.importorskip("torch")

CATALOGUE = catalogue()
SHARE = false_alarm_share(CATALOGUE)
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def correlated() -> Scores:
    """Three queries in general position: the scores of one key depend on each other."""
    rng = np.random.default_rng(0)
    means, queries = rng.standard_normal((5, 7)), rng.standard_normal((3, 7))
    covariances = (*[Covariance(0.3)] * 4, Covariance(0.1, rng.standard_normal((7, 2))))
    return Scores(RandomKeys(means, covariances), queries)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    "law",
    [Setting(0.01, 10.0, 16).one_head(), Setting(0.1, 3.0, 4, 0.5).two_heads(), correlated()],
)
def test_of_the_same_normals_it_makes_the_same_weights(law: Scores, device: str) -> None:
    noise = np.random.default_rng(1).standard_normal((*law.shape, 1000))
    there = shaped(torch.as_tensor(noise.copy(), device=device), law)
    here = shaped(noise, law)
    np.testing.assert_allclose(on_host(there), here, rtol=1e-12, atol=1e-12)
    for found, expected in (
        (weights(there), weights(here)),
        (log_weights(there), log_weights(here)),
        (largest(there, 1), largest(here, 1)),
    ):
        np.testing.assert_allclose(on_host(found), expected, rtol=1e-11, atol=1e-14)


ON_KEYS = [e for e in CATALOGUE if e.on_keys]


@pytest.mark.parametrize("experiment", ON_KEYS, ids=lambda e: e.key)
def test_experiments_on_keys_draw_nothing_but_scores(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They make tensors of tensors, without ever asking for a generator of numpy's."""
    monkeypatch.delattr(Draw, "generator")
    draw = Draw(Block(0, experiment.key, 0, 16), accelerator.on_device("cpu"))
    values = experiment.measure(draw)
    assert isinstance(values, torch.Tensor)
    assert values.shape == (16,)


@pytest.mark.parametrize("device", DEVICES)
def test_all_experiments_on_random_keys_are_consistent(
    device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accelerator, "SIZE", 2**15)
    assert len(ON_KEYS) > 50
    sampler = accelerator.on_device(device)
    found = run(ON_KEYS, SHARE, reduced, trials=2**16, seed=2, accelerated=sampler)
    assert {r.judgement.verdict for r in found} == {"consistent"}
    assert {r.tally.trials for r in found} == {2**16}
    again = run(ON_KEYS[:5], SHARE, reduced, trials=2**16, seed=2, accelerated=sampler)
    assert [r.judgement for r in again] == [r.judgement for r in found[:5]]


def test_noise_shared_by_all_blocks_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it would be by a seed that forgets the block."""
    chosen = [e for e in CATALOGUE if e.key.startswith("multi_head.variance.alpha")]
    monkeypatch.setattr(accelerator, "SIZE", 2**15)
    monkeypatch.setattr(accelerator, "seed_of", lambda block: 1)
    sampler = accelerator.on_device("cpu")
    found = run(chosen, SHARE, reduced, trials=2**17, seed=2, accelerated=sampler)
    assert {"contradicted"} == {r.judgement.verdict for r in found}


def test_seeds_differ_by_seed_experiment_and_block() -> None:
    seeds = {
        accelerator.seed_of(Block(seed, key, number))
        for seed in range(4)
        for key in "abcd"
        for number in range(100)
    }
    assert len(seeds) == 1600
    assert 0 <= min(seeds) <= max(seeds) < 2**63
