"""What only the system's package manager can give, checked before anything is installed.

WeasyPrint draws with pango and harfbuzz; Debian and Ubuntu keep Python's `venv` in a package of its
own. Run by the system's Python, before the virtual environment exists, so it needs nothing but the
standard library: `python3 reports/system_libraries.py`. Silent when nothing is missing.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence

LIBRARIES = {
    "pango-1.0": "libpango-1.0-0",
    "pangoft2-1.0": "libpangoft2-1.0-0",
    "harfbuzz-subset": "libharfbuzz-subset0",
}
"""Shared libraries and the packages of Debian and Ubuntu that hold them."""

OLDEST_PYTHON = (3, 11)

Loads = Callable[[str], bool]
Runs = Callable[[Sequence[str]], bool]


def loads(library: str) -> bool:
    """Whether the shared library is there and can be loaded."""
    names = [ctypes.util.find_library(library), f"lib{library}.so.0", f"lib{library}.0.dylib"]
    for name in filter(None, names):
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return False


def has_module(module: str) -> bool:
    """Whether this Python has the module; Debian ships Python without ensurepip's wheels."""
    return importlib.util.find_spec(module) is not None


def missing_packages(loads: Loads, has_module: Loads) -> list[str]:
    """The packages of Debian and Ubuntu that hold what is missing here."""
    packages = [package for library, package in LIBRARIES.items() if not loads(library)]
    if not (has_module("venv") and has_module("ensurepip")):
        packages.append("python3-venv")
    return packages


def run(command: Sequence[str]) -> bool:
    """Run a command quietly; whether it succeeded."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    return done.returncode == 0


def install(packages: Sequence[str], run: Runs) -> bool:
    """Install with apt-get, after reading the lists of packages; whether all went well."""
    return run(["apt-get", "update"]) and run(
        ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    )


def main(
    loads: Loads = loads,
    has_module: Loads = has_module,
    run: Runs = run,
    may_install: bool | None = None,
    version: tuple[int, int] = sys.version_info[:2],
) -> int:
    """Check, install where this is root on Debian or Ubuntu, else say what to do; exit code."""
    if version < OLDEST_PYTHON:
        print(
            "error: Python {}.{} or newer is needed, this is {}.{}; name another with "
            "`make PY=python3.12 …`".format(*OLDEST_PYTHON, *version),
            file=sys.stderr,
        )
        return 2
    packages = missing_packages(loads, has_module)
    if not packages:
        return 0
    if may_install is None:
        may_install = os.geteuid() == 0 and shutil.which("apt-get") is not None
    if may_install:
        print("installing from the system's packages: " + " ".join(packages))
        if install(packages, run) and not missing_packages(loads, has_module):
            return 0
    print(
        "error: system packages are missing; run: sudo apt-get update && "
        "sudo apt-get install -y " + " ".join(packages),
        file=sys.stderr,
    )
    return 2


if __name__ == "__main__":
    sys.exit(main())
