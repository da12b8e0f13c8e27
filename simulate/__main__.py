"""`python -m simulate`: test the laws of theory/ on random samples."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tqdm import tqdm

from reports.record import Clock, InputError, SimulateRecord, exit_on_input_error, require_writable
from reports.record import write as write_record
from simulate import accelerator, printing, tables
from simulate.catalogue import catalogue
from simulate.experiment import FAMILY_FALSE_ALARM, Experiment, Result, false_alarm_share
from simulate.journal import Journal
from simulate.options import Options, options
from simulate.runner import run
from simulate.samplers import SAMPLERS
from simulate.schedules import Ranks, cores
from theory.proof.plain import prose


def main(argv: list[str] | None = None) -> int:
    """Run experiments, print what came of them, write the record.

    Returns 1 if a law is contradicted, or not tested where it had to be, else 0. Asked about single
    experiments with --only, it prints and writes no record.
    Raises: InputError for arguments that cannot be used.
    """
    clock = Clock()
    given = options(argv)
    experiments = catalogue(given.alpha)
    chosen = _chosen(experiments, given.only)
    if given.list:
        for e in chosen:
            print(f"{e.question:5} {e.key:40} {prose(e.title)}")
        return 0

    if not given.only:
        require_writable(given.record)
    with Ranks() as ranks:
        results = _run(chosen, false_alarm_share(experiments), given, ranks)
        if ranks.first:
            print(printing.table(results))
            print(printing.summary(results, given.seed))
            if not given.only:
                _write(results, given, clock)
    return int(any(r.failed for r in results))


def _run(chosen: Sequence[Experiment], share: float, given: Options, ranks: Ranks) -> list[Result]:
    """Run the experiments, going on from where the same run was interrupted."""
    on_cuda = given.device == "cuda"
    accelerated = accelerator.on_device("cuda") if on_cuda else None
    journal = Journal(
        {
            "experiments": [e.key for e in chosen], "share": share, "trials": given.trials,
            "seed": given.seed, "alpha": given.alpha, "sampler": given.sampler,
            "device": accelerator.name() if on_cuda else "cpu", "until": given.until,
        },
        given.record.parent,
        ranks,
    )  # fmt: skip
    total = sum(e.trials(given.trials) for e in chosen)
    quiet = None if ranks.first else True  # None: shown on a terminal
    try:
        with tqdm(
            total=total, unit=" trials", unit_scale=True, desc="simulate", disable=quiet
        ) as bar:
            results = run(
                chosen, share, SAMPLERS[given.sampler], given.trials, given.seed,
                accelerated=accelerated,
                schedule=ranks.schedule(given.workers or max(1, cores() // ranks.here)),
                journal=journal, until=given.until, progress=bar.update,
            )  # fmt: skip
    except KeyboardInterrupt:
        print("interrupted: the same command goes on from here", file=sys.stderr)
        raise
    journal.remove()
    return results


def _write(results: Sequence[Result], given: Options, clock: Clock) -> None:
    """The tables of the figures, and the record that names them."""
    by_key = {r.experiment.key: r for r in results}
    sampler = SAMPLERS[given.sampler]
    written = tables.write(by_key, given.alpha, given.seed, sampler, given.record)
    on_cuda = given.device == "cuda"
    provenance = clock.provenance(
        given.seed,
        device="cuda" if on_cuda else "cpu",
        device_name=accelerator.name() if on_cuda else None,
    )
    entries = tuple(r.entry() for r in results)
    write_record(
        given.record,
        SimulateRecord(provenance, FAMILY_FALSE_ALARM, given.sampler, entries, written),
    )
    print(f"Record: {given.record}")


def _chosen(experiments: Sequence[Experiment], keys: Sequence[str]) -> list[Experiment]:
    """The experiments named by `keys`, in full or by their first words; all if there are none."""
    for key in keys:
        if not any(_named(e, key) for e in experiments):
            raise InputError(f"--only: no experiment is called {key!r}; --list lists them")
    return [e for e in experiments if not keys or any(_named(e, key) for key in keys)]


def _named(experiment: Experiment, key: str) -> bool:
    return f"{experiment.key}.".startswith(f"{key}.")


if __name__ == "__main__":
    exit_on_input_error(main)
