"""`python -m theory`: what it prints, what it writes, what it refuses."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

import theory
from reports import record
from theory import averaging
from theory.__main__ import main
from theory.proof.claim import Claim
from theory.proof.direct import Direct

CHEAP = ("copying.error", "averaging.output", "multi_head.negative_score")


def start(*arguments: str, seed: str = "0") -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONHASHSEED": seed}
    command = [sys.executable, "-m", "theory", *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        cwd=record.ROOT,
    )  # fmt: skip


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
    assert "verdict" not in output


@pytest.mark.parametrize("name", ["averaging.gain", "averaging"])
@pytest.mark.parametrize("numbers", ["--n 16 --epsilon 1e-3", "--n=16 --epsilon=1e-3"])
def test_a_law_at_numbers_is_verified_and_writes_nothing(
    name: str,
    numbers: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("reports.record.write", lambda *_: pytest.fail("wrote a record"))
    assert main([name, *numbers.split()]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("averaging.gain: ")
    assert "  n = 16, epsilon = 0.001" in lines
    assert f"  β ≥ {averaging.gain(1e-3, 16):.10g}" in lines
    assert "Attention over 16" in lines[lines.index("  n = 16, epsilon = 0.001") + 2]


def test_a_law_that_the_definition_contradicts_is_an_exit_code(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = theory.find("averaging.gain")[0]
    assert isinstance(found, Claim)
    wrong = dataclasses.replace(found, direct=lambda *_, **__: Direct("Not so.", False))
    monkeypatch.setattr("theory.__main__.find", lambda _: (wrong,))
    assert main(["averaging.gain", "--n", "16", "--epsilon", "1e-3"]) == 1
    assert capsys.readouterr().out.endswith("Not so.\n  This contradicts the law.\n")
    assert wrong.decide().verdict == "refuted"


def test_explaining_with_numbers_gives_the_derivation_and_the_value(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["copying.margin", "--explain", "--n", "4", "--epsilon", "0.1"]) == 0
    output = capsys.readouterr().out
    assert "\n1. " in output
    assert "│ Δ ≥ " in output
    assert "  Δ ≥ 3.295836866" in output


def test_latex_for_a_paper(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["copying", "--latex"]) == 0
    output = capsys.readouterr().out
    assert output.count(r"\paragraph{") == len(theory.find("copying"))
    assert r"\boxed{ \alpha_j \ge \frac{1}{1 + " in output


def test_a_construction_is_explained_step_by_step(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["averaging"]) == 0
    output = capsys.readouterr().out
    number = len(theory.find("averaging"))
    assert output.count("\nProved. ") == number
    assert output.count("The false twin, ") == number
    assert output.count("\n1. ") == number


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["averaging.gain", "--n", "1", "--epsilon", "2"],
            "epsilon must be a number strictly between 0 and 1, got 2; "
            "n must be an integer of at least 2, got 1",
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
        (["averaging", "--n", "3"], "no law of averaging asks for exactly n: averaging.output for"),
        (["--n", "3"], "3 is not a claim"),
        (["averaging.gain", "n", "3"], "expected --name value, got n"),
        (["averaging.gain", "--=3"], "expected --name value, got --"),
        (["AVERAGING.GAIN"], "AVERAGING.GAIN is not a claim; the nearest are averaging.gain"),
        (["averaging.gain", "--n=3", "--n=4", "--epsilon=0.1"], "--n is given twice"),
        (["performer.uniform", "--n", "3"], "no law of performer.uniform asks for exactly n"),
        (["copying.weight", "--n=3", "--margin=inf"], "margin must be a finite number, got inf"),
        (["--nothing"], "--nothing needs the name of a claim before it"),
        (
            ["averaging", "--latex", "--n", "3"],
            "--latex prints derivations; it cannot",
        ),
        (["averaging", "--record", "x.json"], "--record belongs to a run over all claims"),
        (["--list", "--record", "x.json"], "--record belongs to a run over all claims"),
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


@pytest.mark.parametrize(
    "arguments",
    [
        "logistic_normal.variance_above --tau 1e300",
        "logistic_normal.peaks --tau 1e-300",
        "key_query_value.gain --epsilon 1e-300 --beta 1e300",
        "key_query_value.synthesis --gain 1 --beta 1e-300",
        "practical_synthesis.least_norm --gain 1e300",
        "reachability.layers --n 512 --degree 1e300",
        "multi_head.miss --alpha 0.5 --n 1e300 --radial 1",
    ],
)
def test_numbers_beyond_floating_point_are_refused_in_one_line(arguments: str) -> None:
    with pytest.raises(record.InputError) as raised:
        main(arguments.split())
    key = arguments.split()[0]
    assert str(raised.value).startswith(f"{key} cannot be computed in floating point for ")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("single_head.background --alpha 50 --beta 12 --n 16", "≤ ∞ (beyond floating point)"),
        ("averaging.gain --epsilon 1e-17 --n 1e300", "β ≥ 729.2"),
        ("gram.unreachable --remainder 18 --total 1e9", "≥ 1.8e-08"),
        ("hallucination.no_repetition --n 1e5 --population 1e6", "≤ 0"),
    ],
)
def test_huge_and_tiny_numbers_are_no_contradiction(
    arguments: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments.split()) == 0
    output = capsys.readouterr().out
    assert line in output
    assert "contradicts" not in output


def test_bad_input_is_exit_code_2_without_a_traceback() -> None:
    process = start("copying.margin", "--n", "1", "--epsilon", "2")
    output, problem = process.communicate()
    assert process.returncode == 2
    assert output == ""
    assert problem == (
        "error: epsilon must be a number strictly between 0 and 1, got 2; "
        "n must be an integer of at least 2, got 1\n"
    )


def test_a_folder_that_cannot_be_written_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_cheap(monkeypatch)
    with pytest.raises(record.InputError, match="cannot be written"):
        main(["--record", "/dev/null/theory.json"])


def test_a_file_that_is_no_record_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "thesis.txt"
    path.write_text("years of work")
    with pytest.raises(record.InputError, match="is not a record, and is not overwritten"):
        main(["--record", str(path)])
    assert path.read_text() == "years of work"


def test_the_output_does_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    """The whole table, every step of every claim and every number, for three hash seeds."""
    runs = [
        start("--record", str(tmp_path / f"{seed}.json"), seed=seed) for seed in ("0", "1", "2")
    ]
    tables, derivations = set(), set()
    for number, process in enumerate(runs):
        output, problem = process.communicate()
        assert process.returncode == 0, output + problem
        rows = [line.rsplit(None, 1)[0] for line in output.splitlines() if line]
        tables.add("\n".join(rows[2:-1]))
        claims = record.read(tmp_path / f"{number}.json", record.TheoryRecord).claims
        derivations.add(repr([dataclasses.replace(claim, seconds=0.0) for claim in claims]))
    assert len(tables) == len(derivations) == 1
    assert " proved " in tables.pop()


def test_a_reader_that_has_seen_enough_is_no_traceback() -> None:
    process = start("--list")
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    problem = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 141
    assert problem == ""


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
