"""Run every benchmark, or those named: `python -m benchmarks [name …]`."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks import attention, generation, public_attention, sampling, training
from reports.record import ArgumentParser, exit_on_input_error

BENCHMARKS: dict[str, Callable[[], None]] = {
    "sampling": sampling.run_all,
    "training": training.run,
    "generation": generation.run,
    "attention": attention.run,
    "public_attention": public_attention.run,
}


def main(argv: list[str] | None = None) -> int:
    parser = ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], metavar="name")
    names = parser.parse_args(argv).names or list(BENCHMARKS)
    for name in names:
        BENCHMARKS[name]()
    return 0


if __name__ == "__main__":
    exit_on_input_error(main)
