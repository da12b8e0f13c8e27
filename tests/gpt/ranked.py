"""Runs of `run.py` on several ranks: real processes, forked and watched as `torchrun` does it."""

from __future__ import annotations

import os
import signal
import socket
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import torch

from gpt import run
from reports.record import exit_on_input_error

for module in ("torch._dynamo", "gpt.training.command"):  # else each rank would load them itself
    import_module(module)


@dataclass(frozen=True)
class Ended:
    """How a rank ended, as a shell says it (128 + the signal that killed it), and what it said."""

    code: int
    output: str
    errors: str


def ranked(
    size: int, command: Sequence[str], folder: Path, prepare: Callable[[int], None] | None = None
) -> list[Ended]:
    """Run the command on `size` ranks; once one fails, the others get SIGTERM.

    prepare: called with its rank in every process first, to plant a mistake, say
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    sys.stdout.flush()
    alive = {_forked(rank, size, port, command, folder, prepare): rank for rank in range(size)}
    codes: dict[int, int] = {}
    while alive:
        child, status = os.wait()
        codes[alive.pop(child)] = code = os.waitstatus_to_exitcode(status)
        if code:
            for other in alive:
                os.kill(other, signal.SIGTERM)
    return [
        Ended(
            codes[rank] if codes[rank] >= 0 else 128 - codes[rank],
            _said(folder, rank, "output"),
            _said(folder, rank, "errors"),
        )
        for rank in range(size)
    ]


def _said(folder: Path, rank: int, kind: str) -> str:
    path = folder / f".rank{rank}.{kind}"
    text = path.read_text(encoding="utf-8")
    path.unlink()
    return text


def _forked(
    rank: int,
    size: int,
    port: int,
    command: Sequence[str],
    folder: Path,
    prepare: Callable[[int], None] | None,
) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside other threads
        child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.environ |= {
            "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(size),
            "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
        }  # fmt: skip
        sys.stdout = (folder / f".rank{rank}.output").open("w", encoding="utf-8", buffering=1)
        sys.stderr = (folder / f".rank{rank}.errors").open("w", encoding="utf-8", buffering=1)
        torch.set_num_threads(1)
        if prepare is not None:
            prepare(rank)
        exit_on_input_error(lambda: run.main(list(command)))
    except SystemExit as stopped:
        code = stopped.code if isinstance(stopped.code, int) else int(stopped.code is not None)
        if isinstance(stopped.code, str):
            print(stopped.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
