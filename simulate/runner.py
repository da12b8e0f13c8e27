"""The runner: it schedules blocks of trials and adds up their tallies, and does nothing else.

Blocks come in stretches of fixed length. A stretch is tallied block after block, and stretches are
added in order, whoever computed them: floating-point sums too come out the same for any number of
threads and ranks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from simulate.experiment import DEFAULT_TRIALS, Experiment, Result
from simulate.samplers import Draw, Sampler
from simulate.schedules import on_threads
from simulate.streams import SIZE, Block
from simulate.tallies import Tally
from theory import law

STRETCH = 8
"""Blocks that are tallied in one go: many enough that handing them out costs nothing."""


@dataclass(frozen=True)
class Stretch:
    """Blocks first, first + 1, ... of an experiment, which hold `trials` trials that count."""

    experiment: Experiment
    first: int
    trials: int


@dataclass
class Sum:
    """What is known of an experiment so far."""

    tally: Tally | None = None
    seconds: float = 0.0

    def add(self, tally: Tally, seconds: float) -> None:
        self.tally = tally if self.tally is None else self.tally + tally
        self.seconds += seconds


def run(
    experiments: Sequence[Experiment],
    share: float,
    sampler: Sampler,
    trials: int = DEFAULT_TRIALS,
    seed: int = 0,
    workers: int = 1,
    progress: Callable[[int], object] = lambda trials: None,
) -> list[Result]:
    """Run experiments on threads; `progress` is told of trials as they are done.

    share: false-alarm probability that each statistical check may spend
    """
    for e in experiments:
        law(e.law)  # imported here, once, not by whichever thread comes first

    def compute(stretch: Stretch) -> tuple[Tally, float]:
        begin = time.thread_time()
        return tallied(stretch, seed, sampler), time.thread_time() - begin

    sums = {e.key: Sum() for e in experiments}
    tasks = (s for e in experiments for s in stretches(e, e.trials(trials)))
    for stretch, (tally, seconds) in on_threads(workers)(compute, tasks):
        sums[stretch.experiment.key].add(tally, seconds)
        progress(stretch.trials)
    return [judged(e, sums[e.key], e.trials(trials), share) for e in experiments]


def stretches(experiment: Experiment, trials: int) -> Iterator[Stretch]:
    """All stretches that `trials` trials need."""
    length = STRETCH * SIZE
    for number, start in enumerate(range(0, trials, length)):
        yield Stretch(experiment, number * STRETCH, min(length, trials - start))


def tallied(stretch: Stretch, seed: int, sampler: Sampler) -> Tally:
    """The tally of a stretch, its blocks added in order.

    The last block is computed whole too: trial i is then the same in every run that has it.
    """
    experiment = stretch.experiment
    total = None
    for number, start in enumerate(range(0, stretch.trials, SIZE), stretch.first):
        draw = Draw(Block(seed, experiment.key, number), sampler)
        values = experiment.measure(draw)[: stretch.trials - start]
        tally = experiment.check.tally(values)
        total = tally if total is None else total + tally
    assert total is not None, "a stretch has a trial"
    return total


def judged(experiment: Experiment, found: Sum, trials: int, share: float) -> Result:
    """What the trials of an experiment say of its law."""
    assert found.tally is not None, "every experiment has a stretch"
    alarm = share if experiment.check.statistical else 0.0
    judgement = experiment.check.judge(found.tally, trials, alarm)
    return Result(experiment, found.tally, judgement, alarm, found.seconds)
