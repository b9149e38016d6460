"""Both databases run these: what they must find is listed here, so each finds the same."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import make_image, make_issue, make_news, make_paper
from timeline import catalogue, derived, history, search_index
from timeline.checks import check_search_index
from timeline.models import Entry, Topic, Word
from timeline.publishing import publish, withdraw
from timeline.search import FACETS, MOST, marked, search, snippet, suggestion
from timeline.terms import parse

pytestmark = pytest.mark.django_db

# name: title, authors, topics, text
PAPERS: dict[str, tuple[str, list[str], list[str], str]] = {
    "orca": (
        "Orca 2: Teaching Small Language Models How to Reason",
        ["Arindam Mitra", "Clarisse Simões", "Hamid Palangi"],
        ["Reasoning", "Small models"],
        "# Overview\n\nThe student learns a *strategy* for each task. GPT-4 wrote the answers.\n\n"
        "| Model | Score |\n| --- | --- |\n| Mistral 7B | 71.16% |\n\n1. Recall, then generate",
    ),
    "transformer": (
        "Attention Is All You Need",
        ["Ashish Vaswani", "Łukasz Kaiser", "Illia Polosukhin"],
        ["Attention"],
        "A state-of-the-art translation model without recurrence. $E = mc^2$ has nothing to do with it.",
    ),
    "lora": (
        "LoRA: Low-Rank Adaptation of Large Language Models",
        ["Edward J. Hu", "Yelong Shen"],
        ["Small models"],
        "Fine-tuning touches a few million parameters. It's cheap.\n\n![](media:share)",
    ),
    "cot": (
        "Chain-of-Thought Prompting Elicits Reasoning",
        ["Jason Wei", "Quoc V. Le"],
        ["Reasoning"],
        "Eight worked examples make a model reason aloud; GPT-3 solves 57% of GSM8K.\n\n"
        "::: takeaways\nPrompts matter.\n:::",
    ),
    "rlhf": (
        "Nguyễn’s Method for Reinforcement Learning from Human Feedback",
        ["Nguyễn Văn Ă", "Răzvan Pașcanu", "李 明"],
        ["Alignment"],
        "Rewards, rewarded and rewarding: naïve agents in 北京 cheat. See `reward_model.py`.",
    ),
}
NEWS = {
    "claude": (
        "Claude 2.1 Reads 200K Tokens",
        "Anthropic",
        "It recalls 98% of it; prompting helps. GPT-4 Turbo reads 128K.",
    ),
    "act": ("The EU Agrees on an AI Act", "European Union", "A risk-based law. Chains of duties for providers."),
}

QUERIES = {
    # one word, its other forms, its beginning
    "orca": {"orca", "issue"},
    "Orca ": {"orca", "issue"},
    "ORCA": {"orca", "issue"},
    "or": {"orca", "issue"},
    "o": set(),
    "orc ": set(),
    "orc*": {"orca", "issue"},
    "reason": {"orca", "cot", "issue"},
    "reasoning ": {"orca", "cot", "issue"},
    "reasons ": {"orca", "cot", "issue"},
    "reaso": {"orca", "cot", "issue"},
    "reaso ": set(),
    "model ": {"orca", "transformer", "lora", "cot", "rlhf"},
    "models ": {"orca", "transformer", "lora", "cot", "rlhf"},
    "rewards ": {"rlhf"},
    "rewarding ": {"rlhf"},
    "prompt ": {"cot", "claude"},
    "prompts ": {"cot", "claude"},
    "teach ": {"orca"},
    "parameter ": {"lora"},
    # several words: all of them
    "small reason": {"orca"},
    "language models": {"orca", "lora"},
    "models language ": {"orca", "lora"},
    "reasoning prompts ": {"cot"},
    "attention nothing ": {"transformer"},
    "orca lora ": set(),
    "the": {"orca", "act", "transformer"},
    # phrases
    '"language models"': {"orca", "lora"},
    '"models language"': set(),
    '"all you need"': {"transformer"},
    '"need all"': set(),
    '"chain of thought"': {"cot"},
    '"is all" translation': {"transformer"},
    '"a strategy for"': {"orca"},
    '"mitra clarisse"': {"orca"},  # names stand in one list
    '"reason arindam"': set(),  # but a phrase does not reach from the title into the names
    '"language model"': set(),  # as it stands
    '"unfinished phra': set(),
    '"translation model': {"transformer"},
    # compounds and figures
    "gpt-4": {"orca", "claude"},
    "gpt4": {"orca", "claude"},
    "gpt": {"orca", "cot", "claude"},
    "GPT-3 ": {"cot"},
    "chain-of-thought": {"cot"},
    "chainofthought": {"cot"},
    "low-rank": {"lora"},
    "lowrank ": {"lora"},
    "state-of-the-art": {"transformer"},
    "2.1": {"claude"},
    "71.16": {"orca"},
    "57%": {"cot"},
    "200k": {"claude"},
    "gsm8k": {"cot"},
    "it's ": {"lora"},
    # people, diacritics, other scripts
    "lukasz": {"transformer"},
    "Łukasz Kaiser": {"transformer"},
    "simoes": {"orca"},
    "nguyen": {"rlhf"},
    "Nguyễn": {"rlhf"},
    "razvan pascanu": {"rlhf"},
    "naive": {"rlhf"},
    "李": {"rlhf"},
    "北京": {"rlhf"},
    "京北": set(),
    "edward j hu": {"lora"},
    "vaswani attention ": {"transformer"},
    # topics, organisations, captions, tables, code, formulas
    "alignment": {"rlhf"},
    "anthropic": {"claude"},
    "european": {"act"},
    "plotted": {"lora"},
    "mistral": {"orca"},
    "reward_model": {"rlhf"},
    "mc": {"transformer"},
    # without
    "gpt -claude": {"orca", "cot"},
    'models -"language models"': {"transformer", "cot", "rlhf"},
    "reasoning -orca -chain": set(),
    "-orca": set(),
    # nothing that can be sought
    "": set(),
    "🐳": set(),
    '" " ( ) * : ^ \\ \' -- ;': set(),
    "orca AND lora": set(),
    "orca) OR (lora": set(),
    "title_terms : orca": set(),
}


@pytest.fixture
def corpus() -> dict[str, Any]:
    issue = make_issue(number=2, title="AI Can Think & Reason", introduction="Orca and others.", tagline="Explained")
    make_image("share", caption="Share of parameters, plotted")
    rows: dict[str, Any] = {"issue": issue}
    for name, (title, authors, topics, body) in PAPERS.items():
        paper = make_paper(issue, title=title, authors=authors, body=body, date=date(2023, 1, 1))
        paper.topics.set([Topic.objects.get_or_create(name=topic)[0] for topic in topics])
        rows[name] = paper
    for name, (title, organisation, body) in NEWS.items():
        rows[name] = make_news(issue, title=title, organisation=organisation, body=body)
    derived.update(*rows.values())
    return rows


def found(text: str, filters: dict[str, str] | None = None) -> set[str]:
    return {Entry.objects.get(pk=key).title for key in search(text, filters).keys}


def test_listed_queries_find_the_same_on_every_database(corpus: dict[str, Any]) -> None:
    names = {row.uuid: name for name, row in corpus.items()}
    keys = {entry.pk: names[entry.object_uuid] for entry in Entry.objects.all()}
    assert {text: {keys[key] for key in search(text).keys} for text in QUERIES} == QUERIES


def test_what_stands_in_the_title_comes_first(corpus: dict[str, Any]) -> None:
    make_paper(corpus["issue"], title="Other", body="attention " * 40)
    titles = [hit.card.title for hit in search("attention").page(1).object_list]
    assert titles == ["Attention Is All You Need", "Other"]


def test_facets_count_and_narrow(corpus: dict[str, Any]) -> None:
    results = search("models ")
    counted = {
        name: [(choice.value, choice.label, choice.count) for choice in choices]
        for name, choices in results.choices.items()
    }
    assert counted == {
        "kind": [("papers", "Research Papers", 5)],
        "topic": [
            ("small-models", "Small models", 2),
            ("reasoning", "Reasoning", 2),
            ("attention", "Attention", 1),
            ("alignment", "Alignment", 1),
        ],
        "author": [],
        "year": [("2023", "2023", 5)],
        "issue": [("2", "Issue 2", 5)],
    }
    assert found("models ", {"topic": "reasoning"}) == {
        "Orca 2: Teaching Small Language Models How to Reason",
        "Chain-of-Thought Prompting Elicits Reasoning",
    }
    assert found("models ", {"topic": "reasoning", "author": "jason-wei"}) == {
        "Chain-of-Thought Prompting Elicits Reasoning"
    }
    assert found("models ", {"topic": "no-such"}) == set()


@pytest.mark.parametrize("state", ["draft", "scheduled", "withdrawn", "shelf"])
def test_search_finds_only_what_is_public(state: str) -> None:
    issue = make_issue(
        published=state == "withdrawn", at=timezone.now() + timedelta(1) if state == "scheduled" else None
    )
    make_paper(None if state == "shelf" else issue, title="Zebrafish", body="zebrafish", authors=["Zebra Fish"])
    if state == "withdrawn":
        withdraw(issue)
    results = search("zebrafish")
    assert (results.keys, results.choices["kind"], suggestion("zebrafisch")) == ([], [], "")
    if state != "shelf":
        if state == "scheduled":
            issue.published_at = None
            issue.save()
        publish(issue)
        assert found("zebrafish") == {"Zebrafish"}


def test_index_follows_every_change_that_readers_can_see(corpus: dict[str, Any]) -> None:
    orca, lora, share = corpus["orca"], corpus["lora"], lora_image()
    orca.title = "Whale 2"
    orca.save()
    history.record(orca, "saved")
    author = corpus["transformer"].authors.get(slug="lukasz-kaiser")
    author.name = "Lucas Emperor"
    author.save()
    history.record(author, "saved")
    share.caption = "Redrawn"
    share.save()
    history.record(share, "saved")
    Topic.objects.get(name="Alignment").delete()
    corpus["cot"].delete()
    after = {text: found(text) for text in ("whale", "teaching ", "emperor", "kaiser", "redrawn", "plotted")}
    assert after == {
        "whale": {"Whale 2"},
        "teaching ": set(),
        "emperor": {"Attention Is All You Need"},
        "kaiser": set(),
        "redrawn": {lora.title},
        "plotted": set(),
    }
    assert (found("alignment"), found("chain-of-thought")) == (set(), set())
    corpus["issue"].delete()
    assert Entry.objects.count() == 0
    assert search("whale").keys == []


def lora_image() -> Any:
    from timeline.models import Image

    return Image.objects.get(name="share")


def test_rebuild_makes_the_same_from_nothing_and_drops_what_is_gone(corpus: dict[str, Any]) -> None:
    def state() -> list[Any]:
        fields = [field.name for field in Entry._meta.concrete_fields if field.name != "id"]
        facets = Entry.objects.order_by("rank").values_list(
            "rank", *(f"filings__facet__{name}" for name in ("name", "value", "label"))
        )
        return [list(Entry.objects.order_by("rank").values_list(*fields)), sorted(facets)]

    before, words = state(), set(Word.objects.values_list("word", flat=True))
    Entry.objects.filter(kind="papers").delete()
    Entry.objects.filter(kind="news").update(title="Stale", title_terms="stale")
    call_command("rebuild", verbosity=0)
    assert (state(), set(Word.objects.values_list("word", flat=True))) == (before, words)
    assert (found("stale"), found("orca")) == (
        set(),
        {"Orca 2: Teaching Small Language Models How to Reason", "AI Can Think & Reason"},
    )


def test_migrate_mends_an_index_that_is_gone(corpus: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DROP TRIGGER timeline_search_update" if connection.vendor == "sqlite" else f"DROP INDEX {search_index.GIN}"
        )
    assert [problem.id for problem in check_search_index(["default"])] == ["timeline.W001"]
    Entry.objects.filter(title__startswith="Orca").update(title_terms="changed")
    connection.check_constraints()  # PostgreSQL alters no table that has some to check
    search_index.create()
    assert check_search_index(["default"]) == []
    assert (found("changed"), found("teaching")) == ({corpus["orca"].title}, set())


def test_migrate_fills_a_catalogue_that_is_empty(corpus: dict[str, Any]) -> None:
    Entry.objects.all().delete()
    catalogue.fill()
    assert found("mistral") == {corpus["orca"].title}


SUGGESTIONS = {
    "atention": "attention",
    "Teching small modles ": "teaching small models ",
    "anthropci": "anthropic",
    "zzzzzzz": "",
    "orca lora": "",  # both are there, only not together
    "abc": "",
    "-atention": "",  # finds nothing, however it is spelt
}


def test_suggestion_is_the_nearest_that_finds_something(corpus: dict[str, Any]) -> None:
    assert {typed: suggestion(typed) for typed in SUGGESTIONS} == SUGGESTIONS


def test_suggestion_finds_something_with_the_same_facets(corpus: dict[str, Any]) -> None:
    assert [suggestion("mistrall", {"kind": kind}) for kind in ("papers", "news")] == ["mistral", ""]


def test_more_than_can_be_ranked_keeps_what_has_it_in_the_title(corpus: dict[str, Any], monkeypatch: Any) -> None:
    monkeypatch.setattr("timeline.search.MOST", 3)
    for number in range(4):
        make_paper(corpus["issue"], title=f"New {number}", body="attention", date=date(2024, 1, number + 1))
    results = search("attention")
    assert (results.is_cut, {hit.card.title for hit in results.page(1).object_list}) == (
        True,
        {"Attention Is All You Need", "New 3", "New 2"},
    )
    assert MOST == 1_000


def test_marks_and_snippets() -> None:
    query = parse("gpt-4 reasons ")
    assert marked("Reasoning with GPT-4", query) == [(True, "Reasoning"), (False, " with "), (True, "GPT-4")]
    text = " ".join(f"word{number}" for number in range(60)) + "\nGPT4 can reason. " + "end " * 60
    pieces = snippet(text, query)
    assert pieces == [
        (False, "… "),
        (False, "word52 word53 word54 word55 word56 word57 word58 word59 · "),
        (True, "GPT4"),
        (False, " can "),
        (True, "reason"),
        (False, ". " + " ".join(["end"] * 25)),
        (False, " …"),
    ]
    assert snippet("nothing of it", query) == [(False, "nothing of it")]
    assert snippet("", query) == []


HOSTILE = st.text(max_size=60) | st.text(alphabet="\"'*-():^{}\\%_<>&|!\x00ab ", max_size=40)
TYPED = st.lists(st.sampled_from(list(QUERIES)) | HOSTILE, min_size=1, max_size=3).map(" ".join)
NAMED = ["papers", "issues", "reasoning", "jason-wei", "2023", "2"]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    q=st.sampled_from(list(QUERIES)) | TYPED,
    filters=st.dictionaries(st.sampled_from([*FACETS, "nosuch"]), st.sampled_from(NAMED) | HOSTILE, max_size=3),
    page=st.sampled_from(["", "1", "2", "0", "-1", "999999999999999999999", "1e3", "١", "a", "\x00"]),
)
def test_no_input_is_an_error(
    client: Client, corpus: dict[str, Any], q: str, filters: dict[str, str], page: str
) -> None:
    status = client.get("/search/", {"q": q, **filters, "page": page}).status_code
    assert status == (200 if page in {"", "1", "١"} else 404)  # all that there is stands on one page


def test_unknown_value_of_a_facet_finds_nothing(client: Client, corpus: dict[str, Any]) -> None:
    told = {name: client.get("/search/", {"q": "models ", name: "nosuch"}).status_code for name in FACETS}
    assert told == dict.fromkeys(FACETS, 200)
    assert {name: found("models ", {name: "nosuch"}) for name in FACETS} == {name: set() for name in FACETS}
