"""Bad input: exit code 2, one line that names file, line and value, and nothing overwritten."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch

from gpt import dataset, london_baseline
from gpt.model import build
from gpt.parameters import Header, save_parameters
from gpt.recipe import RECIPES, Stage
from gpt.run import main
from gpt.vocabulary import Vocabulary
from reports.record import exit_on_input_error

PRETRAIN = "pretrain vanilla wiki.txt --writing_params_path out.params --recipe quick"
FINETUNE = (
    "finetune vanilla wiki.txt --writing_params_path out.params --recipe quick "
    "--finetune_corpus_path birth_places_train.tsv"
)
EVALUATE = (
    "evaluate vanilla wiki.txt --reading_params_path good.params "
    "--eval_corpus_path birth_dev.tsv --outputs_path out.predictions"
)
OUTPUTS = ("out.params", "out.params.record.json", "out.params.record.curve.csv",
           "out.params.log.jsonl", "out.predictions", "out.predictions.record.json",
           "out.predictions.record.predictions.jsonl")  # fmt: skip


@pytest.fixture
def ready(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The corpus, a good parameter file, and outputs of runs before."""
    monkeypatch.setattr("gpt.corpus.CORPORA", folder / "corpora")
    tiny = replace(
        RECIPES["quick"], layers=1, heads=2, width=16, question_share=0.0,
        pretrain=Stage(1, 8, 1e-3), finetune=Stage(1, 8, 1e-3), scratch=Stage(1, 8, 1e-3),
    )  # fmt: skip
    monkeypatch.setitem(RECIPES, "quick", tiny)
    monkeypatch.setitem(RECIPES, "best", replace(tiny, name="best", question_share=0.2))
    vocabulary = Vocabulary.of_text((folder / "wiki.txt").read_text())
    model = build("vanilla", len(vocabulary), layers=1, heads=2, width=16, dropout=0.0)
    save_parameters(
        folder / "good.params", model, Header(model.config, vocabulary, "", "quick", "scratch")
    )
    for name in OUTPUTS:
        (folder / name).write_text(f"{name} of a run before")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@dataclass(frozen=True)
class Case:
    """`break_` spoils the folder; then `command` must print `error: ` and `message`."""

    message: str
    command: str
    break_: Callable[[], object] = lambda: None


def append(name: str, line: str) -> Callable[[], object]:
    def act() -> None:
        with Path(name).open("a", encoding="utf-8", newline="") as file:
            file.write(line)

    return act


def replaced(name: str, content: bytes) -> Callable[[], object]:
    return lambda: Path(name).write_bytes(content)


def without(name: str) -> Callable[[], object]:
    return lambda: Path(name).unlink()


