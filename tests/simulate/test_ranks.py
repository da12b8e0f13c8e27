"""`torchrun` over ranks, and runs that are killed: the same counts, or an error."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reports.record import ROOT
from simulate import __main__ as simulate

torch = pytest.importorskip("torch")

LOSSES = ["multi_head.loss", "--trials", "5e5"]
"""Means of numbers that are no integers: added in another order they differ in the last digit."""
COIN = ["single_head.coin", "--trials", "1e11"]


def command(ranks: int, folder: Path, *arguments: str) -> list[str]:
    """The command line on so many ranks; its answer and its journal go to `folder`."""
    start = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={ranks}"]
    return [
        sys.executable, *(start if ranks > 1 else []), "-m", "simulate", "--workers", "1",
        "--output", str(folder), *arguments,
    ]  # fmt: skip


def answered(ranks: int, folder: Path, *arguments: str) -> str:
    """The table that a run writes: every digit of what it counted."""
    subprocess.run(command(ranks, folder, *arguments), cwd=ROOT, capture_output=True, check=True)
    assert not list(folder.glob("simulate.unfinished.*.json"))
    return (folder / "table.csv").read_text()


def here(folder: Path, *arguments: str) -> str:
    """The same of a run in this process."""
    assert simulate.main([*arguments, "--workers", "1", "--output", str(folder)]) == 0
    return (folder / "table.csv").read_text()


@contextmanager
def started(ranks: int, folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A run whose journal has begun, that is, one that is in the middle of its work."""
    process = subprocess.Popen(
        command(ranks, folder, *arguments), cwd=ROOT, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        # What a shell runs in the background ignores Ctrl-C, and all that it starts would too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while not list(folder.glob("simulate.unfinished.*.json")):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def children(process: subprocess.Popen[str]) -> list[int]:
    """Processes that this one started, in the order in which it did."""
    found = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return sorted(int(pid) for pid in found.split())


@pytest.mark.parametrize("ranks", [2, 4])
def test_ranks_give_the_same_table(ranks: int, tmp_path: Path) -> None:
    """Every digit of it: tallies are added in one order, whoever computed them."""
    alone = here(tmp_path / "alone", *LOSSES)
    assert answered(ranks, tmp_path / "ranks", *LOSSES) == alone


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds ranks in /proc")
@pytest.mark.parametrize("rank", [0, 1])
def test_a_killed_rank_ends_the_run_with_an_error(rank: int, tmp_path: Path) -> None:
    with started(2, tmp_path, *COIN) as process:
        os.kill(children(process)[rank], signal.SIGKILL)
        output, _ = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "consistent" not in output
    assert not (tmp_path / "record.json").exists()


def test_a_killed_run_goes_on_and_gives_what_it_would_have(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["multi_head.miss.alpha0.1.n16", "--trials", "1.2e7"]
    with started(1, tmp_path, *arguments) as process:
        process.kill()
    (journal,) = tmp_path.glob("simulate.unfinished.*.json")
    assert '"stretches"' in journal.read_text()
    resumed = here(tmp_path, *arguments)
    assert "going on from where this run was interrupted" in capsys.readouterr().err
    assert resumed == here(tmp_path / "other", *arguments)
    assert "going on" not in capsys.readouterr().err


def test_ctrl_c_keeps_what_is_done_and_says_so(tmp_path: Path) -> None:
    with started(1, tmp_path, *COIN) as process:
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "interrupted: the same command goes on from here"
    assert list(tmp_path.glob("simulate.unfinished.*.json"))
