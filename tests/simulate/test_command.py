"""`python -m simulate`: what it prints, writes and refuses."""

from __future__ import annotations

import csv
import dataclasses
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from reports.record import ROOT, InputError, SimulateRecord, read, sha256
from simulate import __main__ as command
from simulate.catalogue import catalogue
from simulate.experiment import DEFAULT_TRIALS

COLUMNS = {
    "split": "setting,alpha,beta,left,right,count,n,law_probability",
    "outputs": "heads,trial,weight_a,weight_b",
    "miss": "alpha,n,beta,misses,trials,lower,upper,law,negative_score",
    "variance": "beta,alpha,n,heads,variance,standard_error,limit",
    "excluded": "alpha,n,condition,trials,misses,variance",
    "leak": "n,beta,measured_max,measured_mean,bound",
}
TRIALS = 40_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run with its record and tables."""
    path = tmp_path_factory.mktemp("simulate")
    assert command.main(["--trials", "4e4", "--record", str(path / "simulate.json")]) == 0
    return path


def table(folder: Path, key: str) -> list[dict[str, str]]:
    with (folder / f"simulate.{key}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_record_is_valid_and_holds_every_experiment(folder: Path) -> None:
    found = read(folder / "simulate.json", SimulateRecord)
    assert [e.key for e in found.experiments] == [e.key for e in catalogue()]
    assert {e.verdict for e in found.experiments} == {"consistent"}
    assert sum(e.false_alarm for e in found.experiments) == pytest.approx(found.family_false_alarm)
    assert found.provenance.seed == 0
    assert any(source.startswith("theory/") for source in found.provenance.sources)


def test_fewer_trials_than_the_default_are_never_without_a_reason(folder: Path) -> None:
    found = read(folder / "simulate.json", SimulateRecord).experiments
    assert all(e.n < DEFAULT_TRIALS for e in found)
    assert all(e.small_by_design for e in found)


def test_tables_lie_beside_the_record_with_their_columns(folder: Path) -> None:
    figures = {f.key: f for f in read(folder / "simulate.json", SimulateRecord).figures}
    assert set(figures) == set(COLUMNS)
    for key, columns in COLUMNS.items():
        path = folder / figures[key].file
        assert sha256(path) == figures[key].sha256
        assert path.read_text().splitlines()[0] == columns
        assert all(
            None not in row.values() and "" not in row.values() for row in table(folder, key)
        )


def test_histograms_hold_every_trial_and_the_whole_law(folder: Path) -> None:
    counts: dict[tuple[str, str], int] = defaultdict(int)
    law: dict[tuple[str, str], float] = defaultdict(float)
    for row in table(folder, "split"):
        counts[row["setting"], row["beta"]] += int(row["count"])
        law[row["setting"], row["beta"]] += float(row["law_probability"])
        assert int(row["count"]) / TRIALS == pytest.approx(float(row["law_probability"]), abs=0.02)
    assert set(counts.values()) == {TRIALS}
    assert len(counts) == 8
    assert list(law.values()) == pytest.approx([1.0] * 8)


def test_outputs_spread_with_one_head_and_hold_the_middle_with_two(folder: Path) -> None:
    rows = table(folder, "outputs")
    spread = {}
    for heads in ("1", "2"):
        a, b = (
            np.array([float(r[f"weight_{x}"]) for r in rows if r["heads"] == heads]) for x in "ab"
        )
        assert len(a) == 400
        assert np.all(a + b <= 1 + 1e-12)
        spread[heads] = float((a / (a + b)).std())
    assert spread["2"] < 0.5 * spread["1"]


def test_variance_tends_to_its_limit_and_falls_without_negative_scores(folder: Path) -> None:
    last = [r for r in table(folder, "variance") if r["beta"] == "100.0"]
    for row in last:
        error = abs(float(row["variance"]) - float(row["limit"]))
        assert error < 0.05 * float(row["limit"]) + 5 * float(row["standard_error"])
    rows = {(r["alpha"], r["condition"]): r for r in table(folder, "excluded")}
    assert int(rows["0.001", "kept"]["trials"]) < int(rows["0.001", "all"]["trials"])
    assert float(rows["0.001", "kept"]["variance"]) < 0.3 * float(rows["0.001", "all"]["variance"])


def test_leak_stays_below_its_bound(folder: Path) -> None:
    rows = table(folder, "leak")
    assert all(float(r["measured_mean"]) <= float(r["measured_max"]) for r in rows)
    assert all(float(r["measured_max"]) < float(r["bound"]) for r in rows)


def test_the_same_seed_gives_the_same_tables_for_any_workers(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "simulate.json"
    command.main(["--trials", str(TRIALS), "--workers", "3", "--record", str(path)])
    for key in COLUMNS:
        name = f"simulate.{key}.csv"
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_asked_about_one_experiment_it_prints_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "simulate.json"
    command.main(
        ["--only", "single_head.coin", "--only", "copying", "--trials", "1e3",
         "--sampler", "full", "--record", str(path)]
    )  # fmt: skip
    printed = capsys.readouterr().out
    assert "single_head.coin" in printed
    assert "copying.error" in printed
    assert "averaging" not in printed
    assert "4 experiments, 4,000 trials, seed 0: 4 consistent" in printed
    assert not path.exists()


def test_list_names_all_and_runs_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(catalogue())
    assert not any("$" in line or "\\" in line for line in lines)


def test_a_contradicted_law_gives_exit_code_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def spoilt(alpha: float) -> list[object]:
        return [
            dataclasses.replace(e, measure=lambda block, sampler: np.ones(16_384, dtype=bool))
            for e in catalogue(alpha)
            if e.key == "single_head.coin"
        ]

    monkeypatch.setattr(command, "catalogue", spoilt)
    assert command.main(["--only", "single_head.coin", "--trials", "1000"]) == 1
    assert "1 contradicted" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--trials", "0"], "--trials must be a whole number of at least 1, got '0'"),
        (["--trials", "1.5"], "--trials must be a whole number"),
        (["--trials", "inf"], "--trials must be a whole number"),
        (["--trials", "many"], "--trials must be a whole number"),
        (["--seed", "-1"], "--seed must be a whole number of at least 0"),
        (["--workers", "0"], "--workers must be a whole number of at least 1"),
        (["--alpha", "-0.1"], "--alpha must be a positive variance, got '-0.1'"),
        (["--alpha", "nan"], "--alpha must be a positive variance"),
        (["--only", "no.such"], "no experiment is called 'no.such'"),
        (["--only", ""], "no experiment is called ''"),
    ],
)
def test_bad_arguments_are_refused(arguments: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        command.main(arguments)


def test_bad_arguments_give_one_line_and_exit_code_two() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "simulate", "--alpha=-1"], cwd=ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.splitlines() == ["error: --alpha must be a positive variance, got '-1'"]


@pytest.mark.parametrize("name", ["file/simulate.json", "folder"])
def test_a_place_that_cannot_be_written_is_refused_before_the_work(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("kept")
    (tmp_path / "folder").mkdir()
    monkeypatch.setattr(command, "run", None)
    with pytest.raises(InputError, match="cannot be written"):
        command.main(["--record", str(tmp_path / name)])
    assert (tmp_path / "file").read_text() == "kept"
