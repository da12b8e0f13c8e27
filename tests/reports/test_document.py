"""The templates: escaping, placeholders without a record, sentences that follow the data."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jinja2
import pytest

from reports.document import TEMPLATES, Claims, Mathematics, render
from reports.numbering import Numbering
from reports.record import InputError, RecordError, write
from reports.shelf import gather

PARTIALS = sorted(TEMPLATES.rglob("*.html"))
HOSTILE = "<script>alert(1)</script></style>&\"'"
Html = Callable[..., str]


class Text(HTMLParser):
    """The visible text of each element with an id, mathematics replaced by the letter x."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.wanted, self.depth, self.math, self.found = wanted, 0, 0, ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in ("meta", "img", "br", "link"):
            return
        self.math += tag == "math"
        if self.depth or dict(attributes).get("id") == self.wanted:
            self.depth += 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "math":
            self.math -= 1
            self.found += "x" if self.depth else ""
        self.depth -= bool(self.depth)

    def handle_data(self, data: str) -> None:
        if self.depth and not self.math:
            self.found += data


def text_of(html: str, identity: str) -> str:
    parser = Text(identity)
    parser.feed(html)
    assert parser.found, identity
    return " ".join(parser.found.split())


def sentences(text: str) -> int:
    """Sentences end with a full stop, question or exclamation mark before a capital or the end."""
    return len(re.findall(r"[.!?](?=\s+[“A-Z(]|\s*$)", text))


@pytest.mark.parametrize(
    ("answer", "most"), [("2a", 1), ("3g-1", 3), ("3g-2", 3), ("3g-3", 3), ("3h-1", 2)]
)
def test_the_handouts_limits_hold(built: Any, answer: str, most: int) -> None:
    text = text_of(built.html, f"answer-{answer}")
    assert f'id="answer-{answer}" data-limit="{most}"' in built.html
    assert 1 <= sentences(text) <= most, text


def test_the_counter_of_sentences_counts() -> None:
    assert sentences("One, with x = 0.5 and n. of things. Two? “Three!” Four.") == 3
    assert sentences("No end") == 0


def test_4b_gives_two_reasons_and_4c_one_strategy_and_one_reason(built: Any) -> None:
    answer = re.search(r'id="answer-4b".*?</div>', built.html, re.DOTALL)
    assert answer is not None
    assert answer[0].count("<li>") == 2
    answer = re.search(r'id="answer-4c".*?</div>', built.html, re.DOTALL)
    assert answer is not None
    assert re.findall(r'data-part="(\w+)"', answer[0]) == ["strategy", "reason"]


def test_every_question_of_the_practical_has_a_section_and_an_answer(built: Any) -> None:
    for question in ("2a", "2b", "2c", "2d", "2e", "3d", "3e", "3f", "3g", "3h", "4a", "4b", "4c"):
        section = built.html.split(f'id="q-{question}"', 1)[1].split("<h2>", 2)[1]
        assert 'class="answer"' in section, question
    for part in ("2c-1", "2c-2", "2d-1", "2d-2", "2e-1", "2e-2", "3g-1", "3g-2", "3g-3",
                 "3h-1", "3h-2", "3h-3", "3h-4"):  # fmt: skip
        assert f'id="answer-{part}"' in built.html


def test_every_claim_and_experiment_is_shown_once(built: Any, fake: Any) -> None:
    for question in (*fake.QUESTIONS, "3h", "9z"):
        assert built.html.count(f'id="claim-made_up.{question}"') == 1
    for question in (*fake.QUESTIONS, "9z"):
        assert built.html.count(f"A made-up law for {question}") == 1


def test_every_link_leads_somewhere_and_no_id_occurs_twice(built: Any) -> None:
    identities = re.findall(r'\sid="([^"]+)"', built.html)
    assert len(identities) == len(set(identities))
    targets = set(re.findall(r'href="#([^"]+)"', built.html))
    assert targets
    assert targets <= set(identities)


def test_the_twin_is_one_file_without_scripts(built: Any) -> None:
    assert "<script" not in built.html
    assert not re.search(r'(?:src|href)="(?!data:image/svg|#)', built.html)
    assert "url(" not in built.html
    assert "@import" not in built.html


