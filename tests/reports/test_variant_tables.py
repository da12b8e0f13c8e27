"""The tables of variants: each number is that of a record, and each is compared with vanilla."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binomtest

from reports import study_figures, variant_tables
from reports.comparison import Paired
from reports.document import render
from reports.figures import Figure
from reports.formats import interval, number, percent, whole
from reports.options import in_words
from reports.record import Count, EvaluationRecord, TrainingRecord, read, write
from reports.shelf import Shelf, gather
from reports.studies import collect
from reports.variant_tables import VariantRow

OPTIONS = {"k": 8, "rotary": False, "share": "headwise"}


def plain(html: str) -> str:
    """Its text, every space an ordinary one."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def cells(html: str, key: str) -> list[list[str]]:
    """The text of each cell of a table's body, row by row."""
    body = html.split(f'id="table-{key}"', 1)[1].split("<tbody>", 1)[1].split("</tbody>", 1)[0]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [[plain(cell) for cell in re.findall(r"<td.*?</td>", row)] for row in rows]


def shown(value: int) -> str:
    return plain(whole(value))


def shown_result(count: Count) -> list[str]:
    share = plain(percent(count.accuracy))
    return [shown(count.correct), share, plain(interval(count.interval))]


def against(rows: list[VariantRow]) -> list[tuple[str, int | None, Paired | None]]:
    return [(row.name, row.seed, row.paired) for row in rows]


# --------------------------------------------------------------------------- of the study


