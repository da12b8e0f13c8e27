"""`run.py` killed, asked to stop, or given a second time: codes, lines, and what is left."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import pytest
import torch

from gpt.parameters import identity_of
from gpt.recipe import RECIPES, Stage
from gpt.run import main
from gpt.training import command
from gpt.training.checkpoint import Checkpoint, Checkpoints
from reports.record import ROOT, TrainingRecord, exit_on_input_error, read
from tests.gpt.faults import KILLED, die, in_a_child

TRAIN = (
    "pretrain rope wiki.txt --recipe quick --precision fp32 --checkpoint_every 1 "
    "--writing_params_path out.params"
)
OUTPUTS = {"out.params", "out.params.record.json", "out.params.record.curve.csv",
           "out.params.log.jsonl", "out.params.md"}  # fmt: skip
INPUTS = {"wiki.txt", "birth_places_train.tsv", "birth_dev.tsv"}
Outcome = tuple[str, list[dict[str, Any]]]
STEPS = 8  # 25 documents, batches of 8, two epochs


@pytest.fixture
def ready(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The corpus in the current folder, and a recipe of eight steps."""
    tiny = replace(
        RECIPES["quick"], layers=1, heads=2, width=16, dropout=0.1, question_share=0.0,
        pretrain=Stage(2, 8, 0.01, 0.02),
    )  # fmt: skip
    monkeypatch.setitem(RECIPES, "quick", tiny)
    return folder


def command_line(options: str = "") -> int:
    return main(f"{TRAIN} {options}".split())


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - INPUTS


def outcome(folder: Path) -> Outcome:
    """The weights' SHA-256, which the record tells too, and the log without its times."""
    digest = identity_of(folder / "out.params")[1]
    assert read(folder / "out.params.record.json", TrainingRecord).weights_sha256 == digest
    lines = (folder / "out.params.log.jsonl").read_text().splitlines()
    return digest, [{k: v for k, v in json.loads(x).items() if k != "seconds"} for x in lines]


@pytest.fixture(scope="module")
def known() -> list[Outcome]:
    """What `whole` has found."""
    return []


@pytest.fixture
def whole(ready: Path, known: list[Outcome]) -> Outcome:
    """The outcome of a run that is not cut, the same in every folder; its files are gone.

    Made in this process, so that the children need not load what torch loads when it is used.
    """
    if not known:
        assert command_line() == 0
        assert files(ready) == OUTPUTS
        known.append(outcome(ready))
        for name in OUTPUTS:
            (ready / name).unlink()
    return known[0]


def saving(act: Callable[[int], object]) -> Callable[[Checkpoints, Checkpoint], None]:
    """`Checkpoints.save` that does something else first, given the step."""
    save = Checkpoints.save

    def both(self: Checkpoints, checkpoint: Checkpoint) -> None:
        act(checkpoint.progress.step)
        save(self, checkpoint)

    return both


def stopped(number: signal.Signals, times: int = 1) -> int:
    """The exit code of a run that gets a signal, `times` times, while it saves step 3."""

    def send(step: int) -> None:
        for _ in range(times if step == 3 else 0):
            os.kill(os.getpid(), number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoints, "save", saving(send))
        return in_a_child(lambda: sys.exit(command_line()))


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_saves_and_says_how_to_go_on(
    ready: Path,
    whole: object,
    capfd: pytest.CaptureFixture[str],
    number: signal.Signals,
    code: int,
    times: int,
) -> None:
    """A second one of either kind changes nothing; the one during a save is obeyed a step later."""
    capfd.readouterr()
    assert stopped(number, times) == code
    printed = capfd.readouterr()
    assert printed.err.splitlines()[-1] == (
        f"stopped by {number.name} at step 4 of {STEPS}; "
        "the same command with --resume goes on from there"
    )
    assert files(ready) == {"out.params.checkpoints", "out.params.log.jsonl"}
    assert in_a_child(lambda: command_line("--resume")) == 0
    assert f"resumed at step 4 of {STEPS}\n" in capfd.readouterr().out
    assert outcome(ready) == whole
    assert files(ready) == OUTPUTS


