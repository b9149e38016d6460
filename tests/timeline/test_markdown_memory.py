"""What is remembered of Markdown: each text once for each of its circumstances, and nothing that only previews show."""

from typing import Any

import pytest
from django.test import Client

from tests.factories import edith, make_draft, make_paper
from timeline import markdown
from timeline.dialect import parse
from timeline.markdown import Context, Figure, to_html
from timeline.pending import rehearsal


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were read, as often as it was done."""
    texts: list[str] = []

    def parsed(text: str) -> Any:
        texts.append(text)
        return parse(text)

    monkeypatch.setattr(markdown, "parse", parsed)
    return texts


def test_a_text_is_rendered_once_for_all_that_decides_what_comes_out(read: list[str]) -> None:
    text = "One ![](media:fig) picture."
    contexts = [
        Context({"fig": Figure("/media/1.png", 1, 1, "", "", "")}),
        Context({"fig": Figure("/media/2.png", 1, 1, "", "", "")}),
        Context({"fig": Figure("/media/1.png", 1, 1, "", "", "")}, "https://example.org"),
    ]
    made = [to_html(text, context=context, level=level) for context in contexts for level in (1, 2)]
    rendered = len(read)
    other = Figure("/media/other.png", 1, 1, "", "", "")
    more = [Context({**context.figures, "not-shown": other}, context.base_url) for context in contexts]
    assert [to_html(text, context=context, level=level) for context in more for level in (1, 2)] == made
    assert (rendered, len(read)) == (7, 7)  # one of them for the names of its pictures


def test_what_is_rehearsed_is_read_from_memory_and_not_remembered(read: list[str]) -> None:
    known, new = "Known *before*.", "Typed *just now*."
    before = to_html(known)
    read.clear()
    with markdown.rehearsed():
        assert (to_html(known), read) == (before, [])
        with markdown.rehearsed():
            shown = to_html(new)
        assert (to_html(new), markdown.word_count(new), read) == (shown, 3, [new, new])
    assert (to_html(new), to_html(new), read) == (shown, shown, [new, new, new])


@pytest.mark.django_db
def test_previews_of_the_admin_leave_nothing_behind(read: list[str], client: Client) -> None:
    client.force_login(edith())
    new = "A text that **nobody** has published."
    answer = client.post("/markdownx/markdownify/", {"content": new}).json()
    assert answer["html"] == to_html(new, level=2)
    read.clear()
    assert client.post("/markdownx/markdownify/", {"content": f"{new} Or so."}).json()["words"] == 8
    with rehearsal():
        make_paper(make_draft(), body=f"{new} Or so.")
    asked = len(read)
    assert (markdown.word_count(f"{new} Or so."), len(read)) == (8, asked + 1)
