"""The command line of `python -m simulate`, and what of it cannot be used."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

from reports.record import ROOT, ArgumentParser, InputError
from simulate.catalogue import DEFAULT_ALPHA
from simulate.experiment import DEFAULT_TRIALS
from simulate.samplers import SAMPLERS

RECORD = ROOT / "results" / "quick" / "simulate.json"
LARGEST = 2**53
DEVICES = ("cpu", "cuda")


@dataclass(frozen=True)
class Options:
    """What the user asked for; see `--help`."""

    trials: int
    seed: int
    workers: int | None
    alpha: float
    sampler: str
    device: str
    until: float | None
    record: Path
    only: tuple[str, ...]
    list: bool


def options(argv: list[str] | None) -> Options:
    """The command line, checked.

    Raises: InputError for a value that cannot be used.
    """
    given = _parser().parse_args(argv)
    if given.device == "cuda" and given.sampler == "full":
        raise InputError("--sampler full: whole keys are drawn on the cpu alone")
    return Options(
        trials=whole(given.trials, "--trials", 1),
        seed=whole(given.seed, "--seed", 0),
        workers=None if given.workers is None else whole(given.workers, "--workers", 1),
        alpha=positive(given.alpha, "--alpha", "variance"),
        sampler=given.sampler,
        device=given.device,
        until=None if given.until is None else positive(given.until, "--until", "half-width"),
        record=given.record,
        only=tuple(given.only),
        list=given.list,
    )


def _parser() -> argparse.ArgumentParser:
    parser = ArgumentParser(prog="python -m simulate", description=DESCRIPTION)
    add = parser.add_argument
    add("--trials", default=str(DEFAULT_TRIALS), help="trials an experiment, e.g. 1e6")
    add(
        "--until",
        help="stop an experiment on a mean or probability as soon as it is known to "
        "± this, by intervals that hold at all times; --trials is then the most it may take",
    )
    add("--seed", default="0", help="seed of all random streams")
    add("--workers", help="threads (of each rank); the results do not depend on it")
    add(
        "--device",
        choices=DEVICES,
        default="cpu",
        help="where random keys are drawn; cuda gives other counts of the same law",
    )
    add("--alpha", default=str(DEFAULT_ALPHA), help="smallest variance α of the random keys")
    add(
        "--sampler",
        choices=sorted(SAMPLERS),
        default="reduced",
        help="draw scores from their own law (reduced), or whole keys (full)",
    )
    add("--record", type=Path, default=RECORD, help="where the record goes")
    add(
        "--only",
        action="append",
        default=[],
        metavar="KEY",
        help="run experiments whose key is or starts with KEY, and write no record",
    )
    add("--list", action="store_true", help="list the experiments and stop")
    return parser  # fmt: skip


DESCRIPTION = """Test the laws of theory/ on random samples. Interrupted, the same command goes on
from where it was. `torchrun --nproc-per-node N -m simulate` spreads the work over N ranks."""


def whole(text: str, option: str, least: int) -> int:
    """A whole number, also written as 1e6.

    Raises: InputError if it is none, below `least`, or too large to be counted exactly.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (value.is_integer() and value >= least):
        raise InputError(f"{option} must be a whole number of at least {least}, got {text!r}")
    if value > LARGEST:
        raise InputError(f"{option} must be at most {LARGEST}, got {text!r}")
    return int(text) if text.isdecimal() else int(value)


def positive(text: str, option: str, what: str) -> float:
    """A finite number above 0.

    Raises: InputError if it is none.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise InputError(f"{option} must be a positive {what}, got {text!r}")
    return value