def test_a_signal_after_the_last_step_lets_the_run_finish(ready: Path, whole: object) -> None:
    def send(step: int) -> None:
        if step == STEPS:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoints, "save", saving(send))
        assert in_a_child(lambda: sys.exit(command_line())) == 0
    assert outcome(ready) == whole


def test_a_signal_that_was_ignored_from_the_start_stays_ignored(ready: Path) -> None:
    def send(step: int) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    def ignoring() -> int:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return command_line()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoints, "save", saving(send))
        assert in_a_child(lambda: sys.exit(ignoring())) == 0


# --------------------------------------------------------------------- kills around the end


@pytest.mark.parametrize("before", ["save_parameters", "write", "drop", "nothing"])
def test_a_kill_around_the_end_leaves_nothing_to_repair(
    ready: Path, whole: object, capfd: pytest.CaptureFixture[str], before: str
) -> None:
    """Before the parameters, the record, the removal of the checkpoints, or after it."""
    with pytest.MonkeyPatch.context() as patch:
        if before == "drop":
            patch.setattr(Checkpoints, "drop", lambda _: die())
        elif before != "nothing":
            patch.setattr(command, before, lambda *_: die())
        assert in_a_child(command_line) == (0 if before == "nothing" else KILLED)
    capfd.readouterr()
    kept = {
        p.name: p.stat().st_mtime_ns for p in ready.iterdir() if p.suffix in (".params", "json")
    }
    assert in_a_child(lambda: command_line("--resume")) == 0
    printed = capfd.readouterr().out
    if before in ("drop", "nothing"):
        assert printed == "out.params is finished: nothing to do\n"
        kept.pop("out.params.checkpoints", None)
        assert {name: (ready / name).stat().st_mtime_ns for name in kept} == kept
    else:
        assert f"resumed at step {STEPS} of {STEPS}\n" in printed
    assert outcome(ready) == whole
    assert files(ready) == OUTPUTS


def test_without_resume_a_run_starts_anew_and_says_what_it_replaces(
    ready: Path, whole: object, capfd: pytest.CaptureFixture[str]
) -> None:
    assert stopped(signal.SIGTERM) == 143
    capfd.readouterr()
    assert in_a_child(command_line) == 0
    printed = capfd.readouterr().out
    assert printed.startswith("out.params.checkpoints: a run stopped before its end is there; ")
    assert "resumed" not in printed
    assert outcome(ready) == whole
    assert files(ready) == OUTPUTS


def test_resuming_where_nothing_is_starts_at_the_beginning(
    ready: Path, whole: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line("--resume") == 0
    assert "resumed" not in capsys.readouterr().out
    assert outcome(ready) == whole


# ------------------------------------------------------------------------------ refusals


def as_it_was() -> None:
    """Change no file."""


def reordered() -> None:
    """The corpus's lines, so its vocabulary too, in another order."""
    lines = Path("wiki.txt").read_text().splitlines(keepends=True)
    Path("wiki.txt").write_text("".join(reversed(lines)))


DIFFERENCES = (
    ("--epochs 3", as_it_was, "hyperparameters pretrain epochs 2, not 3"),
    ("--seed 1", as_it_was, "seed 0, not 1"),
    ("--recipe best", as_it_was, r"hyperparameters clip 1\.0, not 2\.0"),
    ("--precision bf16", as_it_was, "precision fp32, not bf16"),
    ("", reordered, "corpus [0-9a-f]{12}, not [0-9a-f]{12}"),
)


@pytest.mark.parametrize("finished", [False, True], ids=["cut", "finished"])
def test_a_run_of_other_settings_is_refused_or_started_anew(
    ready: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], finished: bool
) -> None:
    monkeypatch.setitem(RECIPES, "best", replace(RECIPES["quick"], name="best", clip=2.0))
    assert (in_a_child(command_line) if finished else stopped(signal.SIGTERM)) in (0, 143)
    there = "out.params: the finished run there has" if finished else "the run there has"
    for options, change, message in DIFFERENCES:
        change()
        left = {path: path.read_bytes() for path in ready.rglob("*") if path.is_file()}
        capfd.readouterr()
        assert in_a_child(lambda: given(f"--resume {options}")) == 2  # noqa: B023
        error = capfd.readouterr().err
        assert re.fullmatch(f"error: .*{there} {message}\n", error), error
        assert {path: path.read_bytes() for path in ready.rglob("*") if path.is_file()} == left
    assert in_a_child(lambda: given("--resume_or_restart --seed 1")) == 0
    assert "started anew: " in capfd.readouterr().out
    assert files(ready) == OUTPUTS
    assert in_a_child(lambda: given("--resume_or_restart --seed 1")) == 0
    assert capfd.readouterr().out == "out.params is finished: nothing to do\n"


