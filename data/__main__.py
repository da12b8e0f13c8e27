"""Build the embedded corpus, or import the practical's own files (--from)."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

from data.arguments import Arguments
from data.corpus import CORPORA, folder_of, summary
from reports.record import ArgumentParser, InputError, exit_on_input_error, printable


def main(argv: list[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    given = {f.name: getattr(options, f.name) for f in fields(Arguments) if f.name in options}
    # A record names every module that was loaded, so only the one that is used may be.
    if options.source is None:
        if options.any_version:
            raise InputError("--any-version: only with --from")
        from data import embedded

        folder = folder_of(options.into, options.name or "embedded")
        corpus, record = embedded.build(Arguments(**given), folder)
    else:
        if given:
            option = next(iter(given)).replace("_", "-")
            raise InputError(f"--{option}: not with --from, which generates nothing")
        from data import importing

        folder = folder_of(options.into, options.name or "practical")
        corpus, record = importing.build(options.source, folder, options.any_version)
    for line in summary(folder, corpus, record):
        print(printable(line))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = ArgumentParser(prog="python -m data", description=__doc__)
    parser.add_argument("--name", help="of the corpus (default: embedded, or practical)")
    parser.add_argument(
        "--into", type=Path, default=CORPORA, metavar="FOLDER", help="holds the corpora"
    )
    imported = parser.add_argument_group("import")
    imported.add_argument(
        "--from", dest="source", metavar="SOURCE", help="folder, zip file or http(s) address"
    )
    imported.add_argument(
        "--any-version", action="store_true", help="accept sound files of another version"
    )
    generated = parser.add_argument_group("generation")
    for field in fields(Arguments):
        generated.add_argument(
            f"--{field.name.replace('_', '-')}",
            type=int,
            default=argparse.SUPPRESS,
            metavar="N",
            help=f"{field.metadata['help']} (default: {field.default})",
        )
    return parser


if __name__ == "__main__":
    exit_on_input_error(main)
