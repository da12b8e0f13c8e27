"""`python -m data`: build the embedded corpus."""

from __future__ import annotations

import argparse
from pathlib import Path

from data.corpus import CORPORA, summary
from data.embedded import Arguments, build
from reports.record import exit_on_input_error


def main(argv: list[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    arguments = Arguments(
        people=options.people,
        dev_share=options.dev_share,
        control=options.control,
        wordings=options.wordings,
        seed=options.seed,
    )
    folder = options.into / (options.name or "embedded")
    print(summary(folder, *build(arguments, folder)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m data", description=__doc__)
    default = Arguments()
    parser.add_argument("--name", help="name of the corpus (default: embedded)")
    parser.add_argument("--into", type=Path, default=CORPORA, help="folder that holds the corpora")
    parser.add_argument("--people", type=int, default=default.people)
    parser.add_argument("--dev-share", type=int, default=default.dev_share)
    parser.add_argument("--control", type=int, default=default.control)
    parser.add_argument("--wordings", type=int, default=default.wordings)
    parser.add_argument("--seed", type=int, default=default.seed)
    return parser


if __name__ == "__main__":
    exit_on_input_error(main)
