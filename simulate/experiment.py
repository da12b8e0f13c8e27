"""An experiment: one law of theory/, a way to draw trials, and the check that compares them.

The runner only schedules blocks. What block b holds and the order in which tallies are added do not
depend on it, so counts are the same for any number of workers.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from reports import record
from simulate.samplers import Sampler
from simulate.statistics import Check, Judgement, Range
from simulate.streams import Block, blocks
from simulate.tallies import Tally
from theory import law

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

FAMILY_FALSE_ALARM = 1e-6
"""Probability at most that any experiment of a run contradicts a true law."""

DEFAULT_TRIALS = 1_000_000

Measure = Callable[[Block, Sampler], "Float[np.ndarray, ' trials']"]
"""The values of all trials of a block, `streams.SIZE` of them."""

S = TypeVar("S")
R = TypeVar("R")


@dataclass(frozen=True)
class Experiment:
    """One law against one sample.

    claim: key of the claim in theory/; law: what of theory/ is evaluated, as 'module.function';
    most: trials that suffice, with the reason in small_by_design
    """

    key: str
    claim: str
    question: str
    title: str
    law: str
    parameters: dict[str, float]
    measure: Measure
    check: Check[Any]
    most: int | None = None
    small_by_design: str | None = None

    def trials(self, wanted: int) -> int:
        """How many trials to run when `wanted` are asked for."""
        return wanted if self.most is None else min(wanted, self.most)


@dataclass(frozen=True)
class Result:
    """What came of an experiment. seconds: computing time, summed over its blocks."""

    experiment: Experiment
    tally: Tally
    judgement: Judgement
    false_alarm: float
    seconds: float

    def entry(self) -> record.Experiment:
        """The experiment as a record holds it."""
        e = self.experiment
        return record.Experiment(
            key=e.key,
            claim=e.claim,
            question=e.question,
            title=e.title,
            law=e.law,
            parameters=e.parameters,
            n=self.tally.trials,
            statistic=e.check.name,
            false_alarm=self.false_alarm,
            small_by_design=e.small_by_design or self._why_few(),
            seconds=round(self.seconds, 3),
            **vars(self.judgement),
        )

    def _why_few(self) -> str | None:
        """Why there are fewer than the default number of trials: somebody asked for fewer."""
        trials = self.tally.trials
        return f"asked for: --trials {trials}" if trials < DEFAULT_TRIALS else None


def number(name: str, *arguments: float) -> float:
    """Value of a law at numbers."""
    return float(law(name)(*arguments))


def exactly(name: str, *arguments: float) -> Callable[[], Range]:
    """The law's value as both bounds, computed when it is first asked for."""
    return lambda: (number(name, *arguments),) * 2


def false_alarm_share(catalogue: Sequence[Experiment]) -> float:
    """What each statistical check of the whole catalogue may spend (Bonferroni)."""
    return FAMILY_FALSE_ALARM / sum(e.check.statistical for e in catalogue)


def run(
    experiments: Sequence[Experiment],
    share: float,
    sampler: Sampler,
    trials: int = DEFAULT_TRIALS,
    seed: int = 0,
    workers: int = 1,
    progress: Callable[[int], object] = lambda trials: None,
) -> list[Result]:
    """Run experiments block by block on threads; `progress` is told of trials as they are done."""
    for e in experiments:
        law(e.law)  # imported here, once, not by whichever thread comes first
    tallies: dict[str, Tally] = {}
    seconds = dict.fromkeys((e.key for e in experiments), 0.0)
    tasks = ((e, b, k) for e in experiments for b, k in blocks(seed, e.key, e.trials(trials)))

    def compute(task: tuple[Experiment, Block, int]) -> tuple[Experiment, int, Tally, float]:
        experiment, block, counted = task
        begin = time.thread_time()
        tally = experiment.check.tally(experiment.measure(block, sampler)[:counted])
        return experiment, counted, tally, time.thread_time() - begin

    for experiment, counted, tally, spent in _in_order(compute, tasks, workers):
        key = experiment.key
        tallies[key] = tallies[key] + tally if key in tallies else tally
        seconds[key] += spent
        progress(counted)
    results = []
    for e in experiments:
        alarm = share if e.check.statistical else 0.0
        judgement = e.check.judge(tallies[e.key], e.trials(trials), alarm)
        results.append(Result(e, tallies[e.key], judgement, alarm, seconds[e.key]))
    return results


def _in_order(compute: Callable[[S], R], tasks: Iterable[S], workers: int) -> Iterator[R]:
    """Results in the order of the tasks, with a few tasks per worker under way at a time."""
    ahead: deque[Future[R]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for task in tasks:
                ahead.append(pool.submit(compute, task))
                if len(ahead) > 4 * workers:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
