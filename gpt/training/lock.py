"""One run alone writes a path: advisory locks that the system releases when a process dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from reports.record import InputError


@contextmanager
def locked(paths: Sequence[Path]) -> Iterator[None]:
    """Hold `.<name>.lock` beside each path, an empty file but for the holder's process number.

    The lock is the system's on the open file (flock), not the file's being there, so that a
    killed run leaves no lock, at most a file that the next run takes over.

    Raises: InputError if another run holds one, or the file cannot be made.
    """
    with ExitStack() as held:
        for path in paths:
            held.enter_context(_locked(path))
        yield


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    name = path.with_name(f".{path.name}.lock")
    try:
        file = _open_locked(name)
        while not _is_the_file(file, name):  # whoever held it has removed it meanwhile
            file.close()
            file = _open_locked(name)
    except BlockingIOError:
        holder = name.read_text(encoding="utf-8") if name.is_file() else ""
        raise InputError(f"{path}: another run is writing it (process {holder or '?'})") from None
    except OSError as problem:
        raise InputError(f"{name}: cannot be locked: {problem.strerror}") from None
    with file:
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            name.unlink(missing_ok=True)


def _open_locked(name: Path) -> IO[str]:
    file = name.open("a", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise
    return file


def _is_the_file(file: IO[str], name: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), name.stat())
    except FileNotFoundError:
        return False
