"""What is asked of a benchmark by length: up to which, how often, how long, where."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from benchmarks import measure
from gpt.arguments import positive
from reports.record import ArgumentParser

SHORTEST = 128


@dataclass(frozen=True)
class Settings:
    """largest: no length is above it; limit: seconds of a call above which longer are left out"""

    largest: int = 16_384
    repetitions: int = 5
    limit: float = 2.0
    device: str = "auto"

    @property
    def lengths(self) -> list[int]:
        """From the shortest on, each twice the one before."""
        doublings = range((self.largest // SHORTEST).bit_length())
        return [SHORTEST << doubling for doubling in doublings]


def read(
    program: str, description: str | None, default: Settings, argv: list[str] | None
) -> tuple[Settings, Path]:
    """The settings of a command line, and the folder of the record."""
    parser = ArgumentParser(
        prog=program,
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--largest", type=positive, default=default.largest, metavar="LENGTH")
    parser.add_argument("--repetitions", type=positive, default=default.repetitions)
    parser.add_argument(
        "--limit",
        type=float,
        default=default.limit,
        metavar="SECONDS",
        help="a way whose call takes longer is left out at greater lengths",
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default=default.device)
    parser.add_argument("--output", type=Path, default=measure.RECORDS, metavar="FOLDER")
    given = parser.parse_args(argv)
    if given.largest < SHORTEST:
        parser.error(f"argument --largest: must be at least {SHORTEST}, got {given.largest}")
    if not given.limit > 0:
        parser.error(f"argument --limit: must be above 0, got {given.limit}")
    return Settings(given.largest, given.repetitions, given.limit, given.device), given.output
