"""How every command of the project meets its user: one line for bad input, exit code 2."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from typing import NoReturn


class InputError(Exception):
    """What the user gave cannot be used: one line naming file, line and value; exit code 2."""


class ArgumentParser(argparse.ArgumentParser):
    """argparse, but a wrong command line gets one line; `--help` shows how it should be."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {printable(message)} (see --help)\n")


def printable(text: str) -> str:
    """`text` with control and bidirectional characters escaped, safe for a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def exit_on_input_error(main: Callable[[], int | None]) -> NoReturn:
    """Run `main` as a command: bad input becomes one line on standard error and exit code 2."""
    try:
        sys.exit(main() or 0)
    except InputError as problem:
        print(f"error: {printable(str(problem))}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
