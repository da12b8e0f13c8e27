"""`python -m theory`: derive and check every claim, print the table, write the record.

python -m theory                                          all claims
python -m theory --list                                   their keys and titles
python -m theory averaging.gain                           one claim with its derivation
python -m theory averaging                                all claims of a construction
python -m theory averaging.gain --n 16 --epsilon 1e-3     its law at these numbers
"""

from __future__ import annotations

import argparse
from pathlib import Path

from reports import record
from theory import claims, find
from theory.proof.claim import Citation, Claim

DEFAULT_RECORD = record.ROOT / "results" / "quick" / "theory.json"
COLUMNS = ("question", "claim", "what is claimed", "verdict", "false twin", "seconds")


def main(argv: list[str] | None = None) -> int:
    """Run the command; 1 if a claim is not proved or a false twin not refuted."""
    options, rest = _parser().parse_known_args(argv)
    if options.list:
        _print_table(
            [("question", "claim", "title"), *((c.question, c.key, c.title) for c in claims())]
        )
        return 0
    if options.key is None:
        if rest:
            raise record.InputError(f"{rest[0]} needs the key of a claim before it")
        return _decide_all(options.record)
    found = find(options.key)
    if not rest:
        return max(_explain(chosen) for chosen in found)
    if len(found) > 1:
        keys = ", ".join(c.key for c in found)
        raise record.InputError(f"{options.key} names several claims: {keys}")
    return _evaluate(found[0], rest)


def _parser() -> argparse.ArgumentParser:
    parser = record.ArgumentParser(
        prog="python -m theory", description=__doc__, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("key", nargs="?", help="one claim; its parameters follow as --name value")
    parser.add_argument("--record", type=Path, default=DEFAULT_RECORD, help="where to write")
    parser.add_argument("--list", action="store_true", help="list the claims, check nothing")
    return parser


def _decide_all(path: Path) -> int:
    clock = record.Clock()
    decided = tuple(c.decide() for c in claims())
    rows = [
        (c.question, c.key, c.title, c.verdict, c.twin_verdict, f"{c.seconds:.1f}") for c in decided
    ]
    _print_table([COLUMNS, *rows])
    failed = [c.key for c in decided if not _holds(c)]
    sound = len(decided) - len(failed)
    print(f"\n{sound} of {len(decided)} claims proved and their false twins refuted.")
    record.write(path, record.TheoryRecord(clock.provenance(seed=None), decided))
    print(f"Record: {path}")
    return 1 if failed else 0


def _holds(decided: record.Claim) -> bool:
    return decided.verdict in ("proved", "cited") and decided.twin_verdict == "refuted"


def _explain(chosen: Claim | Citation) -> int:
    decided = chosen.decide()
    print(f"{decided.key} (question {decided.question}): {decided.title}\n\n{decided.statement}")
    for assumption in decided.assumptions:
        print(f"  given: {assumption}")
    for number, step in enumerate(decided.steps, 1):
        print(f"\n{number}. {step.latex}\n   {step.reason}\n   [{step.check}]")
    print(f"\n{decided.verdict.capitalize()}. The false twin, {decided.twin},")
    print(f"is {decided.twin_verdict}.")
    print(f"{decided.example}\n")
    return 0 if _holds(decided) else 1


def _evaluate(chosen: Claim, arguments: list[str]) -> int:
    numbers = _numbers(arguments)
    value = chosen.law(**numbers)
    given = ", ".join(f"{name} = {number:g}" for name, number in numbers.items())
    print(f"{chosen.title}\n{chosen.stated}\n{given}: {value:.10g}")
    return 0


def _numbers(arguments: list[str]) -> dict[str, float]:
    """`--name value` pairs as numbers. Raises: InputError listing all that cannot be read."""
    given: dict[str, float] = {}
    problems = []
    names, values = arguments[::2], [*arguments[1::2], "nothing"]
    for name, value in zip(names, values, strict=False):
        try:
            given[name.removeprefix("--")] = float(value)
        except ValueError:
            problems.append(f"{name} needs a number, got {value}")
    if problems:
        raise record.InputError("; ".join(problems))
    return given


def _print_table(rows: list[tuple[str, ...]]) -> None:
    rows = [tuple(cell.replace("$", "") for cell in row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rule = tuple("-" * width for width in widths)
    for row in [rows[0], rule, *rows[1:]]:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


if __name__ == "__main__":
    record.exit_on_input_error(main)