def given(options: str) -> None:
    """The command as the shell starts it."""
    exit_on_input_error(lambda: command_line(options))


def test_another_variant_is_refused(ready: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert stopped(signal.SIGTERM) == 143
    other = f"{TRAIN} --resume".replace("rope", "vanilla").split()
    assert in_a_child(lambda: exit_on_input_error(lambda: main(other))) == 2
    assert capfd.readouterr().err.endswith("the run there has variant rope, not vanilla\n")


def test_the_threads_of_the_first_process_are_kept(ready: Path, whole: object) -> None:
    """Their number decides how sums are rounded; another one is not refused but put back."""
    assert stopped(signal.SIGTERM) == 143

    def more() -> None:
        torch.set_num_threads(2)
        assert command_line("--resume") == 0
        assert torch.get_num_threads() == 1

    assert in_a_child(more) == 0
    assert outcome(ready) == whole


def test_a_second_run_on_the_same_paths_is_refused(
    ready: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Tried by a child of the first, while it saves: by its parameters, its log and its record."""
    others = (
        "",
        "--writing_params_path other.params --log out.params.log.jsonl",
        "--writing_params_path other.params --record out.params.record.json",
    )
    codes: list[int] = []

    def second(step: int) -> None:
        if step == 2:
            for options in others:
                codes.append(in_a_child(lambda: given(options)))  # noqa: B023

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoints, "save", saving(second))
        assert command_line() == 0
    assert codes == [2, 2, 2]
    error = capfd.readouterr().err
    for name in ("out.params", "out.params.log.jsonl", "out.params.record.json"):
        assert f"error: {name}: another run is writing it (process {os.getpid()})\n" in error
    assert files(ready) == OUTPUTS


# ------------------------------------------------------------------------------ end to end


def test_a_real_kill_from_end_to_end(ready: Path) -> None:
    """As a user has it: the script, killed by the system in the middle of a step, given again."""
    arguments = f"{TRAIN} --epochs 4 --resume".split()
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    # The script with the tiny recipe of this test; `-c` because RECIPES is changed before it runs.
    code = (
        "import sys; from dataclasses import replace; from gpt.recipe import RECIPES, Stage\n"
        "tiny = replace(RECIPES['quick'], layers=1, heads=2, width=16, dropout=0.1,\n"
        "               question_share=0.0, pretrain=Stage(2, 8, 0.01, 0.02))\n"
        "RECIPES['quick'] = tiny\n"
        "import time, gpt.training.checkpoint as c; save = c.Checkpoints.save\n"
        "c.Checkpoints.save = lambda *a: (save(*a), time.sleep(SLEEP))\n"
        "from gpt.run import main; sys.argv[0] = 'gpt/run.py'; sys.exit(main())\n"
    )

    def start(seconds: float, output: IO[str]) -> subprocess.Popen[str]:
        script = [sys.executable, "-c", code.replace("SLEEP", str(seconds)), *arguments]
        return subprocess.Popen(
            script, cwd=ready, env=environment, stdout=output, stderr=output, text=True
        )

    log = ready / "out.params.log.jsonl"
    with (ready / "printed").open("w+") as printed:
        first = start(0.2, printed)
        while first.poll() is None and (not log.exists() or log.read_text().count("\n") < 6):
            time.sleep(0.02)
        first.kill()
        assert first.wait() == KILLED
        assert start(0, printed).wait() == 0
        printed.seek(0)
        assert "resumed at step " in printed.read()
    cut = outcome(ready)
    for name in OUTPUTS:
        (ready / name).unlink()
    assert main(arguments) == 0
    assert outcome(ready) == cut
    assert len(cut[1]) == 16
