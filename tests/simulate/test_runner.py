"""Counts depend on nothing but the trials: not on threads, interruptions or what else runs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from reports.record import InputError
from simulate import journal as journals
from simulate.catalogue import catalogue
from simulate.experiment import Experiment, Result
from simulate.journal import Journal
from simulate.runner import STRETCH, run
from simulate.samplers import Draw, reduced
from simulate.schedules import on_threads
from simulate.statistics import Bound, Identity
from simulate.streams import SIZE
from simulate.tallies import Greatest, Tally

CATALOGUE = catalogue()
TRIALS = 2 * SIZE + 100
COIN = next(e for e in CATALOGUE if e.key == "single_head.coin")
SEVERAL = [e for e in CATALOGUE if e.key.startswith(("single_head.variance", "multi_head.miss"))]
LONG = 3 * STRETCH * SIZE + 100


def tallies(experiments: list[Experiment], workers: int, trials: int = TRIALS) -> list[Tally]:
    return [r.tally for r in _run(experiments, workers, trials)]


def _run(experiments: list[Experiment], workers: int, trials: int) -> list[Result]:
    schedule = on_threads(workers)
    return run(experiments, 1e-8, reduced, trials=trials, seed=3, schedule=schedule)


def _same(one: list[Tally], other: list[Tally]) -> bool:
    return all(
        np.array_equal(value, getattr(b, name))
        for a, b in zip(one, other, strict=True)
        for name, value in vars(a).items()
    )


@pytest.fixture(scope="module")
def alone() -> list[Tally]:
    return tallies(CATALOGUE, workers=1)


@pytest.mark.parametrize("workers", [2, 4])
def test_every_tally_is_the_same_for_any_number_of_workers(
    alone: list[Tally], workers: int
) -> None:
    assert _same(alone, tallies(CATALOGUE, workers))


def test_a_tally_does_not_depend_on_what_else_runs(alone: list[Tally]) -> None:
    assert _same(alone[::-3], tallies(CATALOGUE[::-3], workers=2))


@pytest.mark.parametrize("order", [lambda s: s[::-1], lambda s: s[::2] + s[1::2]])
def test_a_tally_does_not_depend_on_who_computes_when(
    order: Callable[[list[object]], list[object]],
) -> None:
    """A schedule that computes in another order and hands over in this one."""

    def shuffled(compute, tasks):  # type: ignore[no-untyped-def]
        tasks = list(tasks)
        found = {id(task): compute(task) for task in order(tasks)}
        return ((task, found[id(task)]) for task in tasks)

    found = run(SEVERAL, 1e-8, reduced, trials=LONG, seed=3, schedule=shuffled)
    assert _same([r.tally for r in found], tallies(SEVERAL, 1, LONG))


def test_a_longer_run_begins_with_the_shorter_one() -> None:
    """Trial i is the same whether or not the run ends in the middle of its block."""
    seen: list[np.ndarray] = []

    class Spy(Identity):
        def tally(self, values: np.ndarray) -> Greatest:
            seen.append(values)
            return Greatest.of(values)

    spied = dataclasses.replace(COIN, check=Spy())
    _run([spied], 1, SIZE + 50)
    _run([spied], 1, SIZE + 80)
    short, long = np.concatenate(seen[:2]), np.concatenate(seen[2:])
    assert len(short) == SIZE + 50
    assert np.array_equal(short, long[: len(short)])


@pytest.mark.parametrize("trials", [1, SIZE, STRETCH * SIZE, STRETCH * SIZE + 1, LONG])
def test_no_trial_is_lost_or_counted_twice(trials: int) -> None:
    told: list[int] = []
    found = run([COIN], 1e-8, reduced, trials=trials, progress=told.append)
    assert found[0].tally.trials == sum(told) == trials


def test_a_failing_trial_fails_the_run() -> None:
    def broken(draw: Draw) -> np.ndarray:
        raise ArithmeticError("a trial failed")

    with pytest.raises(ArithmeticError, match="a trial failed"):
        _run([dataclasses.replace(COIN, measure=broken)], 2, TRIALS)


class InterruptionError(Exception):
    pass


def _interrupted(journal: Journal, after: int) -> None:
    """A run that ends when so many stretches are done."""
    done = 0

    def progress(trials: int) -> None:
        nonlocal done
        done += trials > 0
        if done > after:
            raise InterruptionError

    run(SEVERAL, 1e-8, reduced, trials=LONG, seed=3, journal=journal, progress=progress)


@pytest.mark.parametrize("after", [1, 4, 7])
def test_an_interrupted_run_goes_on_from_finished_stretches(
    after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "PAUSE", 0.0)
    journal = Journal({"run": 1}, tmp_path)
    with pytest.raises(InterruptionError):
        _interrupted(journal, after)
    drawn: list[str] = []

    def counting(block, trials, law):  # type: ignore[no-untyped-def]
        drawn.append(block.key)
        return reduced(block, trials, law)

    told: list[int] = []
    found = run(SEVERAL, 1e-8, counting, trials=LONG, seed=3, journal=journal, progress=told.append)
    assert _same([r.tally for r in found], tallies(SEVERAL, 1, LONG))
    assert sum(told) == len(SEVERAL) * LONG
    per_run = len(SEVERAL) * (3 * STRETCH + 1)
    assert len(drawn) == per_run - after * STRETCH + (after // 4) * (STRETCH - 1)


def test_a_journal_of_another_run_is_not_used(tmp_path: Path) -> None:
    one, other = Journal({"seed": 1}, tmp_path), Journal({"seed": 2}, tmp_path)
    one.write({"a": 1})
    assert other.read() == {}
    assert Journal({"seed": 1}, tmp_path).read() == {"a": 1}


def test_a_damaged_journal_is_not_used(tmp_path: Path) -> None:
    journal = Journal({"seed": 1}, tmp_path)
    journal.write({"hits": 17})
    text = journal.path.read_text()
    for damaged in (text.replace("17", "18"), text[:-4], "", "[]", "\x00" * 20):
        journal.path.write_text(damaged)
        assert journal.read() == {}
    journal.path.write_text(json.dumps(json.loads(text)))
    assert journal.read() == {"hits": 17}
    journal.remove()
    assert journal.read() == {}


def test_changed_code_does_not_find_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Journal({"seed": 1}, tmp_path).path
    monkeypatch.setattr(journals, "sha256", lambda path: "another")
    assert Journal({"seed": 1}, tmp_path).path != before


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(InputError, match="cannot be written"):
        Journal({}, tmp_path / "file").write({})


EARLY = [
    e for e in CATALOGUE if e.key in ("multi_head.negative_score.alpha0.001", "copying.weight")
]


@pytest.mark.parametrize("workers", [1, 3])
def test_an_experiment_stops_as_soon_as_its_mean_is_known_well_enough(workers: int) -> None:
    """Where it stops depends on the trials alone; a bound has no mean and runs to its end."""
    trials = 20 * STRETCH * SIZE
    found = run(
        EARLY, 1e-8, reduced, trials=trials, seed=3, schedule=on_threads(workers), until=3e-3
    )
    bound, early = sorted(found, key=lambda r: r.early)
    assert bound.tally.trials == trials
    assert early.tally.trials == 6 * STRETCH * SIZE
    assert early.judgement.verdict == "consistent"
    low, high = early.judgement.interval or (0, 1)
    assert high - low <= 2 * 3e-3
    assert early.statistic == "empirical-Bernstein confidence sequence"
    assert early.entry().small_by_design == "known as well as --until asks for"


def test_the_widest_target_is_met_by_the_first_stretch() -> None:
    (found,) = run([COIN], 1e-8, reduced, trials=3 * STRETCH * SIZE, seed=3, until=0.5)
    assert (found.early, found.tally.trials) == (True, STRETCH * SIZE)
    assert found.judgement.verdict == "consistent"


def test_a_mean_not_known_well_enough_is_judged_after_the_last_trial() -> None:
    (found,) = run([COIN], 1e-8, reduced, trials=SIZE, seed=3, until=2e-2)
    assert (found.early, found.tally.trials) == (False, SIZE)
    assert found.judgement.verdict == "consistent"


def test_a_run_that_may_stop_early_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "PAUSE", 0.0)
    journal = Journal({"run": 1}, tmp_path)

    def going(progress: Callable[[int], object], kept: Journal | None) -> list[Result]:
        return run(
            [COIN], 1e-8, reduced, trials=LONG, seed=3, until=3e-3, journal=kept,
            progress=progress,
        )  # fmt: skip

    told: list[int] = []

    def interrupt(trials: int) -> None:
        told.append(trials)
        if len(told) == 3:
            raise InterruptionError

    with pytest.raises(InterruptionError):
        going(interrupt, journal)
    (resumed,), (whole,) = going(lambda trials: None, journal), going(lambda trials: None, None)
    assert resumed.judgement == whole.judgement


def test_so_few_trials_that_nothing_could_be_noticed_say_nothing() -> None:
    (found,) = run([COIN], 1e-8, reduced, trials=3, seed=3)
    assert found.judgement.verdict == "inconclusive"
    assert found.excuse == "so few trials could not have contradicted any law"
    assert not found.failed


def test_a_bound_on_every_trial_must_be_reached_but_by_few_trials() -> None:
    """Trials that never come nearer than half way to the bound."""
    half = dataclasses.replace(
        COIN, measure=lambda draw: np.full(draw.trials, 0.5), check=Bound(reach=0.9)
    )
    failed, excuses = {}, {}
    for trials in (SIZE - 1, SIZE):
        (found,) = run([half], 1e-8, reduced, trials=trials, seed=3)
        assert found.judgement.verdict == "inconclusive"
        failed[trials], excuses[trials] = found.failed, found.excuse
    assert failed == {SIZE - 1: False, SIZE: True}
    assert excuses == {SIZE - 1: "so few trials may all stay far from the bound", SIZE: None}
