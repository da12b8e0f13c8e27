"""`python -m reports`: records of a profile become build/report.pdf and build/report.html."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from reports import (
    evidence,
    factorisation,
    scaling,
    scaling_figures,
    spectra,
    study_figures,
    theory_figures,
    training_figures,
)
from reports.document import render
from reports.figures import Figure
from reports.press import print_pdf
from reports.record import ROOT, ArgumentParser, exit_on_input_error, write_bytes
from reports.shelf import Shelf, gather


def main(argv: list[str] | None = None) -> int:
    """Build the report. Nothing is written unless both media could be built.

    Raises: InputError (one line) for records missing or stale, or anything that does not typeset.
    """
    arguments = _arguments(argv)
    begin = time.perf_counter()
    shelf = gather(arguments.results, arguments.profile, arguments.variant)
    figures = draw(shelf)
    page = render(shelf, figures, "pdf")
    printed = print_pdf(page.html, page.assets)
    twin = render(shelf, figures, "html").html.encode("utf-8")
    pdf, html = arguments.output / "report.pdf", arguments.output / "report.html"
    write_bytes(pdf, printed.pdf)
    write_bytes(html, twin)
    for name in shelf.left_out:
        print(f"left out: {name} (stale)")
    seconds = time.perf_counter() - begin
    print(f"{pdf}: {printed.pages} pages, {len(printed.pdf) / 2**20:.1f} MiB")
    print(f"{html}: {len(twin) / 2**20:.1f} MiB; {seconds:.1f} s in all")
    return 0


def draw(shelf: Shelf) -> dict[str, Figure]:
    """All figures of the report, by key.

    Raises: RecordError if the table that a figure is drawn from is not on the shelf.
    """
    table = shelf.simulate.table
    drawn = [drawing(table(key)) for key, drawing in theory_figures.DRAWINGS.items()]
    drawn.append(training_figures.curves([shelf.pretrain, shelf.finetune, shelf.scratch]))
    drawn.append(training_figures.accuracies(evidence.bars(shelf)))
    if shelf.spectrum is not None:
        drawn.append(spectra.draw(shelf.spectrum.record))
    drawn += study_figures.draw(shelf.studies)
    scalings = scaling.weigh(shelf.studies.scalings)
    drawn += scaling_figures.draw(scalings)
    if (factors := factorisation.sides(scalings)) is not None:
        drawn.append(factorisation.draw(factors))
    return {figure.key: figure for figure in drawn}


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = ArgumentParser(prog="python -m reports", description=__doc__)
    parser.add_argument("--profile", default="quick", help="folder of the records (default: quick)")
    parser.add_argument("--variant", default="vanilla", help="the model reported on first")
    parser.add_argument(
        "--results", type=Path, default=ROOT / "results", help="where the profiles' folders lie"
    )
    parser.add_argument(
        "--output", type=Path, default=ROOT / "build", help="where the report is written"
    )
    return parser.parse_args(argv)


if __name__ == "__main__":
    exit_on_input_error(main)
