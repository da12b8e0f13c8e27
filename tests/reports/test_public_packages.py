"""Ours beside the public packages: intervals that cover, and ratios shown as they are recorded."""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from reports.document import TEMPLATES, render
from reports.public_packages import Ratio, ratio, weigh, weigh_rows
from reports.record import PackageRecord, PackageRow, RecordError, Side, read, write
from reports.shelf import gather
from reports.studies import Beside, collect

LENGTHS = (128, 256, 512)
RATIOS = {128: 0.5, 256: 1.0, 512: 2.0}
TURNS = (0.9, 0.95, 1.0, 1.0, 1.05, 1.1)


def row(layer: str, precision: Any, work: Any, length: int) -> PackageRow:
    """Ours takes RATIOS times as long, and a quarter of the memory."""
    ours = Side(tuple(RATIOS[length] * turn for turn in TURNS), 2**20)
    theirs = Side((1.0,) * len(TURNS), 2**22)
    return PackageRow(layer, precision, work, length, ours, theirs, None)


@pytest.fixture
def record(fake: Any) -> PackageRecord:
    rows = [
        row(layer, precision, work, length)
        for precision in ("fp32", "bf16")
        for layer in ("performer", "linformer")
        for work in ("forward", "both")
        for length in LENGTHS
    ]
    rows[-1] = dataclasses.replace(rows[-1], ours=None, theirs=None, skipped="it took long")
    return PackageRecord(
        fake.provenance(), threads=2, batch=1, heads=4, size=64,
        packages={"linformer": "0.1", "performer-pytorch": "7.8"},
        options={"performer": {"features": 64}, "linformer": {"k": 32}}, rows=tuple(rows),
    )  # fmt: skip


# ------------------------------------------------------------------------------- intervals


def test_six_turns_give_the_least_and_the_largest_ratio() -> None:
    found = ratio((1, 2, 3, 4, 5, 6), (1, 1, 1, 1, 1, 1))
    assert found == Ratio(3.5, 1.0, 6.0, 1 - 2 / 2**6)


def test_turns_are_paired() -> None:
    assert ratio((1, 2, 4), (2, 4, 8)) == Ratio(0.5, 0.5, 0.5, 0.75)
    assert ratio((4, 2, 1), (2, 4, 8)).most == 2.0
    with pytest.raises(ValueError, match="longer"):
        ratio((1, 2), (1, 2, 3))
    with pytest.raises(ValueError, match="no turns"):
        ratio((), ())


@pytest.mark.parametrize("n", [1, 5, 6, 9, 12, 40])
def test_the_interval_is_the_shortest_that_covers_enough(n: int) -> None:
    """By ranks: with ratios 1 … n the ends are the ranks themselves."""
    found = ratio(tuple(map(float, range(1, n + 1))), (1.0,) * n)
    r = round(found.least)
    assert found.most == n + 1 - r
    assert found.coverage == pytest.approx(1 - 2 * binom.cdf(r - 1, n, 0.5))
    assert r == 1 or found.coverage >= 0.95
    assert 1 - 2 * binom.cdf(r, n, 0.5) < 0.95


def test_the_coverage_is_that_of_samples_of_a_skewed_law() -> None:
    """20 000 samples of nine: five standard errors, a false alarm of 6e-7."""
    drawn = np.random.default_rng(0).exponential(size=(20_000, 9))
    found = [ratio(tuple(sample), (1.0,) * 9) for sample in drawn]
    share = np.mean([f.least <= np.log(2) <= f.most for f in found])
    claimed = found[0].coverage
    assert abs(share - claimed) < 5 * (claimed * (1 - claimed) / 20_000) ** 0.5


def test_slower_and_faster_are_where_the_whole_interval_is(record: PackageRecord) -> None:
    first = weigh_rows(record.rows)[0]
    assert (first.layer, first.work, first.precision) == ("performer", "forward", "fp32")
    assert [found.time.median for found in first.ratios] == [0.5, 1.0, 2.0]
    assert (first.faster_at, first.slower_at) == ([128], [512])
    assert first.ratios[0].memory == 0.25
    swapped = [dataclasses.replace(r, ours=r.theirs, theirs=r.ours) for r in record.rows]
    assert weigh_rows(swapped)[0].slower_at == [128]


