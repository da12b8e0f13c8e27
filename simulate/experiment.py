"""An experiment: one law of theory/, a way to draw trials, and the check that compares them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports import record
from simulate.samplers import Draw
from simulate.statistics import Check, Judgement, Range
from simulate.streams import SIZE
from simulate.tallies import Tally
from theory import law

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

FAMILY_FALSE_ALARM = 1e-6
"""Probability at most that any experiment of a run contradicts a true law."""

DEFAULT_TRIALS = 1_000_000

FAR_FROM_BOUND = "the sample may stay far from the bound"
FEW = "so few trials may all stay far from the bound"
IDLE = "so few trials could not have contradicted any law"

Measure = Callable[[Draw], "Float[np.ndarray, ' trials']"]
"""The values of all trials of a block."""


@dataclass(frozen=True)
class Experiment:
    """One law against one sample.

    claim: key of the claim in theory/; law: what of theory/ is evaluated, as 'module.function';
    most: trials that suffice, with the reason in small_by_design; untested: why the sample may
    fail to come near a bound, where there is more to say than that; on_keys: whether all
    that is random are scores of random keys, so that an accelerator can draw them
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
    untested: str | None = None
    on_keys: bool = False

    @property
    def may_be_inconclusive(self) -> str | None:
        """Why the sample may fail to put the law to the test; None: it must not.

        A bound on every single trial must be reached: some trials are built to come near it.
        """
        if not self.check.reach:
            return None
        return self.untested or (FAR_FROM_BOUND if self.check.statistical else None)

    def trials(self, wanted: int) -> int:
        """How many trials to run when `wanted` are asked for."""
        return wanted if self.most is None else min(wanted, self.most)


@dataclass(frozen=True)
class Result:
    """What came of an experiment.

    complete: whether every trial that was to be run has a value; statistic: what was judged;
    seconds: computing time, summed over its blocks; early: whether it ended before its last trial
    because its mean was known well enough
    """

    experiment: Experiment
    tally: Tally
    complete: bool
    judgement: Judgement
    statistic: str
    false_alarm: float
    seconds: float
    early: bool

    @property
    def excuse(self) -> str | None:
        """Why the verdict may be 'inconclusive'; None where it must not.

        Trials that are missing or have no value are no excuse.
        """
        if not self.complete:
            return None
        if self.judgement.detectable is None:
            return IDLE
        e = self.experiment
        few = e.check.reach > 0 and self.tally.trials < SIZE
        return e.may_be_inconclusive or (FEW if few else None)

    @property
    def failed(self) -> bool:
        """Whether the law is contradicted, or was not tested by an experiment that had to."""
        verdict = self.judgement.verdict
        return (
            verdict == "contradicted"
            or not self.complete
            or (verdict == "inconclusive" and self.excuse is None)
        )

    def entry(self) -> record.Experiment:
        """The experiment as a record holds it."""
        e = self.experiment
        return record.Experiment(
            key=e.key,
            claim=e.claim,
            question=e.question,
            title=e.title,
            law=e.law,
            parameters={name: float(value) for name, value in e.parameters.items()},
            n=self.tally.trials,
            statistic=self.statistic,
            false_alarm=self.false_alarm,
            may_be_inconclusive=self.excuse,
            small_by_design=e.small_by_design or self._why_few(),
            seconds=round(self.seconds, 3),
            **vars(self.judgement),
        )

    def _why_few(self) -> str | None:
        """Why there are fewer than the default number of trials: somebody asked for fewer."""
        trials = self.tally.trials
        if trials >= DEFAULT_TRIALS:
            return None
        return "known as well as --until asks for" if self.early else f"--trials {trials}"


def number(name: str, *arguments: float) -> float:
    """Value of a law at numbers."""
    return float(law(name)(*arguments))


def exactly(name: str, *arguments: float) -> Callable[[], Range]:
    """The law's value as both bounds, computed when it is first asked for."""
    return lambda: (number(name, *arguments),) * 2


def at_most(name: str, *arguments: float) -> Callable[[], Range]:
    """The law's value as an upper bound, of what is never below 0."""
    return lambda: (0.0, number(name, *arguments))


def false_alarm_share(catalogue: Sequence[Experiment]) -> float:
    """What each statistical check of the whole catalogue may spend (Bonferroni)."""
    return FAMILY_FALSE_ALARM / sum(e.check.statistical for e in catalogue)
