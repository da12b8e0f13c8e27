"""What constant answers score: `python gpt/london_baseline.py [--eval_corpus_path FILE]`."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

if __package__ in (None, ""):  # run as a script: let `import gpt` find the folder's parent
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from gpt.corpus import Pair, find, read_pairs
from gpt.evaluation import count, practical_line
from reports.record import (
    ArgumentParser,
    BaselineRecord,
    Clock,
    Count,
    InputError,
    exit_on_input_error,
    write,
)

LONDON = "London"


def constant(place: str, pairs: list[Pair]) -> Count:
    """What the answer `place` scores on `pairs`."""
    return count([pair.place == place for pair in pairs])


def most_frequent(pairs: list[Pair]) -> str:
    """The most frequent place; of equally frequent ones the first in alphabetical order."""
    counts = Counter(pair.place for pair in pairs if pair.place is not None)
    return min(counts, key=lambda place: (-counts[place], place))


def _with_places(path: Path) -> list[Pair]:
    pairs = read_pairs(path)
    if pairs[0].place is None:
        raise InputError(f"{path}: no places to compare with, only questions")
    return pairs


def main(argv: list[str] | None = None) -> int:
    clock = Clock()
    parser = ArgumentParser(
        description="Accuracy of answering London, and the most frequent training place, always."
    )
    parser.add_argument("--eval_corpus_path", default="birth_dev.tsv")
    parser.add_argument("--finetune_corpus_path", default="birth_places_train.tsv")
    parser.add_argument("--corpus", default="embedded", help="corpus under data/corpora/")
    parser.add_argument("--record", type=Path, help="where to write the record")
    arguments = parser.parse_args(argv)
    evaluation = find(arguments.eval_corpus_path, arguments.corpus)
    pairs = _with_places(evaluation)
    london = constant(LONDON, pairs)
    print(practical_line(london))
    if arguments.record is None:
        return 0
    training = find(arguments.finetune_corpus_path, arguments.corpus)
    place = most_frequent(_with_places(training))
    frequent = constant(place, pairs)
    print(f"{place}, the most frequent training place: {practical_line(frequent)}")
    provenance = clock.provenance(None, [evaluation, training])
    write(
        arguments.record,
        BaselineRecord(provenance, evaluation.resolve().parent.name, london, frequent, place),
    )
    return 0


if __name__ == "__main__":
    exit_on_input_error(main)
