"""`python -m simulate`: test the laws of questions 2a to 2e on random samples."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from reports.record import (
    ROOT,
    ArgumentParser,
    Clock,
    InputError,
    SimulateRecord,
    exit_on_input_error,
)
from reports.record import write as write_record
from simulate import tables
from simulate.catalogue import DEFAULT_ALPHA, catalogue
from simulate.experiment import (
    DEFAULT_TRIALS,
    FAMILY_FALSE_ALARM,
    Experiment,
    Result,
    false_alarm_share,
)
from simulate.runner import run
from simulate.samplers import SAMPLERS
from simulate.statistics import MISS
from theory.proof.plain import prose

RECORD = ROOT / "results" / "quick" / "simulate.json"


def main(argv: list[str] | None = None) -> int:
    """Run experiments, print what came of them, write the record.

    Returns 1 if a law is contradicted, else 0. Asked about single experiments with --only, it
    prints and writes no record.
    Raises: InputError for arguments that cannot be used.
    """
    clock = Clock()
    arguments = _parser().parse_args(argv)
    trials, alpha = _whole(arguments.trials, "--trials", 1), _alpha(arguments.alpha)
    seed = _whole(arguments.seed, "--seed", 0)
    workers = _whole(arguments.workers, "--workers", 1)
    experiments = catalogue(alpha)
    chosen = _chosen(experiments, arguments.only)
    if arguments.list:
        for e in chosen:
            print(f"{e.question:5} {e.key:40} {prose(e.title)}")
        return 0

    if not arguments.only:
        _prepare(arguments.record)
    share = false_alarm_share(experiments)
    sampler = SAMPLERS[arguments.sampler]
    total = sum(e.trials(trials) for e in chosen)
    with tqdm(total=total, unit=" trials", unit_scale=True, desc="simulate", disable=None) as bar:
        results = run(chosen, share, sampler, trials, seed, workers, bar.update)
    print(table(results))
    print(summary(results, seed))
    if not arguments.only:
        by_key = {r.experiment.key: r for r in results}
        written = tables.write(by_key, alpha, seed, sampler, arguments.record)
        entries = tuple(r.entry() for r in results)
        provenance = clock.provenance(seed)
        write_record(
            arguments.record, SimulateRecord(provenance, FAMILY_FALSE_ALARM, entries, written)
        )
        print(f"Record: {arguments.record}")
    return int(any(r.failed for r in results))


def table(results: Sequence[Result]) -> str:
    """One line an experiment, under a line of headings."""
    rows = [("question", "experiment", "n", "measured", "law", "distance", "threshold",
             "detectable", "verdict")]  # fmt: skip
    for r in results:
        j = r.judgement
        rows.append(
            (
                r.experiment.question,
                r.experiment.key,
                f"{r.tally.trials:,}",
                _number(j.observed),
                _number(j.expected),
                _number(j.distance),
                _number(j.threshold),
                _number(j.detectable),
                j.verdict,
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    left = (0, 1, 8)
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def summary(results: Sequence[Result], seed: int) -> str:
    """What the table means."""
    verdicts = [r.judgement.verdict for r in results]
    counts = ", ".join(
        f"{verdicts.count(v)} {v}" for v in ("consistent", "contradicted", "inconclusive")
    )
    trials = sum(r.tally.trials for r in results)
    return (
        f"{len(results)} experiments, {trials:,} trials, seed {seed}: {counts}.\n"
        "A distance above its threshold contradicts the law; if all laws hold, the probability of "
        f"that anywhere in a full run is at most {FAMILY_FALSE_ALARM:g}.\n"
        f"A discrepancy of the size called detectable is missed with probability {MISS:g} at most; "
        "exact bounds and identities leave room for rounding alone. --list says what each "
        "experiment measures."
    )


def _parser() -> argparse.ArgumentParser:
    parser = ArgumentParser(prog="python -m simulate", description=__doc__)
    add = parser.add_argument
    add("--trials", default=str(DEFAULT_TRIALS), help="trials an experiment, e.g. 1e6")
    add("--seed", default="0", help="seed of all random streams")
    add("--workers", default=str(_cores()), help="threads; the results do not depend on it")
    add("--alpha", default=str(DEFAULT_ALPHA), help="smallest variance α of the random keys")
    add("--sampler", choices=sorted(SAMPLERS), default="reduced",
        help="draw scores from their own law (reduced), or whole keys (full)")  # fmt: skip
    add("--record", type=Path, default=RECORD, help="where the record goes")
    add("--only", action="append", default=[], metavar="KEY",
        help="run experiments whose key is or starts with KEY, and write no record")  # fmt: skip
    add("--list", action="store_true", help="list the experiments and stop")
    return parser


def _chosen(experiments: Sequence[Experiment], keys: Sequence[str]) -> list[Experiment]:
    """The experiments named by `keys`, in full or by their first words; all if there are none."""
    for key in keys:
        if not any(_named(e, key) for e in experiments):
            raise InputError(f"--only: no experiment is called {key!r}; --list lists them")
    return [e for e in experiments if not keys or any(_named(e, key) for key in keys)]


def _named(experiment: Experiment, key: str) -> bool:
    return f"{experiment.key}.".startswith(f"{key}.")


def _prepare(path: Path) -> None:
    """Make the record's folder before the work is done rather than after."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise InputError(f"{path}: cannot be written: {problem.strerror}") from None
    if path.is_dir():
        raise InputError(f"{path}: cannot be written: it is a folder")


def _whole(text: str, option: str, least: int) -> int:
    """A whole number, also written as 1e6."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (value.is_integer() and value >= least):
        raise InputError(f"{option} must be a whole number of at least {least}, got {text!r}")
    return int(text) if text.isdecimal() else int(value)


def _alpha(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise InputError(f"--alpha must be a positive variance, got {text!r}")
    return value


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


if __name__ == "__main__":
    exit_on_input_error(main)