# --------------------------------------------------------------------------------- records


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"skipped": null', '"skipped": "slow"', "either measured or said to be skipped"),
        ('"skipped": "it took long"', '"skipped": null', "either measured or said to be skipped"),
        ('"peak": 1048576', '"peak": 0', "expected seconds and a peak, all above 0"),
        ('"layer": "performer"', '"layer": "linformer"', "once at each length"),
        ('"length": 128', '"length": 129', "once at each length"),
        ('"work": "both"', '"work": "back"', "work: expected"),
    ],
)
def test_a_malformed_record_is_refused_in_one_line(
    record: PackageRecord, tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "public-attention.cpu.json"
    write(path, record)
    assert read(path, PackageRecord) == record
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(RecordError, match=message) as problem:
        read(path, PackageRecord)
    assert "\n" not in str(problem.value)


def test_both_sides_need_the_same_turns() -> None:
    one, two = Side((1.0,), 1), Side((1.0, 1.0), 1)
    with pytest.raises(ValueError, match="the same number of turns"):
        PackageRow("performer", "fp32", "both", 128, one, two, None)


def test_the_code_that_moved_on_is_noticed(
    fake: Any, record: PackageRecord, tmp_path: Path
) -> None:
    moved = dataclasses.replace(
        record, provenance=fake.provenance(sources={"gpt/gone.py": "0" * 64})
    )
    write(tmp_path / "benchmarks" / "public-attention.cpu.json", record)
    write(tmp_path / "benchmarks" / "public-attention.cuda.json", moved)
    found = collect(tmp_path, tmp_path)
    assert found.packages == (Beside(record, False), Beside(moved, True))
    assert found.scalings == ()


# ---------------------------------------------------------------------------------- report


@pytest.fixture
def shown(fake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """The part of the report about a record, alone on its page."""
    folder = tmp_path / "templates"
    folder.mkdir()
    for name in ("macros.html", "public_packages.html"):
        shutil.copy(TEMPLATES / name, folder)
    page = '{% import "macros.html" as m with context %}{% include "public_packages.html" %}'
    (folder / "page.html").write_text(page)
    monkeypatch.setattr("reports.document.TEMPLATES", folder)

    def build(record: PackageRecord) -> str:
        fake.shelf(tmp_path)
        write(tmp_path / "reference" / "benchmarks" / "public-attention.cpu.json", record)
        return render(gather(tmp_path, "quick", "vanilla"), {}, "html").html

    return build


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def table_of(html: str, precision: str) -> list[str]:
    body = html.split(f'id="table-packages-cpu-{precision}"', 1)[1].split("<tbody>", 1)[1]
    lines = re.findall(r"<tr>(.*?)</tr>", body.split("</tbody>", 1)[0], re.DOTALL)
    return [text_of(line) for line in lines]


def test_without_a_record_nothing_is_shown_but_the_command(built: Any) -> None:
    part = built.html.split("Beside the public packages", 1)[1].split("</section>", 1)[0]
    assert "so nothing is shown" in part
    assert "python -m benchmarks public_attention" in part
    assert "<table" not in part


def test_tables_and_sentences_are_the_records(
    record: PackageRecord, shown: Callable[..., str]
) -> None:
    html = shown(record)
    text = text_of(html)
    assert "those of linformer 0.1 and performer-pytorch 7.8, with the same weights" in text
    assert "with probability at least 96.9 % if turns" in text
    assert "performer, forward: ours is slower at length 512; faster at 128." in text
    assert "Missing of linformer, both: it took long." in text
    lines = table_of(html, "fp32")
    assert lines[0] == " ".join(["linformer", "128", *["0.50 [0.45–0.55] 0.25"] * 2])
    assert lines[5] == " ".join(["512", *["2.00 [1.80–2.20] 0.25"] * 2])
    assert table_of(html, "bf16")[2] == "512 2.00 [1.80–2.20] 0.25 – –"
    assert html.count("<strong>2.00</strong>") == 7
    assert html.count("<strong>") == 7


def test_another_record_shows_other_numbers(
    record: PackageRecord, shown: Callable[..., str]
) -> None:
    before = shown(record)
    first = record.rows[0]
    assert first.theirs is not None
    changed = dataclasses.replace(first, theirs=Side((0.25,) * len(TURNS), 2**21))
    after = shown(dataclasses.replace(record, rows=(changed, *record.rows[1:])))
    assert table_of(after, "fp32")[3].startswith("performer 128 2.00 [1.80–2.20] 0.50 0.50")
    assert "performer, forward: ours is slower at lengths 128, 512; faster at none." in text_of(
        after
    )
    assert table_of(before, "bf16") == table_of(after, "bf16")
    assert weigh([Beside(record, False)])[0].coverage == pytest.approx(0.96875)
