"""The study of loss curves: both programs trained, kept where they are done, and compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import loss_curves
from gpt.recipe import Stage
from reports.record import InputError, StudyRecord, read

LINES = "".join(f"Ada {c} was born in Oslo, in 1901.\n" for c in "ABCDEFGHIJKLMNOP" * 2)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    (tmp_path / "wiki.txt").write_text(LINES, encoding="utf-8")
    tiny: dict[str, Any] = {"layers": 1, "heads": 2, "width": 16, "pretrain": Stage(1, 8, 6e-3)}
    monkeypatch.setattr(loss_curves, "BASE", replace(loss_curves.BASE, **tiny))
    folders = ["--corpus_folder", str(tmp_path), "--output", str(tmp_path / "out")]
    return [*folders, "--epochs", "2", "--seeds", "0", "1"]


def test_records_of_both_are_made_once_and_compared(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert loss_curves.main(command) == 0
    assert "of 2 epochs differ by more than the seeds explain" in capsys.readouterr().out
    made = sorted((tmp_path / "out" / "curves").iterdir())
    assert [path.name for path in made] == [
        "plain.seed0.json", "plain.seed1.json", "practical.seed0.json", "practical.seed1.json",
    ]  # fmt: skip
    records = [read(path, StudyRecord) for path in made]
    assert {record.parameters for record in records} == {records[0].parameters}
    assert {len(record.runs[0].losses) for record in records} == {2}
    assert {record.runs[0].steps for record in records} == {8}
    assert len({record.runs[0].losses for record in records}) == 4
    for record in records:
        assert 4 * 32 * 2 < record.runs[0].tokens < 36 * 32 * 2

    times = [path.stat().st_mtime_ns for path in made]
    loss_curves.main(command)
    assert [path.stat().st_mtime_ns for path in made] == times
    loss_curves.main([*command, "--epochs", "3", "--seeds", "0"])
    assert read(made[0], StudyRecord).runs[0].epochs == 3


def test_a_seed_given_twice_is_one_curve(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Two copies of one curve would have no spread, and any difference would seem large."""
    twice = [*command, "--epochs", "1", "--seeds", "0", "0", "--entries", "plain", "plain"]
    assert loss_curves.main(twice) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_records_of_another_corpus_are_not_taken_for_these(
    command: list[str], tmp_path: Path
) -> None:
    one = [*command, "--epochs", "1", "--seeds", "0", "--entries", "plain"]
    loss_curves.main(one)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "wiki.txt").write_text(LINES[: len(LINES) // 2], encoding="utf-8")
    loss_curves.main([*one, "--corpus_folder", str(tmp_path / "other")])
    record = read(tmp_path / "out" / "curves" / "plain.seed0.json", StudyRecord)
    assert (record.corpus, record.documents) == ("other", 16)


def test_where_nothing_can_be_written_nothing_is_trained(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out").write_text("a file")
    monkeypatch.setattr(loss_curves, "carry_out", lambda *_: pytest.fail("it was trained"))
    with pytest.raises(InputError, match=r"plain.seed0.json: cannot be written"):
        loss_curves.main(command)