def test_names_are_escaped_wherever_they_stand(html_of: Html, fake: Any) -> None:
    html = html_of(
        {
            "baseline.json": {"most_frequent_place": HOSTILE},
            "corpus.json": {"credit": HOSTILE, "notes": (HOSTILE,), "name": HOSTILE},
            "vanilla.pretrain.json": {"changes": (HOSTILE,)},
            "theory.json": {"claims": tuple(fake.claim(q, title=HOSTILE) for q in fake.QUESTIONS)},
        }
    )
    assert "<script" not in html
    assert html.count("</style>") == 1
    assert "&lt;script&gt;" in html


def test_a_hostile_prediction_is_escaped(fake: Any, figures: Any, tmp_path: Path) -> None:
    answers = fake.shelf(tmp_path) / "vanilla.pretrain.predictions.jsonl"
    answers.write_text(answers.read_text().replace("Town 0", "</style><script>"))
    html = render(gather(tmp_path, "quick", "vanilla"), figures, "html").html
    assert "<script" not in html


def test_a_placeholder_without_a_record_names_the_target(
    fake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.shelf(tmp_path / "results")
    shelf = gather(tmp_path / "results", "quick", "vanilla")
    (tmp_path / "page.html").write_text("{{ shelf.baseline.record.paris.accuracy }}")
    monkeypatch.setattr("reports.document.TEMPLATES", tmp_path)
    with pytest.raises(InputError, match=r"no attribute 'paris'.*`make baseline`"):
        render(shelf, {}, "html")


def test_a_question_without_a_claim_names_the_target(html_of: Html, fake: Any) -> None:
    with pytest.raises(RecordError, match=r"no claim answers question 2b.*`make theory`"):
        html_of({"theory.json": {"claims": (fake.claim("2a"),)}})


def test_a_question_without_an_experiment_names_the_target(html_of: Html, fake: Any) -> None:
    with pytest.raises(RecordError, match=r"no experiment belongs to question 2b.*`make simulate`"):
        html_of({"simulate.json": {"experiments": (fake.experiment("2a"),)}})


def test_parts_take_their_claims_before_the_whole(fake: Any) -> None:
    claims = Claims([fake.claim(q) for q in ("2c", "2c.1", "2c.10", "2cc")], [])
    assert [c.question for c in claims.claims("2c.1")] == ["2c.1"]
    assert [c.question for c in claims.claims("2c")] == ["2c", "2c.10"]
    assert [c.question for c in claims.claims("")] == ["2cc"]
    assert claims.claims("") == []


def test_a_reference_to_nothing_fails() -> None:
    numbering = Numbering()
    assert numbering.number("figure", "a") == 1
    with pytest.raises(InputError, match="two figures are called 'a'"):
        numbering.number("figure", "a")
    numbering.begin(final=True)
    assert "Figure&nbsp;1" in numbering.reference("figure", "a")
    with pytest.raises(InputError, match="does not exist"):
        numbering.reference("figure", "b")


def test_prose_says_that_pretraining_helps_only_when_it_does(html_of: Html, fake: Any) -> None:
    helped = html_of()
    assert "Pretraining is what makes the model answer" in helped
    assert "The runs bear this out" in helped
    level = {"result": fake.count(3, 40)}
    plain = html_of({"vanilla.pretrain.evaluate.json": level})
    assert "Pretraining is what makes the model answer" not in plain
    assert "they do not show the practical’s finding" in plain
    assert "The runs bear this out" not in plain
    assert "higher, but the intervals overlap" in plain
    worse = html_of({"vanilla.pretrain.evaluate.json": {"result": fake.count(0, 40)},
                     "vanilla.scratch.evaluate.json": {"result": fake.count(30, 40)}})  # fmt: skip
    assert "lower, and the two intervals do not meet" in worse


def test_a_recipe_without_changes_is_reported_as_such(html_of: Html) -> None:
    assert "The model is imaginary." in html_of()
    none = {f"vanilla.{run}.json": {"changes": ()} for run in ("pretrain", "finetune", "scratch")}
    assert "without changes" in html_of(none)


def test_answers_without_their_questions_are_numbered(
    fake: Any, figures: Any, tmp_path: Path
) -> None:
    answers = fake.shelf(tmp_path) / "vanilla.pretrain.predictions.jsonl"
    rows = [json.loads(line) for line in answers.read_text().splitlines()]
    bare = [{k: row[k] for k in ("answer", "correct", "probability")} for row in rows]
    answers.write_text("\n".join(map(json.dumps, bare)))
    html = render(gather(tmp_path, "quick", "vanilla"), figures, "html").html
    assert "<td>question 25</td>" in html
    assert "Where was" not in html.split('id="table-examples"')[1].split("</table>")[0]


def test_further_runs_are_told_apart(fake: Any, figures: Any, tmp_path: Path) -> None:
    folder = fake.shelf(tmp_path)
    further = fake.evaluation(folder, "rope", "pretrain", 30)
    other = dataclasses.replace(further, recipe="text", corpus="another")
    write(folder / "rope.pretrain.evaluate.json", other)
    html = render(gather(tmp_path, "quick", "vanilla"), figures, "html").html
    assert "rope, with pretraining, recipe text, corpus another" in html


def test_reference_runs_are_shown_by_seed_and_marked(
    fake: Any, figures: Any, tmp_path: Path
) -> None:
    fake.shelf(tmp_path)
    assert "There are no reference runs" in render(
        gather(tmp_path, "quick", "vanilla"), figures, "html"
    ).html.replace("\n", " ")
    for seed, right in ((0, 10), (1, 30)):
        folder = tmp_path / "reference" / "best" / f"seed{seed}"
        folder.mkdir(parents=True)
        moved = fake.provenance(sources={"gone.py": "0" * 64}, device_name="a far machine")
        record = fake.evaluation(folder, "vanilla", "pretrain", right)
        write(
            folder / "vanilla.pretrain.evaluate.json", dataclasses.replace(record, provenance=moved)
        )
    html = render(gather(tmp_path, "quick", "vanilla"), figures, "html").html
    section = html.split('id="reference"', 1)[1].split("</section>", 1)[0]
    assert section.count("a far machine") == 1
    assert "The code has moved on" in section
    assert "<td>25.0&nbsp;[14.2–40.2\u00a0%], 75.0&nbsp;[59.8–85.8\u00a0%]</td>" in section
    assert "50.0\u00a0%" in section


def test_hyperparameters_are_shown_once_for_the_runs_that_share_them(html_of: Html) -> None:
    html = html_of()
    assert html.count("pretrain: matrix rate</td><td>none") == 1
    assert "of vanilla.pretrain, vanilla.finetune, vanilla.scratch" in html
    assert html_of({"vanilla.scratch.json": {"recipe_hash": "c" * 64}}).count("matrix rate") == 2


def test_a_corpus_without_control_group_is_reported(html_of: Html) -> None:
    none = {"control": None, "control_predictions": None}
    files = ("vanilla.pretrain.evaluate.json", "vanilla.scratch.evaluate.json")
    assert "has no control group" in html_of(dict.fromkeys(files, none))


@pytest.mark.parametrize("template", PARTIALS, ids=lambda p: str(p.relative_to(TEMPLATES)))
def test_no_template_holds_a_measured_number(template: Path) -> None:
    """Decimals, percentages and numbers of two digits or more come from records alone."""
    text = template.read_text(encoding="utf-8")
    text = re.sub(
        r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|\$\$.*?\$\$|\$.*?\$", " ", text, flags=re.DOTALL
    )
    text = re.sub(r'<p class="sources">.*?</p>', " ", text, flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", " ", text).replace("95&nbsp;%", "").replace("SHA-256", "")
    assert re.findall(r"\d+[.,]\d+|\d+(?:\s|&nbsp;)*%|\d{2,}", text) == []


def test_no_template_marks_data_as_safe() -> None:
    assert [p.name for p in PARTIALS if "|safe" in p.read_text().replace(" ", "")] == []


def test_a_placeholder_in_a_formula_is_refused() -> None:
    environment = jinja2.Environment(extensions=[Mathematics])
    with pytest.raises(jinja2.TemplateSyntaxError, match=r"placeholder in \$x=") as refused:
        environment.from_string("text\n$x={{ y }}$")
    assert refused.value.lineno == 2
