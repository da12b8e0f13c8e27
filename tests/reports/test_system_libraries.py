"""The decision what is missing and who installs it, with a made-up machine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pytest

from reports import system_libraries
from reports.record import ROOT


def yes(name: str) -> bool:
    return True


class Machine:
    """Lacks some libraries until its package manager has installed them."""

    def __init__(self, lacking: set[str], network: bool = True) -> None:
        self.lacking, self.network = lacking, network
        self.commands: list[list[str]] = []

    def loads(self, library: str) -> bool:
        return library not in self.lacking

    def run(self, command: Sequence[str]) -> bool:
        self.commands.append(list(command))
        if self.network and command[1] == "install":
            self.lacking = set()
        return self.network


def test_nothing_missing_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    machine = Machine(set())
    assert system_libraries.main(machine.loads, yes, machine.run, may_install=True) == 0
    assert machine.commands == []
    assert capsys.readouterr() == ("", "")


def test_root_on_debian_installs_what_is_missing() -> None:
    machine = Machine({"harfbuzz-subset"})
    assert system_libraries.main(machine.loads, yes, machine.run, may_install=True) == 0
    assert machine.commands[0] == ["apt-get", "update"]
    assert machine.commands[1][-1] == "libharfbuzz-subset0"
    assert "libpango-1.0-0" not in machine.commands[1]


@pytest.mark.parametrize("may_install", [True, False])
def test_otherwise_the_exact_command_is_named(
    may_install: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = Machine({"pango-1.0", "pangoft2-1.0", "harfbuzz-subset"}, network=False)
    code = system_libraries.main(machine.loads, yes, machine.run, may_install=may_install)
    assert code == 2
    assert bool(machine.commands) is may_install
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "apt-get install -y libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0" in message


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_python_without_venv_needs_its_package(module: str) -> None:
    found = system_libraries.missing_packages(yes, lambda name: name != module)
    assert found == ["python3-venv"]


def test_it_runs_with_the_standard_library_alone() -> None:
    script = ROOT / "reports" / "system_libraries.py"
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(script)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_library_that_exists_nowhere_does_not_load() -> None:
    assert not system_libraries.loads("no-such-library-anywhere")


def test_an_old_python_is_refused_before_anything_is_installed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    machine = Machine({"pango-1.0"}, network=True)
    code = system_libraries.main(machine.loads, yes, machine.run, True, version=(3, 10))
    assert (code, machine.commands) == (2, [])
    assert "Python 3.11 or newer is needed, this is 3.10" in capsys.readouterr().err
