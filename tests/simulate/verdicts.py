"""What experiments say at the share of the false alarm that each has in the whole catalogue."""

from __future__ import annotations

from collections.abc import Iterable

from simulate.catalogue import catalogue
from simulate.experiment import DEFAULT_TRIALS, Experiment, Result, false_alarm_share
from simulate.runner import run
from simulate.samplers import Sampler, reduced

SHARE = false_alarm_share(catalogue())


def results(
    experiments: Iterable[Experiment], sampler: Sampler = reduced, trials: int = DEFAULT_TRIALS
) -> dict[str, Result]:
    """By key; the seed is fixed, so that a test passes always or never."""
    found = run(list(experiments), SHARE, sampler, trials=trials, seed=1)
    return {r.experiment.key: r for r in found}


def verdicts(
    experiments: Iterable[Experiment], sampler: Sampler = reduced, trials: int = DEFAULT_TRIALS
) -> dict[str, str]:
    found = results(experiments, sampler, trials)
    return {key: r.judgement.verdict for key, r in found.items()}


def contradicted(
    experiments: Iterable[Experiment], sampler: Sampler = reduced, trials: int = DEFAULT_TRIALS
) -> set[str]:
    found = verdicts(experiments, sampler, trials)
    return {key for key, verdict in found.items() if verdict == "contradicted"}
