"""`python -m theory`: what it prints, what it writes, what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import theory
from reports import record
from theory import averaging
from theory.__main__ import main

CHEAP = ("copying.error", "averaging.output", "multi_head.negative_score")


def run(*arguments: str, seed: str = "0") -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONHASHSEED": seed}
    command = [sys.executable, "-m", "theory", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=record.ROOT, check=False
    )


def keep_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = tuple(c for c in theory.claims() if c.key in CHEAP)
    monkeypatch.setattr("theory.__main__.claims", lambda: cheap)


def test_the_table_and_the_record(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep_cheap(monkeypatch)
    assert main(["--record", str(tmp_path / "theory.json")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == [
        "question", "claim", "what", "is", "claimed", "verdict", "false", "twin", "seconds",
    ]  # fmt: skip
    assert {line.index("proved") for line in lines[2:5]} == {lines[0].index("verdict")}
    assert "3 of 3 claims proved and their false twins refuted." in lines
    written = record.read(tmp_path / "theory.json", record.TheoryRecord)
    assert sorted(c.key for c in written.claims) == sorted(CHEAP)
    assert "theory/averaging.py" in written.provenance.sources


def test_a_claim_that_fails_is_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep_cheap(monkeypatch)
    monkeypatch.setattr("theory.proof.steps.Proof.verdict", "unknown")
    assert main(["--record", str(tmp_path / "theory.json")]) == 1
    assert "0 of 3 claims proved" in capsys.readouterr().out


def test_listing_checks_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    output = capsys.readouterr().out
    assert all(claim.key in output for claim in theory.claims())
    assert "proved" not in output


def test_a_law_at_numbers_writes_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.record.write", lambda *_: pytest.fail("wrote a record"))
    assert main(["averaging.gain", "--n", "16", "--epsilon", "1e-3"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"n = 16, epsilon = 0.001: {averaging.gain(1e-3, 16):.10g}"


def test_a_construction_is_explained_step_by_step(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["averaging"]) == 0
    output = capsys.readouterr().out
    assert output.count("Proved. The false twin") == 3
    assert output.count("\n1. ") == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["averaging.gain", "--n", "1", "--epsilon", "2"],
            "epsilon must be a number strictly between 0 and 1, got 2; "
            "n must be an integer of at least 3, got 1",
        ),
        (
            ["single_head.split", "--alpha", "-1", "--beta", "1", "--radial", "-0.5"],
            "alpha must be a number above 0, got -1; "
            "radial must be a number of at least 0, got -0.5",
        ),
        (
            ["averaging.gain", "--n", "x", "--epsilon"],
            "--n needs a number, got x; --epsilon needs a number, got nothing",
        ),
        (["averaging.gian"], "averaging.gian is not a claim; the nearest are averaging.gain"),
        (["averaging", "--n", "3"], "averaging names several claims: averaging.output"),
        (["--n", "3"], "3 is not a claim"),
        (["--nothing"], "--nothing needs the key of a claim before it"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(record.InputError) as raised:
        main(arguments)
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)
    assert capsys.readouterr().out == ""


def test_bad_input_is_exit_code_2_without_a_traceback() -> None:
    result = run("copying.margin", "--n", "1", "--epsilon", "2")
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr == (
        "error: epsilon must be a number strictly between 0 and 1, got 2; "
        "n must be an integer of at least 2, got 1\n"
    )


def test_a_folder_that_cannot_be_written_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_cheap(monkeypatch)
    with pytest.raises(record.InputError, match="cannot be written"):
        main(["--record", "/dev/null/theory.json"])


def test_the_output_does_not_depend_on_the_hash_seed() -> None:
    outputs = {run("copying", seed=seed).stdout for seed in ("0", "1", "2")}
    assert len(outputs) == 1
    assert "Proved." in outputs.pop()


def test_importing_needs_neither_torch_nor_the_checkers() -> None:
    program = (
        "import sys; sys.modules['torch'] = sys.modules['numpy'] = sys.modules['scipy'] = None\n"
        "import theory, reports; theory.claims(); print(theory.find('averaging.gain')[0]"
        ".law(1e-3, 16))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=record.ROOT,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert float(result.stdout) == averaging.gain(1e-3, 16)