@pytest.fixture(scope="module")
def shelf(fake: Any, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    folder = tmp_path_factory.mktemp("results")
    fake.shelf(folder)
    fake.put_studies(folder)
    return gather(folder, "quick", "vanilla")


def rendered(shelf: Shelf, figures: dict[str, Figure]) -> str:
    drawn = {figure.key: figure for figure in study_figures.draw(shelf.studies)}
    return render(shelf, figures | drawn, "html").html


@pytest.fixture(scope="module")
def html(shelf: Shelf, figures: dict[str, Figure]) -> str:
    return rendered(shelf, figures)


def require_the_records_numbers(html: str, shelf: Shelf) -> None:
    """The rows of the page are the study's records, each once."""
    records = {
        (record.entry, str(record.provenance.seed)): record
        for entry in shelf.studies["variants"]
        for record in (made.record for made in entry.runs)
    }
    for first, parameters, seed, rate, *result, _ in cells(html, "variants"):
        record = records.pop((first.split(":")[0], seed))
        assert record.sentence in first
        for name, value in record.hyperparameters["attention"].items():
            assert in_words({name: value}) in first
        assert parameters == shown(record.parameters)
        pretraining = record.runs[0]
        assert rate == shown(round(pretraining.tokens / pretraining.seconds))
        assert result == shown_result(record.answers[-1].result)
    assert records == {}


def test_every_number_of_the_study_is_a_records(html: str, shelf: Shelf) -> None:
    require_the_records_numbers(html, shelf)
    assert [row[0].split(":")[0] for row in cells(html, "variants")] == [
        "vanilla", "vanilla", "bigbird", "bigbird", "performer", "performer",
    ]  # fmt: skip


@pytest.mark.parametrize("change", [{"tokens_per_second": 99.0}, {"options": ""}])
def test_a_number_that_is_not_the_records_is_caught(
    shelf: Shelf, figures: dict[str, Figure], change: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = variant_tables.of_study

    def wrong(*arguments: Any) -> list[VariantRow]:
        return [dataclasses.replace(row, **change) for row in made(*arguments)]

    monkeypatch.setattr(variant_tables, "of_study", wrong)
    with pytest.raises(AssertionError):
        require_the_records_numbers(rendered(shelf, figures), shelf)


def test_each_is_compared_with_vanilla_of_its_own_seed(fake: Any, tmp_path: Path) -> None:
    """The first of 40 are right: bigbird has 20 more than vanilla, performer 2 fewer."""
    rows = variant_tables.of_study(collect(fake.put_studies(tmp_path), tmp_path)["variants"])
    better, worse = Paired(20, 0, binomtest(0, 20).pvalue), Paired(0, 2, 0.5)
    expected = [("vanilla", None), ("bigbird", better), ("performer", worse)]
    assert [(name, seed) for name, seed, _ in against(rows)] == [
        (name, seed) for name, _ in expected for seed in (0, 1)
    ]
    for row in rows:
        paired = dict(expected)[row.name]
        if paired is None:
            assert (row.paired, row.adjusted, row.clear) == (None, None, False)
            continue
        assert row.paired is not None
        assert (row.paired.only_first, row.paired.only_second) == (
            paired.only_first, paired.only_second,
        )  # fmt: skip
        assert row.adjusted == pytest.approx(min(1.0, 4 * paired.p))
        assert row.clear == (row.name == "bigbird")


def test_seeds_that_vanilla_has_not_are_not_compared(fake: Any, tmp_path: Path) -> None:
    folder = fake.put_studies(tmp_path)
    (folder / "variants" / "vanilla.seed1.json").unlink()
    rows = variant_tables.of_study(collect(folder, tmp_path)["variants"])
    compared = {(name, seed) for name, seed, paired in against(rows) if paired is not None}
    assert compared == {("bigbird", 0), ("performer", 0)}
    assert [row.adjusted for row in rows if row.name == "performer"] == [0.5, None]


def test_the_page_says_the_comparison_and_whether_it_is_settled(html: str) -> None:
    last = [row[-1] for row in cells(html, "variants")]
    p = plain(number(4 * 2 * 0.5**20))
    assert [text.split("; ")[0] for text in last] == ["–", "–", *["20, 0"] * 2, *["0, 2"] * 2]
    assert last[2] == f"20, 0; {p}"
    assert last[4].endswith("; 1")
    body = html.split('id="table-variants"', 1)[1].split("</tbody>", 1)[0]
    assert body.count("<strong>") == 2


# ------------------------------------------------------------------ of the record's recipe


def test_the_records_recipe_is_beside_the_softmax_entry_that_is_else_the_same(html: str) -> None:
    """Of the entries with 5, 10 and 20 epochs only the last is as long; it has 20 of 40 right."""
    rows = cells(html, "best-variants")
    assert [row[0].split(":")[0] for row in rows] == ["rope", "bigbird", "linformer"]
    assert [row[4] for row in rows] == ["20", "25", "4"]
    first, *others = (row[-1] for row in rows)
    assert first == "–"
    p_values = 2 * 0.5**5, 2 * 2 * 0.5**16  # Holm: the smaller twice
    assert others == [
        f"{alone}; {plain(number(p))}" for alone, p in zip(("5, 0", "0, 16"), p_values, strict=True)
    ]


def test_no_softmax_entry_no_comparison(fake: Any, tmp_path: Path) -> None:
    folder = fake.put_studies(tmp_path)
    (folder / "minutes" / "epochs-20.seed0.json").unlink()
    rows = variant_tables.with_best(collect(folder, tmp_path))
    assert against(rows) == [("bigbird", 0, None), ("linformer", 0, None)]


def test_softmax_alone_is_no_table(fake: Any, tmp_path: Path) -> None:
    folder = fake.put_studies(tmp_path)
    for path in (folder / "best").iterdir():
        path.unlink()
    assert variant_tables.with_best(collect(folder, tmp_path)) == []


# ------------------------------------------------------------------------- of runs made here


def test_an_answer_names_the_table_only_if_its_variant_is_in_it(html: str) -> None:
    """Linformer, BigBird and Performer are answered for; of the first there is no record."""
    assert not any("linformer" in row[0] for row in cells(html, "variants"))
    assert html.count("What a model with it answers") == 2


@pytest.fixture
def both(fake: Any, tmp_path: Path) -> Path:
    """The folder of a profile where vanilla and linformer were trained, one right more."""
    fake.shelf(tmp_path)
    common = fake.training(tmp_path, "vanilla", "pretrain").hyperparameters
    settings = {"hyperparameters": common | {"attention": OPTIONS}, "parameters": 4321}
    more = {"result": fake.count(fake.RIGHT_WITH + 1, fake.PEOPLE)}
    changes = {"linformer.pretrain.json": settings, "linformer.pretrain.evaluate.json": more}
    folder: Path = fake.shelf(tmp_path, variant="linformer", changes=changes)
    return folder


def shelf_of(folder: Path, variant: str = "vanilla") -> Shelf:
    return gather(folder.parent, "quick", variant)


@pytest.mark.parametrize("variant", ["vanilla", "linformer"])
def test_runs_made_here_are_compared_whichever_the_report_is_about(
    both: Path, figures: dict[str, Figure], variant: str
) -> None:
    html = render(shelf_of(both, variant), figures, "html").html
    training = read(both / "linformer.pretrain.json", TrainingRecord)
    evaluation = read(both / "linformer.pretrain.evaluate.json", EvaluationRecord)
    vanilla, linformer = cells(html, "variants-here")
    assert vanilla[0] == "vanilla"
    assert vanilla[-1] == "–"
    assert linformer == [
        "linformer k = 8, E and F shared by the heads", shown(training.parameters), "7",
        shown(round(training.tokens_per_second)), *shown_result(evaluation.result), "1, 0; 1",
    ]  # fmt: skip


def test_one_variant_is_no_comparison(html: str) -> None:
    assert 'id="table-variants-here"' not in html
    assert "Only vanilla was trained here. <code>make variants</code> trains the others." in html


def test_runs_of_another_recipe_or_seed_are_not_compared(both: Path, fake: Any) -> None:
    path = both / "linformer.pretrain.evaluate.json"
    record = read(path, EvaluationRecord)
    assert len(variant_tables.made_here(shelf_of(both))) == 2
    write(path, dataclasses.replace(record, provenance=fake.provenance(seed=8)))
    assert [row.paired for row in variant_tables.made_here(shelf_of(both))] == [None, None]
    write(path, dataclasses.replace(record, recipe="practical"))
    assert variant_tables.made_here(shelf_of(both)) == []
