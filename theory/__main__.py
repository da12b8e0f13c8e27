"""`python -m theory`: derive and check every claim, print the table, write the record.

python -m theory                                     all claims
python -m theory --list                              their keys, titles and parameters
python -m theory averaging.gain                      one claim with its derivation
python -m theory averaging                           all claims of a construction
python -m theory averaging --latex                   the same as LaTeX, for a paper
python -m theory averaging --n 16 --epsilon 1e-3     laws in exactly these numbers, verified
"""

from __future__ import annotations

import argparse
from pathlib import Path

from reports import record
from theory import claims, find, printing
from theory.proof import paper
from theory.proof.claim import Citation, Claim

DEFAULT_RECORD = record.ROOT / "results" / "quick" / "theory.json"
COLUMNS = ("question", "claim", "what is claimed", "verdict", "false twin", "seconds")


def main(argv: list[str] | None = None) -> int:
    """Run the command; 1 if a claim is refuted or unknown, or a false twin is not refuted."""
    options, rest = _parser().parse_known_args(argv)
    if options.key is None and rest:
        raise record.InputError(f"{rest[0]} needs the name of a claim before it")
    asks = options.key or options.list or options.explain or options.latex
    if asks and options.record:
        raise record.InputError("--record belongs to a run over all claims; asking writes none")
    chosen = find(options.key) if options.key else claims()
    if options.list:
        print(printing.listed(chosen))
        return 0
    if not asks:
        return _decide_all(options.record or DEFAULT_RECORD)
    if rest and options.latex:
        raise record.InputError(f"--latex prints derivations; it cannot be used with {rest[0]}")
    failures = 0
    if options.explain or options.latex or not rest:
        failures += _explain(chosen, options.latex)
    if rest:
        failures += _evaluate(options.key, chosen, _numbers(rest))
    return 1 if failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = record.ArgumentParser(
        prog="python -m theory", description=__doc__, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument(
        "key", nargs="?", help="a claim or a construction; numbers follow as --name value"
    )
    parser.add_argument("--record", type=Path, help=f"where to write (default: {_shown_default()})")
    parser.add_argument("--list", action="store_true", help="list the claims, check nothing")
    parser.add_argument("--explain", action="store_true", help="print derivations step by step")
    parser.add_argument("--latex", action="store_true", help="print derivations as LaTeX")
    return parser


def _shown_default() -> Path:
    return DEFAULT_RECORD.relative_to(record.ROOT)


def _decide_all(path: Path) -> int:
    record.require_writable(path)
    if path.exists() and b'"stage"' not in path.read_bytes():
        raise record.InputError(f"{path}: is not a record, and is not overwritten")
    clock = record.Clock()
    decided = tuple(c.decide() for c in claims())
    rows = [
        (c.question, c.key, c.title, c.verdict, c.twin_verdict or "-", f"{c.seconds:.1f}")
        for c in decided
    ]
    print(printing.table([COLUMNS, *rows]))
    failed = [c.key for c in decided if not _holds(c)]
    print(f"\n{_summary(decided)}")
    record.write(path, record.TheoryRecord(clock.provenance(seed=None), decided))
    print(f"Record: {path}")
    return 1 if failed else 0


def _summary(decided: tuple[record.Claim, ...]) -> str:
    """What was proved, what was cited, and by name what was not proved."""
    cited = [c for c in decided if c.verdict == "cited"]
    proved = [c for c in decided if c.verdict == "proved" and c.twin_verdict == "refuted"]
    ours = len(decided) - len(cited)
    lines = [
        f"{len(proved)} of {ours} claims proved and their false twins refuted.",
        f"{len(cited)} theorems of the literature cited, with their assumptions." if cited else "",
        *(f"{c.key}: {c.verdict}, false twin {c.twin_verdict}" for c in decided if not _holds(c)),
    ]
    return "\n".join(line for line in lines if line)


def _holds(decided: record.Claim) -> bool:
    if decided.verdict == "cited":
        return True
    return decided.verdict == "proved" and decided.twin_verdict == "refuted"


def _explain(chosen: tuple[Claim | Citation, ...], as_latex: bool) -> int:
    """Print derivations; how many claims do not hold."""
    failures = 0
    for claim in chosen:
        decided = claim.decide()
        print(paper.fragment(decided) if as_latex else printing.derivation(decided))
        failures += not _holds(decided)
    return failures


def _evaluate(name: str, chosen: tuple[Claim | Citation, ...], numbers: dict[str, float]) -> int:
    """Print the laws that ask for exactly these numbers; how many the definition contradicts."""
    found = [c for c in chosen if isinstance(c, Claim)]
    if len(found) > 1:
        found = [c for c in found if set(printing.parameters(c)) == set(numbers)]
    if not found:
        known = "; ".join(
            f"{c.key} for {', '.join(printing.parameters(c)) or 'none'}" for c in chosen
        )
        asked = ", ".join(numbers)
        raise record.InputError(f"no law of {name} asks for exactly {asked}: {known}")
    shown = [printing.evaluated(claim, numbers) for claim in found]
    print("\n".join(text for text, _ in shown), end="")
    return sum(not agrees for _, agrees in shown)


def _numbers(arguments: list[str]) -> dict[str, float]:
    """`--name value` or `--name=value` as numbers.

    Raises: InputError listing all that cannot be read.
    """
    words = [word for argument in arguments for word in argument.split("=", 1)]
    given: dict[str, float] = {}
    problems = []
    names, values = words[::2], [*words[1::2], "nothing"]
    for name, value in zip(names, values, strict=False):
        if not name.removeprefix("--") or not name.startswith("--"):
            problems.append(f"expected --name value, got {name}")
            continue
        if name.removeprefix("--") in given:
            problems.append(f"{name} is given twice")
        try:
            given[name.removeprefix("--")] = float(value)
        except ValueError:
            problems.append(f"{name} needs a number, got {value}")
    if problems:
        raise record.InputError("; ".join(problems))
    return given


if __name__ == "__main__":
    record.exit_on_input_error(main)
