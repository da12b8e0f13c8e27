"""The runner: it schedules blocks of trials and adds up their tallies, and does nothing else.

Blocks come in stretches of fixed length. A stretch is tallied block after block, and stretches are
added in order, whoever computed them: floating-point sums too come out the same for any number of
threads and ranks, and for a run that was interrupted and went on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from simulate import accelerator
from simulate.experiment import DEFAULT_TRIALS, Experiment, Result
from simulate.journal import Journal
from simulate.samplers import Draw, Sampler
from simulate.schedules import ONE_THREAD, Schedule
from simulate.statistics import ConfidenceSequence, Sequential
from simulate.streams import SIZE, Block
from simulate.tallies import Count, Moments, Tally, from_json, to_json
from theory import law

STRETCH = 8
"""Blocks that are tallied in one go: many enough that handing them out costs nothing."""


@dataclass(frozen=True)
class Stretch:
    """Blocks first, first + 1, ... of an experiment, of `size` trials each.

    trials: of all its blocks, those that count
    """

    experiment: Experiment
    first: int
    size: int
    trials: int


@dataclass
class Sum:
    """What is known of an experiment so far.

    stretches: how many are in the tally; sequence: the interval that may end the experiment early
    """

    stretches: int = 0
    tally: Tally | None = None
    seconds: float = 0.0
    sequence: ConfidenceSequence | None = None

    def add(self, tally: Tally, seconds: float) -> None:
        """Add the next stretch."""
        self.stretches += 1
        self.tally = tally if self.tally is None else self.tally + tally
        self.seconds += seconds
        if self.sequence is not None:
            assert isinstance(tally, Moments | Count)
            self.sequence = self.sequence.after(tally)

    @property
    def enough(self) -> bool:
        """Whether the mean is known as well as was wanted."""
        return self.sequence is not None and self.sequence.reached

    @property
    def trials(self) -> int:
        return 0 if self.tally is None else self.tally.trials + self.tally.invalid

    def to_json(self) -> dict[str, Any]:
        tally = None if self.tally is None else to_json(self.tally)
        sequence = None if self.sequence is None else self.sequence.to_json()
        return {
            "stretches": self.stretches, "tally": tally, "seconds": self.seconds,
            "sequence": sequence,
        }  # fmt: skip

    @classmethod
    def from_json(cls, state: dict[str, Any]) -> Sum:
        tally = None if state["tally"] is None else from_json(state["tally"])
        saved = state["sequence"]
        sequence = None if saved is None else ConfidenceSequence.from_json(saved)
        return cls(state["stretches"], tally, state["seconds"], sequence)

    @classmethod
    def none(cls, experiment: Experiment, share: float, until: float | None) -> Sum:
        """Before the first trial."""
        check = experiment.check
        if until is None or not isinstance(check, Sequential):
            return cls()
        return cls(sequence=check.sequence(share, until))


def run(
    experiments: Sequence[Experiment],
    share: float,
    sampler: Sampler,
    trials: int = DEFAULT_TRIALS,
    seed: int = 0,
    *,
    accelerated: Sampler | None = None,
    schedule: Schedule = ONE_THREAD,
    journal: Journal | None = None,
    until: float | None = None,
    progress: Callable[[int], object] = lambda trials: None,
) -> list[Result]:
    """Run experiments; what an earlier run left in the journal is not computed again.

    share: false-alarm probability that each statistical check may spend
    accelerated: sampler of the experiments on random keys, where it is not `sampler`
    until: half-width at which an experiment on a mean or probability ends before `trials`
    progress: told of trials as they are done, found done or not needed
    """
    state = journal.read() if journal else {}
    sums = {
        e.key: Sum.from_json(state[e.key]) if e.key in state else Sum.none(e, share, until)
        for e in experiments
    }
    for e in experiments:
        law(e.law)  # imported here, once, not by whichever thread comes first
        progress(sums[e.key].trials)

    def compute(stretch: Stretch) -> tuple[Tally, float]:
        begin = time.thread_time()
        use = accelerated if accelerated and stretch.experiment.on_keys else sampler
        return tallied(stretch, seed, use), time.thread_time() - begin

    def left() -> Iterator[Stretch]:
        for e in experiments:
            size = accelerator.SIZE if accelerated and e.on_keys else SIZE
            for stretch in stretches(e, e.trials(trials), size, sums[e.key].stretches):
                if sums[e.key].enough:
                    break
                yield stretch

    def keep() -> None:
        if journal:
            journal.write({key: found.to_json() for key, found in sums.items() if found.stretches})

    try:
        for stretch, (tally, seconds) in schedule(compute, left()):
            found = sums[stretch.experiment.key]
            if not found.enough:  # else it was computed ahead, and whether depends on the schedule
                found.add(tally, seconds)
            progress(stretch.trials)
            if journal and journal.due:
                keep()
    except KeyboardInterrupt:
        keep()
        raise
    return [judged(e, sums[e.key], e.trials(trials), share) for e in experiments]


def stretches(experiment: Experiment, trials: int, size: int, done: int = 0) -> Iterator[Stretch]:
    """The stretches that `trials` trials need, in blocks of `size`, but for the first `done`."""
    length = STRETCH * size
    for number, start in enumerate(range(done * length, trials, length), done):
        yield Stretch(experiment, number * STRETCH, size, min(length, trials - start))


def tallied(stretch: Stretch, seed: int, sampler: Sampler) -> Tally:
    """The tally of a stretch, its blocks added in order.

    The last block is computed whole too: trial i is then the same in every run that has it.
    """
    experiment = stretch.experiment
    total: Tally | None = None
    starts = range(0, stretch.trials, stretch.size)
    for number, start in enumerate(starts, stretch.first):
        draw = Draw(Block(seed, experiment.key, number, stretch.size), sampler)
        values = experiment.measure(draw)[: stretch.trials - start]
        tally = experiment.check.tally(values)
        total = tally if total is None else total + tally
    assert total is not None, "a stretch has a trial"
    return total


def judged(experiment: Experiment, found: Sum, trials: int, share: float) -> Result:
    """What the trials of an experiment say of its law."""
    assert found.tally is not None, "every experiment has a stretch"
    check = experiment.check
    alarm = share if check.statistical else 0.0
    run = found.trials if found.enough else trials
    complete = found.tally.trials == run and not found.tally.invalid
    if found.sequence is None:
        judgement, statistic = check.judge(found.tally, run, alarm), check.name
    else:
        assert isinstance(check, Sequential)
        judgement, statistic = check.judge_sequence(found.sequence, run), found.sequence.name
    return Result(
        experiment, found.tally, complete, judgement, statistic, alarm, found.seconds, found.enough
    )
