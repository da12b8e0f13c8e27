"""`python -m simulate`: what it prints, writes and refuses."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from reports.record import ROOT, InputError, SimulateRecord, read, sha256
from simulate import __main__ as command
from simulate.asked import questions
from simulate.catalogue import catalogue
from simulate.experiment import DEFAULT_TRIALS, Experiment
from simulate.tables import TABLES, excluded, miss

FEW = {"excluded": excluded.table, "miss": miss.table}
"""One table of its own samples and one of results; test_tables.py is about all of them."""


def written(path: Path, *arguments: str) -> Path:
    """A small run of all experiments, and the folder of its record and tables."""
    with pytest.MonkeyPatch.context() as patch:
        for key in TABLES.keys() - FEW.keys():
            patch.delitem(TABLES, key)
        arguments = ("--trials", "4e4", "--record", str(path / "simulate.json"), *arguments)
        assert command.main(list(arguments)) == 0
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("simulate"))


def test_record_is_valid_and_holds_every_experiment(folder: Path) -> None:
    found = read(folder / "simulate.json", SimulateRecord)
    assert [e.key for e in found.experiments] == [e.key for e in catalogue()]
    assert sum(e.false_alarm for e in found.experiments) == pytest.approx(found.family_false_alarm)
    assert found.provenance.seed == 0
    assert found.sampler == "reduced"
    assert any(source.startswith("theory/") for source in found.provenance.sources)


def test_none_is_contradicted_and_only_those_that_said_so_are_inconclusive(folder: Path) -> None:
    for e in read(folder / "simulate.json", SimulateRecord).experiments:
        expected = {"consistent", "inconclusive"} if e.may_be_inconclusive else {"consistent"}
        assert e.verdict in expected, e


def test_every_experiment_has_a_detectable_discrepancy_and_every_test_a_p_value(
    folder: Path,
) -> None:
    for e in read(folder / "simulate.json", SimulateRecord).experiments:
        assert e.detectable is not None
        assert e.detectable > 0
        assert (e.p_value is None) == (e.false_alarm == 0)


def test_fewer_trials_than_the_default_are_never_without_a_reason(folder: Path) -> None:
    found = read(folder / "simulate.json", SimulateRecord).experiments
    assert all(e.n < DEFAULT_TRIALS for e in found)
    assert all(e.small_by_design for e in found)


def test_tables_lie_beside_the_record(folder: Path) -> None:
    figures = {f.key: f for f in read(folder / "simulate.json", SimulateRecord).figures}
    assert set(figures) == set(FEW)
    assert all(sha256(folder / f.file) == f.sha256 for f in figures.values())
    assert not list(folder.glob("simulate.unfinished.*"))


def test_the_same_seed_gives_the_same_for_any_workers(folder: Path, tmp_path: Path) -> None:
    other = written(tmp_path, "--workers", "3")
    for key in FEW:
        name = f"simulate.{key}.csv"
        assert (other / name).read_bytes() == (folder / name).read_bytes()
    one, two = (read(path / "simulate.json", SimulateRecord) for path in (folder, other))
    for e, same in zip(one.experiments, two.experiments, strict=True):
        assert dataclasses.replace(e, seconds=same.seconds) == same


def test_asked_about_one_family_it_answers_in_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "answer"
    arguments = ["averaging", "--keys", "6", "--trials", "1e3", "--output", str(output)]
    assert command.main(arguments) == 0
    printed = capsys.readouterr().out
    assert "averaging.leak" in printed
    assert "single_head" not in printed
    assert f"Record, table and figure: {output}" in printed
    found = read(output / "record.json", SimulateRecord).experiments
    assert all(e.parameters["n"] == 6 for e in found)
    assert command.main(arguments) == 0  # the same question again
    with pytest.raises(InputError, match="holds something else already"):
        command.main([*arguments, "--seed", "1"])


def test_whole_keys_answer_too(tmp_path: Path) -> None:
    output = tmp_path / "answer"
    arguments = ["single_head.coin", "--sampler", "full", "--trials", "1e4"]
    assert command.main([*arguments, "--output", str(output)]) == 0
    assert read(output / "record.json", SimulateRecord).sampler == "full"


def test_a_run_that_may_stop_early_says_what_it_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["single_head.variance", "--trials", "1e4", "--output", str(tmp_path / "answer")]
    assert command.main(arguments) == 0
    assert "--until" not in capsys.readouterr().out
    early = ["--until", "0.1", "--output", str(tmp_path / "early")]
    assert command.main([*arguments[:3], *early]) == 0
    assert "With --until, measured is the middle of the interval" in capsys.readouterr().out


def test_a_file_is_no_folder_for_an_answer(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="taken: cannot be used: it is no folder"):
        command.main(["copying", "--trials", "1e4", "--output", str(taken)])


def test_list_names_all_and_runs_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(catalogue()) + 2 * len(questions.QUESTIONS) + 3
    assert not any("$" in line or "\\" in line for line in lines)


@pytest.mark.parametrize(("value", "verdict"), [(1.0, "contradicted"), (np.nan, "inconclusive")])
def test_a_law_contradicted_or_not_tested_gives_exit_code_one(
    value: float, verdict: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def spoilt(alpha: float = 1e-3) -> list[Experiment]:
        return [
            dataclasses.replace(e, measure=lambda draw: np.full(draw.trials, value))
            for e in catalogue(alpha)
            if e.key == "single_head.coin"
        ]

    monkeypatch.setattr(questions, "catalogue", spoilt)
    arguments = ["single_head.coin", "--trials", "1000", "--output", str(tmp_path / "answer")]
    assert command.main(arguments) == 1
    assert f"1 {verdict}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--trials", "0"], "--trials must be a whole number of at least 1, got '0'"),
        (["--trials", "1.5"], "--trials must be a whole number"),
        (["--trials", "inf"], "--trials must be a whole number"),
        (["--trials", "many"], "--trials must be a whole number"),
        (["--trials", "1e300"], "--trials must be at most"),
        (["--seed", "-1"], "--seed must be a whole number of at least 0"),
        (["--workers", "0"], "--workers must be a whole number of at least 1"),
        (["--until", "0"], "--until must be a positive half-width, got '0'"),
        (["--alpha", "-0.1"], "--alpha must be a positive variance, got '-0.1'"),
        (["--alpha", "nan"], "--alpha must be a positive variance"),
        (["--beta", "3"], "--beta belongs to a question"),
        (["--output", "x"], "--output belongs to a question"),
        (["--sampler", "full", "--device", "cuda"], "whole keys are drawn on the cpu alone"),
        (["multi_head", "--beta", "inf"], "--beta must be a positive number, got 'inf'"),
        (["multi_head", "--alpha", "-1"], "--alpha must be a positive variance, got '-1'"),
        (["averaging", "--record", "x"], "--record is of the whole catalogue"),
        (["no.such"], "'no.such' is unknown; the nearest are"),
        ([""], "'' is unknown; the nearest are"),
    ],
)
def test_bad_arguments_are_refused(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message):
        command.main(arguments)
    assert not list(tmp_path.iterdir())


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
