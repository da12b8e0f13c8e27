"""The command line of `python -m simulate`, and what of it cannot be used."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reports.record import ROOT, ArgumentParser, InputError
from simulate import accelerator
from simulate.experiment import DEFAULT_TRIALS
from simulate.samplers import SAMPLERS

RECORD = ROOT / "results" / "quick" / "simulate.json"
LARGEST = 2**53


@dataclass(frozen=True)
class Options:
    """What the user asked for; see `--help`.

    name: of a question of one's own, None for the whole catalogue; numbers: its options as they
    were typed, None where one was not
    """

    name: str | None
    numbers: dict[str, str | None]
    trials: int
    seed: int
    workers: int | None
    sampler: str
    device: Literal["cpu", "cuda"]
    until: float | None
    record: Path
    output: Path | None
    list: bool

    @property
    def run(self) -> dict[str, str | int | float | None]:
        """What the results depend on, besides the experiments."""
        return {
            "seed": self.seed, "trials": self.trials, "sampler": self.sampler,
            "until": self.until, "device": None if self.device == "cpu" else accelerator.name(),
        }  # fmt: skip


def options(argv: list[str] | None) -> Options:
    """The command line, checked.

    Raises: InputError for a value that cannot be used.
    """
    given = _parser().parse_args(argv)
    if given.device == "cuda" and given.sampler == "full":
        raise InputError("--sampler full: whole keys are drawn on the cpu alone")
    numbers = {name: getattr(given, name) for name in NUMBERS}
    for option, value in {**numbers, "alpha": None, "output": given.output}.items():
        if given.name is None and value is not None:
            raise InputError(f"--{option} belongs to a question: python -m simulate NAME")
    if given.name is not None and given.record is not None:
        raise InputError("--record is of the whole catalogue; an answer's record lies in --output")
    return Options(
        name=given.name,
        numbers=numbers,
        trials=whole(given.trials, "--trials", 1),
        seed=whole(given.seed, "--seed", 0),
        workers=None if given.workers is None else whole(given.workers, "--workers", 1),
        sampler=given.sampler,
        device=given.device,
        until=None if given.until is None else positive(given.until, "--until", "half-width"),
        record=given.record or RECORD,
        output=given.output,
        list=given.list,
    )


def _parser() -> argparse.ArgumentParser:
    parser = ArgumentParser(prog="python -m simulate", description=DESCRIPTION)
    add = parser.add_argument
    add(
        "name",
        nargs="?",
        help="a question of your own; or experiments, by the first words of their name or of that "
        "of the claim they test (see --list)",
    )
    add("--trials", default=str(DEFAULT_TRIALS), help="trials an experiment, e.g. 1e6")
    add(
        "--until",
        help="stop an experiment on a mean or probability as soon as it is known to "
        "± this, by intervals that hold at all times; --trials is then the most it may take",
    )
    add("--seed", default="0", help="seed of all random streams")
    add("--alpha", help="smallest variance α of the random keys")
    question = parser.add_argument_group("a question of your own takes some of these")
    for name, what in NUMBERS.items():
        if name != "alpha":
            question.add_argument(f"--{name}", help=what)
    question.add_argument("--output", type=Path, help="folder for its record, table and figure")
    add(
        "--sampler",
        choices=sorted(SAMPLERS),
        default="reduced",
        help="draw scores from their own law (reduced), or whole keys (full)",
    )
    add("--workers", help="threads (of each rank); the results do not depend on it")
    add(
        "--device",
        choices=("cpu", "cuda"),
        default="cpu",
        help="where random keys are drawn; cuda gives other counts of the same law",
    )
    add("--record", type=Path, help="where the record of the whole catalogue goes")
    add("--list", action="store_true", help="list questions and experiments, and stop")
    return parser


DESCRIPTION = """Test the laws of theory/ on random samples. Without a name all experiments run and
their record is written. With one, its laws are tested at numbers of your own, such as:
simulate multi_head --alpha 1e-3 --beta 20 --keys 16. Interrupted, the same command goes on from
where it was. `torchrun --nproc-per-node N -m simulate` spreads the work over N ranks."""

NUMBERS = {
    "alpha": "variance α of the noise",
    "beta": "gain β of the queries",
    "keys": "number n of keys",
    "dim": "dimension d",
    "radial": "variance of k_a along its mean, besides α",
    "heads": "number of heads",
    "margin": "lead Δ of the best score",
    "rows": "rows k of Linformer's projection",
    "epsilon": "error ε of Linformer",
    "delta": "probability δ of a larger one",
    "total": "‖x + y‖ of the Performer's arguments",
    "apart": "‖x − y‖ of the Performer's arguments",
    "draws": "number m of the Performer's directions",
}
"""Options of a question of one's own."""


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