def half(name: str) -> Callable[[], object]:
    return lambda: Path(name).write_bytes(Path(name).read_bytes()[: Path(name).stat().st_size // 2])


def views_alone() -> None:
    """Let recipe `best` show entities alone, and the text have none."""
    views = replace(RECIPES["best"], question_share=0.0, entity_views=True, document_share=0.0)
    RECIPES["best"] = views
    Path(WIKI).write_text("no name. he was born here, in the year 1901.\n")


TRAIN, DEV, WIKI = "birth_places_train.tsv", "birth_dev.tsv", "wiki.txt"
CASES = {
    "no corpus": Case(r"nowiki.txt: no such file", PRETRAIN.replace(WIKI, "nowiki.txt")),
    "empty corpus": Case(r"wiki.txt: the file is empty", PRETRAIN, replaced(WIKI, b"\n\r\n")),
    "corpus not UTF-8": Case(
        r"wiki.txt:2: not UTF-8: byte b'\\xff'", PRETRAIN, replaced(WIKI, b"a\n\xff\n")
    ),
    "MASK in the corpus": Case(
        r"wiki.txt:26: character '⁇'", EVALUATE, append(WIKI, "Who was ⁇ ?\n")
    ),
    "no pairs": Case(rf"{TRAIN}: no such file", FINETUNE, without(TRAIN)),
    "empty pairs": Case(rf"{TRAIN}: the file is empty", FINETUNE, replaced(TRAIN, b"")),
    "pair without tab": Case(
        rf"{TRAIN}:17: no tab between question and place: 'Where'", FINETUNE, append(TRAIN, "Where")
    ),
    "extra tab": Case(rf"{TRAIN}:17: extra tab: 'a.+b.+c'", FINETUNE, append(TRAIN, "a\tb\tc\n")),
    "pairs not UTF-8": Case(
        rf"{TRAIN}:1: not UTF-8: byte b'\\xe9'", FINETUNE, replaced(TRAIN, b"W\xe9\tRome\n")
    ),
    "no places to train on": Case(
        rf"{TRAIN}:1: no tab", FINETUNE, replaced(TRAIN, b"Where?\nWho?\n")
    ),
    "unknown character": Case(
        rf"{TRAIN}:17: character 'Q' of 'Where was Qi", FINETUNE, append(TRAIN, "Where was Qi\tX")
    ),
    "pair too long": Case(
        rf"{TRAIN}:17: 'WW+' needs 129 characters .* block's 128",
        FINETUNE,
        append(TRAIN, "W" * 123 + "\tRome\n"),
    ),
    "question too long": Case(
        rf"{DEV}:9: the question has 126 characters .* block of 128: 'W+",
        EVALUATE,
        append(DEV, "W" * 126 + "\tRome\n"),
    ),
    "log over the corpus": Case(
        r"wiki.txt: cannot be written: the run reads wiki.txt", f"{PRETRAIN} --log {WIKI}"
    ),
    "parameters over the pairs": Case(
        rf"{TRAIN}: cannot be written: the run reads", FINETUNE.replace("out.params", TRAIN)
    ),
    "parameters over their source": Case(
        r"good.params: cannot be written: the run reads",
        f"{FINETUNE} --reading_params_path good.params".replace("out.params", "./good.params"),
    ),
    "record over the parameters": Case(
        r"out.params: cannot be written: another output", f"{PRETRAIN} --record out.params"
    ),
    "curve over the log": Case(
        r"out.params.record.curve.csv: cannot be written: another output",
        f"{PRETRAIN} --log out.params.record.curve.csv",
    ),
    "predictions over the control": Case(
        r"control.tsv: cannot be written: the run reads",
        EVALUATE.replace("out.predictions", "control.tsv") + " --control_corpus_path control.tsv",
        replaced("control.tsv", b"Where?\tRome\n"),
    ),
    "table over the predictions": Case(
        r"r.predictions.jsonl: cannot be written: another output",
        EVALUATE.replace("out.predictions", "r.predictions.jsonl") + " --record r.json",
    ),
    "predictions over the questions": Case(
        rf"{DEV}: cannot be written: the run reads", EVALUATE.replace("out.predictions", DEV)
    ),
    "no questions": Case(rf"{DEV}: no such file", EVALUATE, without(DEV)),
    "question with extra tab": Case(
        rf"{DEV}:9: extra tab: '.*'", EVALUATE, append(DEV, "Where?\tRo\tme\n")
    ),
    "control without places": Case(
        r"control.tsv: no places to compare with",
        f"{EVALUATE} --control_corpus_path control.tsv",
        replaced("control.tsv", b"Where?\n"),
    ),
    "wrong variant": Case(
        r"good.params: variant is 'vanilla', not 'rope'", EVALUATE.replace("vanilla", "rope")
    ),
    "wrong variant to finetune": Case(
        r"good.params: variant is 'vanilla', not 'rope'",
        FINETUNE.replace("vanilla", "rope") + " --reading_params_path good.params",
    ),
    "wrong vocabulary": Case(
        r"good.params: made with another vocabulary", EVALUATE, append(WIKI, "Ω\n")
    ),
    "truncated parameters": Case(
        r"good.params: not a whole safetensors file", EVALUATE, half("good.params")
    ),
    "pickled parameters": Case(
        r"good.params: not a whole .*a pickle is never read",
        EVALUATE,
        replaced("good.params", pickle.dumps({"weights": [1.0]})),
    ),
    "no parameters": Case(
        r"none.params: cannot be read: No such file", EVALUATE.replace("good.", "none.")
    ),
    "parameters below a file": Case(
        r"wiki.txt/out.params: cannot be written",
        PRETRAIN.replace("out.params", "wiki.txt/out.params"),
    ),
    "predictions below a file": Case(
        r"wiki.txt/out.predictions: cannot be written",
        EVALUATE.replace("out.predictions", "wiki.txt/out.predictions"),
    ),
    "record below a file": Case(
        r"wiki.txt/r.json: cannot be written", f"{EVALUATE} --record wiki.txt/r.json"
    ),
    "log is a folder": Case(r"\.: cannot be written: it is a folder", f"{PRETRAIN} --log ."),
    "nowhere to write": Case(
        r"pretrain needs --writing_params_path", "pretrain vanilla wiki.txt --recipe quick"
    ),
    "a name that is empty": Case(
        r"--writing_params_path '\.': not the name of a file", PRETRAIN.replace("out.params", ".")
    ),
    "no entity to show": Case(
        r"the pretraining text has no entity .*recipe 'best' shows nothing else",
        PRETRAIN.replace("quick", "best"),
        views_alone,
    ),
    "nothing to train on": Case(
        r"finetune needs --finetune_corpus_path", FINETUNE[: FINETUNE.index("--finetune")]
    ),
    "no questions to mix in": Case(
        r"pretrain needs --finetune_corpus_path", PRETRAIN.replace("quick", "best")
    ),
    "nothing to evaluate": Case(
        r"evaluate needs --reading_params_path", "evaluate vanilla wiki.txt"
    ),
    "nothing to ask": Case(
        r"evaluate needs --eval_corpus_path", EVALUATE.replace(f"--eval_corpus_path {DEV}", "")
    ),
    "no outputs": Case(
        r"evaluate needs --outputs_path", EVALUATE.replace("--outputs_path out.predictions", "")
    ),
}  # fmt: skip


def refuse(command: Callable[[list[str]], int], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        exit_on_input_error(lambda: command(arguments))
    assert stopped.value.code == 2


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_bad_input_is_refused_in_one_line(
    ready: Path, capsys: pytest.CaptureFixture[str], case: Case
) -> None:
    case.break_()
    before = contents(ready)
    refuse(main, case.command.split())
    printed = capsys.readouterr()
    assert re.fullmatch(rf"error: {case.message}.*\n", printed.err), printed.err
    assert printed.out == ""
    assert contents(ready) == before


@pytest.mark.parametrize("command", [PRETRAIN, FINETUNE, EVALUATE])
def test_the_same_commands_work_when_nothing_is_broken(ready: Path, command: str) -> None:
    before = contents(ready)
    assert main(command.split()) == 0
    written = "out.predictions" if command == EVALUATE else "out.params"
    assert contents(ready)[str(ready / written)] != before[str(ready / written)]


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is here")
def test_cuda_where_there_is_none(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(ready)
    refuse(main, f"{FINETUNE} --device cuda".split())
    assert capsys.readouterr().err == "error: device cuda: no CUDA device is available here\n"
    assert contents(ready) == before


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ("forget vanilla wiki.txt", "'forget'"),
        ("pretrain linear wiki.txt", "'linear'"),
        ("pretrain vanilla", "pretrain_corpus_path"),
        (f"{PRETRAIN} --recipe slow", "'slow'"),
        (f"{PRETRAIN} --epochs 0", "must be at least 1, got 0"),
        (f"{PRETRAIN} --epochs many", "not an integer: 'many'"),
        (f"{PRETRAIN} --seed=-1", "must be at least 0, got -1"),
        (f"{PRETRAIN} --seed {2**63}", "must be below 2^63"),
        (f"{PRETRAIN} --device tpu", "'tpu'"),
        (f"{PRETRAIN} --precision fp16", "'fp16'"),
        (f"{PRETRAIN} --unknown 1", "--unknown"),
    ],
)
def test_a_command_line_that_makes_no_sense(
    ready: Path, capsys: pytest.CaptureFixture[str], arguments: str, value: str
) -> None:
    before = contents(ready)
    refuse(main, arguments.split())
    assert value in capsys.readouterr().err.splitlines()[-1]
    assert contents(ready) == before


def test_the_largest_seed_works(ready: Path) -> None:
    assert main(f"{FINETUNE} --seed {2**63 - 1}".split()) == 0


@pytest.mark.parametrize(
    ("command", "arguments", "message"),
    [
        (dataset.main, "namedata --finetune_corpus_path none.tsv", "none.tsv: no such file"),
        (dataset.main, "charcorruption --pretrain_corpus_path none.txt", "none.txt: no such file"),
        (london_baseline.main, "--eval_corpus_path none.tsv", "none.tsv: no such file"),
        (london_baseline.main, "--record wiki.txt/r.json", "wiki.txt/r.json: cannot be written"),
    ],
)
def test_the_other_commands_refuse_likewise(
    ready: Path,
    capsys: pytest.CaptureFixture[str],
    command: Callable[[list[str]], int],
    arguments: str,
    message: str,
) -> None:
    before = contents(ready)
    refuse(command, arguments.split())
    assert capsys.readouterr().err.startswith(f"error: {message}")
    assert contents(ready) == before
