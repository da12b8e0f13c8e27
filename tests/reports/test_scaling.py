"""Cost against length: exponents and crossings recovered, and shown as they are recorded."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import linregress

from reports import factorisation, scaling_figures
from reports.document import TEMPLATES, render
from reports.figures import Figure
from reports.record import RecordError, Scaling, ScalingRecord, ScalingRow, read, write
from reports.scaling import Crossing, Grown, Growth, crossing, growths, power, weigh
from reports.shelf import gather
from reports.studies import Scaled, collect

LENGTHS = [128 << i for i in range(8)]
TURNS = (0.8, 1.0, 1.25)
LAWS: dict[str, Callable[[int], float]] = {
    "sdpa": lambda n: 1e-8 * n**2,
    "performer": lambda n: 1e-5 * n,  # crosses at 1000
    "bigbird": lambda n: 2e-4 * n,  # would at 20 000
    "linformer": lambda n: 1e-9 * n**1.5,  # always faster
}
WORKS = {"forward": 1.0, "both": 3.0}


def rows(left_out: Mapping[tuple[str, str], int] | None = None) -> tuple[ScalingRow, ...]:
    """Seconds by LAWS, three times as many with the backward pass; memory ∝ length to the power
    0.5, which no time has; left_out: from which length on a way and work is missing."""
    found = []
    for length in LENGTHS:
        for way, law in LAWS.items():
            for work, times in WORKS.items():
                if length >= (left_out or {}).get((way, work), 10**9):
                    found.append(ScalingRow(way, work, length, length, (), None, "it took long"))  # type: ignore[arg-type]
                    continue
                turns = (1.0, 1.0, 1.0) if way == "sdpa" else TURNS
                seconds = tuple(times * law(length) * turn for turn in turns)
                peak = round(2**20 * length**0.5)
                found.append(ScalingRow(way, work, length, length, seconds, peak, None))  # type: ignore[arg-type]
    return tuple(found)


@pytest.fixture
def record(fake: Any) -> ScalingRecord:
    return ScalingRecord(
        fake.provenance(), threads=2, batch=1, heads=4, size=64, causal=True,
        options={"performer": {"features": 64, "map": "positive"}, "bigbird": {"window": 3}},
        crossings={"performer": 255, "bigbird": 1, "linformer": None},
        precisions=(Scaling("fp32", 1e9, rows()),
                    Scaling("bf16", 2e9, rows({("sdpa", "both"): 4096}))),
    )  # fmt: skip


def grown(record: ScalingRecord, way: str, work: str, precision: int = 0) -> Growth:
    (found,) = (g for g in growths(record.precisions[precision]) if (g.way, g.work) == (way, work))
    return found


# ------------------------------------------------------------------------------- exponents


@pytest.mark.parametrize("exponent", [0.5, 1.0, 1.7, 2.0])
def test_an_exponent_is_recovered_from_the_upper_half(exponent: float) -> None:
    points = {n: 3e-7 * n**exponent for n in LENGTHS}
    points |= dict.fromkeys(LENGTHS[:4], 1.0)  # whatever the lower half is
    found = power(points)
    assert found is not None
    assert found.exponent == pytest.approx(exponent)
    assert found.error == pytest.approx(0, abs=1e-9)
    assert (found.first, found.last) == (2048, 16384)
    assert found.linear == (exponent <= 1.1)


def test_the_error_is_that_of_least_squares() -> None:
    points = {n: n * (1.3 if i % 2 else 1.0) for i, n in enumerate(LENGTHS)}
    found = power(points)
    upper = LENGTHS[4:]
    expected = linregress(np.log(upper), np.log([points[n] for n in upper]))
    assert found is not None
    assert (found.exponent, found.error) == pytest.approx((expected.slope, expected.stderr))


def test_two_lengths_give_no_exponent() -> None:
    assert power({n: float(n) for n in LENGTHS[:4]}) is None
    assert power({n: float(n) for n in LENGTHS[:5]}) is not None
    assert power({}) is None


def right(record: ScalingRecord) -> bool:
    """Whether the exponents are those that the record was made with."""
    expected = {"sdpa": 2.0, "performer": 1.0, "bigbird": 1.0, "linformer": 1.5}
    found = growths(record.precisions[0])
    assert [(g.way, g.work) for g in found] == [(way, work) for way in LAWS for work in WORKS]
    return all(
        g.time is not None
        and g.memory is not None
        and abs(g.time.exponent - expected[g.way]) < 1e-6
        and abs(g.memory.exponent - 0.5) < 1e-3
        for g in found
    )


def test_exponents_are_of_the_right_column(record: ScalingRecord) -> None:
    assert right(record)
    (scaling, _) = record.precisions
    for change in (
        lambda row: {"seconds": (float(row.peak),)},
        lambda row: {"peak": round(1e9 * row.seconds[0])},
        lambda row: {"length": LENGTHS[0] * LENGTHS[-1] // row.length},
    ):
        wrong = tuple(dataclasses.replace(row, **change(row)) for row in scaling.rows)
        other = dataclasses.replace(scaling, rows=wrong)
        assert not right(dataclasses.replace(record, precisions=(other,)))


def test_the_floor_is_the_multiply_adds_over_the_rate(record: ScalingRecord) -> None:
    found = grown(record, "performer", "both")
    assert (found.at, found.floor, found.seconds) == (16384, 16384 / 1e9, pytest.approx(0.49152))
    found = grown(record, "sdpa", "both", 1)  # measured up to 2048 alone
    assert (found.at, found.floor) == (2048, 2048 / 2e9)


# ------------------------------------------------------------------------------- crossings


def turns(way: str, times: tuple[float, ...] = (1.0,)) -> dict[int, tuple[float, ...]]:
    return {n: tuple(LAWS[way](n) * turn for turn in times) for n in LENGTHS}


def test_a_crossing_is_found_between_lengths_with_its_range() -> None:
    found = crossing(turns("performer", TURNS), turns("sdpa", (1.0, 1.0, 1.0)))
    assert found is not None
    assert (found.least, found.length, found.most) == pytest.approx((800, 1000, 1250))
    assert (found.shortest, found.longest, found.always) == (128, 16384, False)


def test_ways_swapped_are_noticed() -> None:
    """The slower one at great lengths never crosses for good."""
    swapped = crossing(turns("sdpa"), turns("performer"))
    assert swapped == Crossing(None, None, None, 128, 16384)


def test_not_reached_and_always() -> None:
    assert crossing(turns("bigbird"), turns("sdpa")) == Crossing(None, None, None, 128, 16384)
    always = crossing(turns("linformer"), turns("sdpa"))
    assert always == Crossing(128.0, 128.0, 128.0, 128, 16384)
    assert always.always


def test_a_turn_that_does_not_cross_leaves_the_range_open() -> None:
    found = crossing(turns("performer", (1.0, 1.0, 30.0)), turns("sdpa", (1.0, 1.0, 1.0)))
    assert found is not None
    assert found.length == pytest.approx(1000)
    assert found.least == pytest.approx(1000)
    assert found.most is None


def test_lengths_that_only_one_has_do_not_count() -> None:
    """From 1024 on the opponent is missing: whether the way is faster there nobody knows."""
    short = {n: values for n, values in turns("sdpa").items() if n < 1024}
    assert crossing(turns("performer"), short) == Crossing(None, None, None, 128, 512)
    assert crossing(turns("performer"), {}) is None


def test_the_last_crossing_counts() -> None:
    """Faster at 128 already, then slower, then faster for good."""
    way = turns("performer") | {128: (1e-9,)}
    found = crossing(way, turns("sdpa"))
    assert found is not None
    assert found.length == pytest.approx(1000)


# --------------------------------------------------------------------------------- records


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"skipped": null', '"skipped": "slow"', "measured, but said to be skipped"),
        ('"peak": 11863283', '"peak": null', "neither measured nor said to be skipped"),
        ('"peak": 11863283', '"peak": 0', "seconds and peak must be above 0"),
        ('"length": 128', '"length": 0', "length and multiply_adds must be at least 1"),
        ('"way": "sdpa"', '"way": "performer"', "each way and work once at each length"),
        ('"length": 128', '"length": 129', "each way and work once at each length"),
        ('"matrix_rate": 1000000000.0', '"matrix_rate": 0', "matrix_rate is 0.0"),
        ('"work": "both"', '"work": "back"', "work: expected"),
    ],
)
def test_a_malformed_record_is_refused_in_one_line(
    record: ScalingRecord, tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "attention.cpu.json"
    write(path, record)
    assert read(path, ScalingRecord) == record
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(RecordError, match=message) as problem:
        read(path, ScalingRecord)
    assert "\n" not in str(problem.value)


def test_the_code_that_moved_on_is_noticed(
    fake: Any, record: ScalingRecord, tmp_path: Path
) -> None:
    moved = dataclasses.replace(
        record, provenance=fake.provenance(sources={"gpt/gone.py": "0" * 64})
    )
    write(tmp_path / "benchmarks" / "attention.cpu.json", record)
    write(tmp_path / "benchmarks" / "attention.cuda.json", moved)
    found = collect(tmp_path, tmp_path)
    assert found.scalings == (Scaled(record, False), Scaled(moved, True))
    assert found.benchmarks == ()


# ---------------------------------------------------------------------------------- report


@pytest.fixture
def shown(fake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """The part of the report about a record, alone on its page."""
    folder = tmp_path / "templates"
    folder.mkdir()
    for name in ("macros.html", "speed.html", "scaling.html", "public_packages.html"):
        shutil.copy(TEMPLATES / name, folder)
    page = '{% import "macros.html" as m with context %}{% include "speed.html" %}'
    (folder / "page.html").write_text(page)
    monkeypatch.setattr("reports.document.TEMPLATES", folder)

    def build(record: ScalingRecord) -> str:
        fake.shelf(tmp_path)
        write(tmp_path / "reference" / "benchmarks" / "attention.cpu.json", record)
        shelf = gather(tmp_path, "quick", "vanilla")
        keys = [f"scaling-{found.key}" for found in weigh(shelf.studies.scalings)]
        html = render(shelf, {key: Figure(key, "", b"") for key in keys}, "html").html
        return html.split("Attention alone, ever longer", 1)[1].split("</section>", 1)[0]

    return build


def table_of(html: str, key: str) -> list[str]:
    body = html.split(f'id="table-{key}"', 1)[1].split("<tbody>", 1)[1].split("</tbody>", 1)[0]
    lines = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", line).split()) for line in lines]


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).replace("&gt;", ">").split())


def test_without_a_record_nothing_is_shown_but_the_command(built: Any) -> None:
    part = built.html.split("Attention alone, ever longer", 1)[1].split("</section>", 1)[0]
    assert "so nothing is shown" in part
    assert "python -m benchmarks attention" in part
    assert "<table" not in part
    assert "<img" not in part


def test_tables_and_sentences_are_the_records(
    record: ScalingRecord, shown: Callable[..., str]
) -> None:
    html = shown(record)
    growth = table_of(html, "scaling-cpu-fp32")
    assert growth[0].startswith("sdpa forward 2.00 ± 0.00")
    assert growth[0].endswith("– – – 16 384 2.68 163 840")
    assert growth[2].endswith("1 000 800 – 1 250 255 16 384 0.164 10 000")
    assert growth[4].endswith("&gt;&nbsp;16 384 16 000 – &gt;&nbsp;16 384 1 16 384 3.28 200 000")
    assert "≤ 128 ≤ 128 – 16 384 0.0021" in growth[6]
    times = table_of(html, "times-cpu-fp32")
    assert len(times) == len(LENGTHS)
    assert times[-1].startswith("16 384 2 684 8 053 128 164 492 128 3 277 ")
    assert times[0] == "128 0.164 0.492 11.3 1.28 3.84 11.3 25.6 76.8 11.3 0.00145 0.00434 11.3"
    told = text_of(html)
    assert "performer, forward: its time grows as the length to the power 1.00 ± 0.00" in told
    assert "it is faster than sdpa from length 1 000 on." in told
    assert "bigbird, forward and backward: its time" in told
    assert "it is not faster than sdpa up to length 16 384, the longest at which both" in told
    assert "it is faster than sdpa from length 128 on, the shortest timed." in told
    assert "64 a head, positive features" in told
    assert "more than linear" in told
    assert "an imagined processor, 2 threads; commit ffffffffffff" in told


def test_what_is_missing_is_shown_as_missing_and_why(
    record: ScalingRecord, shown: Callable[..., str]
) -> None:
    html = shown(record)
    times = table_of(html, "times-cpu-bf16")
    assert times[5].startswith("4 096 168 – – 41")
    assert "Missing from these tables: sdpa, both: it took long." in text_of(html)
    told = text_of(html.split('id="table-times-cpu-fp32"', 1)[1])
    assert "it is not faster than sdpa up to length 2 048, the longest at which both" in told


def test_another_record_shows_other_numbers(
    record: ScalingRecord, shown: Callable[..., str]
) -> None:
    """Each number of a row, of the counts and of the rate reaches the page."""
    before = shown(record)
    fp32, bf16 = record.precisions
    last = fp32.rows[-1]
    for change in ({"seconds": (9.87, 9.87, 9.87)}, {"peak": 987 * 2**20}, {"multiply_adds": 987}):
        other = dataclasses.replace(
            fp32, rows=(*fp32.rows[:-1], dataclasses.replace(last, **change))
        )
        after = shown(dataclasses.replace(record, precisions=(other, bf16)))
        assert table_of(before, "scaling-cpu-fp32")[-1] != table_of(after, "scaling-cpu-fp32")[-1]
        assert table_of(before, "scaling-cpu-bf16") == table_of(after, "scaling-cpu-bf16")
    after = shown(dataclasses.replace(record, crossings=record.crossings | {"performer": 987}))
    assert after.count("987") == 4
    other = dataclasses.replace(fp32, matrix_rate=9.87e11)
    assert "9.87" in shown(dataclasses.replace(record, precisions=(other, bf16)))
    assert "9.87" not in before
    assert "987" not in before


def test_figures_tell_their_ends_and_are_the_same_twice(record: ScalingRecord) -> None:
    drawn = scaling_figures.draw(weigh([Scaled(record, False)]))
    assert [figure.key for figure in drawn] == ["scaling-cpu-fp32", "scaling-cpu-bf16"]
    assert "forward: sdpa 0.164 ms at 128 to 2.68e+03 ms at 16384, performer 1.28" in drawn[0].alt
    assert "forward and backward: sdpa 0.492 ms at 128 to 126 ms at 2048" in drawn[1].alt
    assert "memory of both: sdpa 11.3 MiB at 128 to 45.3 MiB at 2048" in drawn[1].alt
    again = scaling_figures.draw(weigh([Scaled(record, False)]))
    assert [figure.svg for figure in drawn] == [figure.svg for figure in again]


def test_a_way_measured_nowhere_is_not_drawn(record: ScalingRecord) -> None:
    scaling = Scaling("fp32", 1e9, rows({("linformer", work): 0 for work in WORKS}))
    (found,) = weigh([Scaled(dataclasses.replace(record, precisions=(scaling,)), False)])
    assert "linformer" not in {g.way for g in found.growths}
    assert "linformer" not in scaling_figures.growth(found).alt
    assert json.dumps([cell.forward for cell in found.cells[128]]).endswith("null]")


# ------------------------------------------------------------------- Figure 1 of the handout


def all_grown(record: ScalingRecord) -> list[Grown]:
    return weigh([Scaled(record, False)])


def test_both_orders_are_told_at_the_longest_length_that_both_were_timed_at(
    record: ScalingRecord,
) -> None:
    found = factorisation.sides(all_grown(record))
    assert found is not None
    assert (found.length, found.features, found.size) == (16_384, 64, 64)
    assert factorisation.draw(found).alt == (
        "Attention at length 16\u202f384 with 64 features and values of width 64: exact, 1.64e-05 "
        "billion multiply-adds, 2,684 ms; through features, 1.64e-05 billion multiply-adds, 164 ms."
    )
    cut = dataclasses.replace(
        record, precisions=(Scaling("fp32", 1e9, rows({("sdpa", "forward"): 2048})),)
    )
    found = factorisation.sides(all_grown(cut))
    assert found is not None
    assert found.length == 1024


def test_without_both_ways_there_is_no_such_figure(record: ScalingRecord) -> None:
    none = dataclasses.replace(
        record, precisions=(Scaling("fp32", 1e9, rows({("performer", "forward"): 1})),)
    )
    assert factorisation.sides(all_grown(none)) is None
    assert factorisation.sides([]) is None
