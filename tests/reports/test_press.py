"""Printing: tags, bookmarks, links, the same bytes twice, and what stops the press."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pypdf
import pytest

from reports.__main__ import main
from reports.press import AssetFetcher, PrintingError, print_pdf
from reports.record import ROOT

PAGE = '<html lang="en"><head><title>t</title></head><body><h1>t</h1>{}</body></html>'


def test_the_pdf_is_tagged_and_titled(built: Any) -> None:
    reader = pypdf.PdfReader(built.pdf)
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert "/StructTreeRoot" in root
    assert reader.metadata is not None
    assert "Self-Attention" in str(reader.metadata.title)
    xmp = root["/Metadata"].get_object().get_data().decode()
    assert "pdfuaid" in xmp


def test_bookmarks_name_every_question(built: Any) -> None:
    reader = pypdf.PdfReader(built.pdf)
    titles = [str(entry.title) for entry in reader.outline if not isinstance(entry, list)]
    assert any(title.startswith("2a") for title in titles)
    assert any(title.startswith("4c") for title in titles)
    assert any(title.startswith("Appendix") for title in titles)


def test_the_contents_give_the_pages_that_bookmarks_lead_to(built: Any) -> None:
    reader = pypdf.PdfReader(built.pdf)
    page = {
        entry.title: (reader.get_destination_page_number(entry) or 0) + 1
        for entry in reader.outline
        if not isinstance(entry, list)
    }
    contents = reader.pages[1].extract_text()
    for title in ("Results", "Reference runs"):
        line = next(line for line in contents.splitlines() if line.startswith(title))
        assert line.replace(" ", "").endswith(f".{page[title]}"), line


def test_links_inside_the_pdf_have_targets(built: Any) -> None:
    reader = pypdf.PdfReader(built.pdf)
    named = set(reader.named_destinations)
    links = [
        annotation.get_object()["/Dest"]
        for page in reader.pages
        for annotation in page.get("/Annots", [])
        if "/Dest" in annotation.get_object()
    ]
    assert len(links) > 15
    assert {link for link in links if isinstance(link, str)} <= named


def test_fonts_are_embedded_and_ours(built: Any) -> None:
    names = set()
    for page in pypdf.PdfReader(built.pdf).pages:
        resources: Any = page["/Resources"]
        for font in resources.get("/Font", {}).values():
            names.add(str(font.get_object()["/BaseFont"]).split("+")[-1])
    assert names
    assert all(name.startswith("Report-") for name in names), names


def test_another_process_prints_the_same_bytes(built: Any, fake: Any, tmp_path: Path) -> None:
    fake.shelf(tmp_path / "results")
    subprocess.run(
        [sys.executable, "-m", "reports", "--results", str(tmp_path / "results"),
         "--output", str(tmp_path)],
        cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "1"}, check=True, capture_output=True,
    )  # fmt: skip
    for name in ("report.pdf", "report.html"):
        here, there = built.pdf.with_name(name), tmp_path / name
        assert (
            hashlib.sha256(here.read_bytes()).digest()
            == hashlib.sha256(there.read_bytes()).digest()
        )


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "http://169.254.169.254/", "https://example.org/", "ftp://x/", "x.svg"],
)
def test_nothing_outside_is_fetched(url: str) -> None:
    with pytest.raises(ValueError):
        AssetFetcher({}).fetch(url)
    with pytest.raises(PrintingError):
        print_pdf(PAGE.format(f'<img src="{url}" alt="x">'), {})


def test_assets_and_embedded_data_are_handed_out() -> None:
    fetcher = AssetFetcher({"a.svg": b"<svg/>"})
    assert fetcher.fetch("asset:a.svg").read() == b"<svg/>"
    assert fetcher.fetch("data:text/plain,hello").read() == b"hello"
    with pytest.raises(ValueError, match=r"'b\.svg'"):
        fetcher.fetch("asset:b.svg")


@pytest.mark.parametrize(
    "body", ['<p style="colour: red">x</p>', '<img src="asset:none.svg" alt="x">', "<style>p { a"]
)
def test_any_warning_stops_the_press(body: str) -> None:
    with pytest.raises(PrintingError, match="WeasyPrint"):
        print_pdf(PAGE.format(body), {})


def test_a_clean_page_prints() -> None:
    assert print_pdf(PAGE.format("<p>x</p>"), {}).pages == 1


def test_a_failed_build_leaves_the_old_report(fake: Any, tmp_path: Path) -> None:
    folder = fake.shelf(tmp_path / "results")
    output = tmp_path / "build"
    output.mkdir()
    (output / "report.pdf").write_bytes(b"old")
    (folder / "theory.json").unlink()
    done = subprocess.run(
        [sys.executable, "-m", "reports", "--results", str(tmp_path / "results"),
         "--output", str(output)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "theory.json: no such record; run `make theory`" in done.stderr
    assert (output / "report.pdf").read_bytes() == b"old"
    assert sorted(p.name for p in output.iterdir()) == ["report.pdf"]


def test_a_bad_formula_in_a_record_fails_by_name(fake: Any, tmp_path: Path) -> None:
    from reports.mathematics import FormulaError

    claims = tuple(fake.claim(q, statement=r"$\nonsense{x}$") for q in fake.QUESTIONS)
    fake.shelf(tmp_path, changes={"theory.json": {"claims": claims}})
    with pytest.raises(FormulaError, match="nonsense"):
        main(["--results", str(tmp_path), "--output", str(tmp_path / "build")])
    assert not (tmp_path / "build").exists()
