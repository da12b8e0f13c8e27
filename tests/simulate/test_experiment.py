"""Counts do not depend on scheduling, and the catalogue keeps its promises."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

import theory
from reports.record import ROOT
from simulate.catalogue import catalogue
from simulate.experiment import (
    FAMILY_FALSE_ALARM,
    Experiment,
    Result,
    exactly,
    false_alarm_share,
    number,
    run,
)
from simulate.samplers import reduced
from simulate.statistics import Identity
from simulate.streams import SIZE
from simulate.tallies import Greatest, Tally
from theory import law

CATALOGUE = catalogue()
TRIALS = 2 * SIZE + 100


def tallies(experiments: list[Experiment], workers: int, trials: int = TRIALS) -> list[Tally]:
    return [r.tally for r in _run(experiments, workers, trials)]


def _run(experiments: list[Experiment], workers: int, trials: int) -> list[Result]:
    return run(experiments, 1e-8, reduced, trials=trials, seed=3, workers=workers)


def _same(one: Tally, other: Tally) -> bool:
    return all(np.array_equal(value, getattr(other, name)) for name, value in vars(one).items())


@pytest.fixture(scope="module")
def alone() -> list[Tally]:
    return tallies(CATALOGUE, workers=1)


@pytest.mark.parametrize("workers", [2, 4])
def test_every_tally_is_the_same_for_any_number_of_workers(
    alone: list[Tally], workers: int
) -> None:
    found = tallies(CATALOGUE, workers)
    assert all(_same(one, other) for one, other in zip(alone, found, strict=True))


def test_a_tally_does_not_depend_on_what_else_runs(alone: list[Tally]) -> None:
    backwards = tallies(CATALOGUE[::-3], workers=2)
    assert all(_same(one, other) for one, other in zip(alone[::-3], backwards, strict=True))


def test_a_longer_run_begins_with_the_shorter_one() -> None:
    """Trial i is the same whether or not the run ends in the middle of its block."""
    seen: list[np.ndarray] = []
    chosen = next(e for e in CATALOGUE if e.key == "single_head.coin")

    class Spy(Identity):
        def tally(self, values: np.ndarray) -> Greatest:
            seen.append(values)
            return Greatest.of(values)

    spied = dataclasses.replace(chosen, check=Spy())
    _run([spied], 1, SIZE + 50)
    _run([spied], 1, SIZE + 80)
    short, long = np.concatenate(seen[:2]), np.concatenate(seen[2:])
    assert len(short) == SIZE + 50
    assert np.array_equal(short, long[: len(short)])


def test_progress_is_told_of_every_trial() -> None:
    told: list[int] = []
    run(CATALOGUE[:3], 1e-8, reduced, trials=TRIALS, progress=told.append)
    assert sum(told) == 3 * TRIALS


def test_a_failing_trial_fails_the_run() -> None:
    def broken(block: object, sampler: object) -> np.ndarray:
        raise ArithmeticError("a trial failed")

    with pytest.raises(ArithmeticError, match="a trial failed"):
        _run([dataclasses.replace(CATALOGUE[0], measure=broken)], 2, TRIALS)


def test_keys_are_unique_and_reasons_are_given() -> None:
    assert len({e.key for e in CATALOGUE}) == len(CATALOGUE)
    assert all((e.most is None) == (e.small_by_design is None) for e in CATALOGUE)
    assert {e.trials(10**6) for e in CATALOGUE if e.most is None} == {10**6}
    assert all(e.trials(10) == 10 for e in CATALOGUE)


def test_shares_add_up_to_the_familys_false_alarm() -> None:
    statistical = sum(e.check.statistical for e in CATALOGUE)
    assert statistical * false_alarm_share(CATALOGUE) == pytest.approx(FAMILY_FALSE_ALARM)


def test_laws_are_theorys_own() -> None:
    for e in CATALOGUE:
        assert callable(law(e.law))
    assert number("averaging.leak", 0.0, 4) == pytest.approx(0.5)
    assert exactly("averaging.leak", 0.0, 4)() == (pytest.approx(0.5),) * 2


def test_claims_are_theorys_own_and_every_claim_on_random_keys_is_tested() -> None:
    claims = {c.key for c in theory.claims()}
    tested = {e.claim for e in CATALOGUE}
    assert tested <= claims
    on_random_keys = {key for key in claims if key.startswith(("single_head.", "multi_head."))}
    assert on_random_keys <= tested


def test_simulate_needs_neither_torch_nor_types_nor_plots() -> None:
    code = """
import sys

class Refusal:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "jaxtyping", "pandas", "matplotlib", "flint"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Refusal())
import simulate.__main__
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
