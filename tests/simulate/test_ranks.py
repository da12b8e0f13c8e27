"""`torchrun` over ranks, and runs that are killed: the same counts, or an error."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reports.record import ROOT

torch = pytest.importorskip("torch")

QUESTION = ["multi_head", "--keys", "4"]
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


def started(ranks: int, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """A run whose journal has begun, that is, one that is in the middle of its work."""
    process = subprocess.Popen(
        command(ranks, folder, *arguments), cwd=ROOT, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not list(folder.glob("simulate.unfinished.*.json")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


def children(process: subprocess.Popen[str]) -> list[int]:
    """Processes that this one started, in the order in which it did."""
    found = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return sorted(int(pid) for pid in found.split())


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> str:
    return answered(1, tmp_path_factory.mktemp("alone"), *QUESTION, "--trials", "3e5")


@pytest.mark.parametrize("ranks", [2, 4])
def test_ranks_give_the_same_table(ranks: int, alone: str, tmp_path: Path) -> None:
    """Every digit of it: tallies are added in one order, whoever computed them."""
    assert answered(ranks, tmp_path, *QUESTION, "--trials", "3e5") == alone


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds ranks in /proc")
@pytest.mark.parametrize("rank", [0, 1])
def test_a_killed_rank_ends_the_run_with_an_error(rank: int, tmp_path: Path) -> None:
    process = started(2, tmp_path, *COIN)
    try:
        os.kill(children(process)[rank], signal.SIGKILL)
        output, _ = process.communicate(timeout=120)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode != 0
    assert "consistent" not in output
    assert not (tmp_path / "record.json").exists()


def test_a_killed_run_goes_on_and_gives_what_it_would_have(tmp_path: Path) -> None:
    arguments = ["multi_head.miss.alpha0.1.n16", "--trials", "1.2e7"]
    process = started(1, tmp_path, *arguments)
    process.kill()
    process.communicate()
    (journal,) = tmp_path.glob("simulate.unfinished.*.json")
    kept = journal.read_text()
    resumed = answered(1, tmp_path, *arguments)
    assert '"stretches"' in kept
    assert resumed == answered(1, tmp_path / "other", *arguments)


def test_ctrl_c_keeps_what_is_done_and_says_so(tmp_path: Path) -> None:
    process = started(1, tmp_path, *COIN)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "interrupted: the same command goes on from here"
    assert list(tmp_path.glob("simulate.unfinished.*.json"))
