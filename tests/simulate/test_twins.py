"""Every claim's false twin is noticed by an experiment on that claim.

theory/ keeps beside the law of every claim a false twin, a formula with one mistake in it. With the
twin in place of the law, wherever theory or an experiment calls it, a run must fail: the twin is
contradicted, or nothing comes near a bound that the sample was built to attain.
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import pytest

import theory
from simulate.catalogue import catalogue
from simulate.experiment import DEFAULT_TRIALS, Experiment
from tests.simulate.verdicts import results
from theory.proof.claim import Claim

FEW = 2**17
NEED_MORE = {
    "chi_squared.lower_tail", "chi_squared.upper_tail", "johnson_lindenstrauss.inner_product",
    "linformer.rows", "missing_mass.lower_tail", "multi_head.kept_miss", "multi_head.miss",
    "noisy_scores.lost", "performer.orthogonal", "performer.orthogonal_blocks",
    "performer.orthogonal_covariance", "performer.orthogonal_share", "performer.regularised",
    "query_pairs.tie", "single_head.allowed_noise", "single_head.background",
    "single_head.outranked_above",
}  # fmt: skip
"""Claims whose twins are so near that all the trials of the default are needed."""

TESTED = {e.claim for e in catalogue()}
CLAIMS = {c.key: c for c in theory.claims() if isinstance(c, Claim) and c.key in TESTED}


def modules() -> Iterator[ModuleType]:
    """All of theory/, but for what runs when it is imported."""
    for found in pkgutil.walk_packages(theory.__path__, "theory."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


PLACES = [(module, name, value) for module in modules() for name, value in vars(module).items()]


def put_in_place(claim: Claim, patch: pytest.MonkeyPatch) -> None:
    """The claim's twin under every name that its law has."""
    twin = dataclasses.replace(claim.law, expression=claim.twin)
    places = [(module, name) for module, name, value in PLACES if value is claim.law]
    assert places
    for module, name in places:
        patch.setattr(module, name, twin)


def made(claim: str) -> list[Experiment]:
    """The experiments on a claim, made anew with the laws that theory/ has now."""
    return [e for e in catalogue() if e.claim == claim]


def notices(e: Experiment, trials: int) -> bool:
    """Whether this experiment contradicts a law, or fails to come near a bound that it attains.

    At some numbers a twin has no value, as a probability with one key in place of two: an error, or
    trials that are no numbers, and nothing noticed in a sample.
    """
    try:
        (found,) = results([e], trials=trials).values()
    except ValueError:
        return False
    return found.judgement.verdict == "contradicted" or (found.complete and found.failed)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("key", CLAIMS)
def test_the_false_twin_of_a_claim_is_noticed(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put_in_place(CLAIMS[key], monkeypatch)
    trials = DEFAULT_TRIALS if key in NEED_MORE else FEW
    assert any(notices(e, trials) for e in made(key))


def test_claims_that_need_more_trials_are_tested() -> None:
    assert CLAIMS.keys() >= NEED_MORE
