"""`python -m simulate`: test the laws of theory/ on random samples."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from reports.record import (
    Clock,
    Provenance,
    SimulateRecord,
    exit_on_input_error,
    require_writable,
)
from reports.record import write as write_record
from simulate import accelerator, printing, tables
from simulate.asked import answer
from simulate.asked.questions import ask
from simulate.catalogue import DEFAULT_ALPHA, catalogue
from simulate.experiment import FAMILY_FALSE_ALARM, Experiment, Result, false_alarm_share
from simulate.journal import Journal
from simulate.options import Options, options, positive
from simulate.runner import run
from simulate.samplers import SAMPLERS
from simulate.schedules import Ranks, cores


def main(argv: list[str] | None = None) -> int:
    """Run experiments, print what came of them, write it down.

    Returns 1 if a law is contradicted, or not tested where it had to be, else 0.
    Raises: InputError for arguments that cannot be used.
    """
    clock = Clock()
    given = options(argv)
    if given.list:
        print(printing.listing())
        return 0
    with Ranks() as ranks:
        whole = given.name is None
        results = _whole_catalogue(given, clock, ranks) if whole else _asked(given, clock, ranks)
    return int(any(r.failed for r in results))


def _whole_catalogue(given: Options, clock: Clock, ranks: Ranks) -> list[Result]:
    """Run every experiment, write the record and the tables of the report's figures."""
    typed = given.numbers["alpha"]
    alpha = DEFAULT_ALPHA if typed is None else positive(typed, "--alpha", "variance")
    experiments = catalogue(alpha)
    require_writable(given.record)
    journal = _journal(experiments, given, given.record.parent, ranks)
    results = _run(experiments, false_alarm_share(experiments), given, journal, ranks)
    if ranks.first:
        by_key = {r.experiment.key: r for r in results}
        sampler = SAMPLERS[given.sampler]
        written = tables.write(by_key, alpha, given.seed, sampler, given.record)
        entries = tuple(r.entry() for r in results)
        made = _provenance(given, clock)
        write_record(
            given.record,
            SimulateRecord(made, FAMILY_FALSE_ALARM, given.sampler, entries, written),
        )
        print(f"Record: {given.record}")
    journal.remove()
    return results


def _asked(given: Options, clock: Clock, ranks: Ranks) -> list[Result]:
    """Run the experiments of one's own question, and write the answer into its folder."""
    assert given.name is not None
    question = ask(given.name, given.numbers)
    folder = given.output or answer.folder(question, given.run)
    if ranks.first:
        answer.claim(folder, question, given.run)
    journal = _journal(question.experiments, given, folder, ranks)
    results = _run(question.experiments, question.share, given, journal, ranks)
    if ranks.first:
        for key, why in question.left_out:
            print(f"Left out: {key}: {why}")
        made = _provenance(given, clock)
        print("\n".join(answer.write(folder, question, results, given.run, made)))
    journal.remove()
    return results


def _journal(
    experiments: Sequence[Experiment], given: Options, folder: Path, ranks: Ranks
) -> Journal:
    """The journal of just these experiments, run in just this way."""
    chosen = [{"key": e.key, "parameters": e.parameters} for e in experiments]
    return Journal({"experiments": chosen, **given.run}, folder, ranks)


def _run(
    experiments: Sequence[Experiment], share: float, given: Options, journal: Journal, ranks: Ranks
) -> list[Result]:
    """Run the experiments, going on from where the same run was interrupted; print the results."""
    accelerated = accelerator.on_device("cuda") if given.device == "cuda" else None
    total = sum(e.trials(given.trials) for e in experiments)
    if ranks.first and journal.found():
        print("going on from where this run was interrupted", file=sys.stderr)
    quiet = None if ranks.first else True  # None: shown on a terminal
    try:
        with tqdm(
            total=total, unit=" trials", unit_scale=True, desc="simulate", disable=quiet
        ) as bar:
            results = run(
                experiments, share, SAMPLERS[given.sampler], given.trials, given.seed,
                accelerated=accelerated,
                schedule=ranks.schedule(given.workers or max(1, cores() // ranks.here)),
                journal=journal, until=given.until, progress=bar.update,
            )  # fmt: skip
    except KeyboardInterrupt:
        print("interrupted: the same command goes on from here", file=sys.stderr)
        raise
    if ranks.first:
        print(printing.table(results))
        print(printing.summary(results, given.seed))
    return results


def _provenance(given: Options, clock: Clock) -> Provenance:
    on_cuda = given.device == "cuda"
    name = accelerator.name() if on_cuda else None
    return clock.provenance(given.seed, device=given.device, device_name=name)


if __name__ == "__main__":
    exit_on_input_error(main)
