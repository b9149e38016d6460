import re

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from papers.lineage import Kin, Tie, kin, parse_ties, validate_lineage
from papers.models import PaperSummary
from tests.factories import make_issue, make_paper
from timeline.history import record, versions
from timeline.models import Issue
from timeline.publishing import withdraw


@pytest.mark.parametrize(
    ("line", "tie"),
    [
        ("builds on 2306.02707 Orca: The First", Tie("builds on", "2306.02707", "Orca: The First")),
        ("Builds on arXiv:2306.02707v2 Orca", Tie("builds on", "2306.02707", "Orca")),
        ("contradicts https://arxiv.org/abs/hep-th/9901001 Strings", Tie("contradicts", "hep-th/9901001", "Strings")),
        ("supersedes /papers/orca/", Tie("supersedes", "/papers/orca/", "")),
    ],
)
def test_lines_are_read(line: str, tie: Tie) -> None:
    validate_lineage(line)
    assert parse_ties(f"\n{line}\n{line}\n") == [tie]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("based on 2306.02707 Orca", "Line 2: Write “builds on”"),
        ("builds on", "Line 2: Write “builds on”"),
        ("builds on 2306.02707", "Line 2: Write the title"),
        ("builds on Orca 2", "Line 2: “Orca” is no arXiv identifier"),
        ("builds on /news/claude/", "Line 2: “/news/claude/” is no arXiv identifier"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(line: str, sentence: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(sentence)):
        validate_lineage(f"builds on 2306.02707 Orca\n{line}")
    assert parse_ties(line) == []


ORCA = {"title": "Orca: The First", "slug": "orca", "arxiv_id": "2306.02707"}
OTHER = "supersedes 1706.03762 Attention Is All You Need"


@pytest.fixture
def orca_2(db: None) -> PaperSummary:
    lineage = f"builds on 2306.02707 Orca\n{OTHER}"
    return make_paper(make_issue(number=2), title="Orca 2", slug="orca-2", arxiv_id="2311.11045", lineage=lineage)


ATTENTION = Kin("supersedes", "Attention Is All You Need", "https://arxiv.org/abs/1706.03762", False)


def test_paper_of_others_leads_to_arxiv_until_it_is_ours(orca_2: PaperSummary) -> None:
    assert kin(orca_2) == ([Kin("builds on", "Orca", "https://arxiv.org/abs/2306.02707", False), ATTENTION], [])
    orca = make_paper(make_issue(number=3), **ORCA)
    assert kin(orca_2) == ([Kin("builds on", "Orca: The First", "/papers/orca/", True), ATTENTION], [])
    assert kin(orca) == ([], [Kin("builds on", "Orca 2", "/papers/orca-2/", True)])


def test_page_shows_lists_and_a_drawing_on_both_ends(client: Client, orca_2: PaperSummary) -> None:
    make_paper(make_issue(number=3), **ORCA)
    page = client.get("/papers/orca-2/").content.decode()
    assert re.findall(r"<h3>(.*?)</h3>\s*<ul><li><a href=\"(.*?)\"", page) == [
        ("Builds on", "/papers/orca/"),
        ("Supersedes", "https://arxiv.org/abs/1706.03762"),
    ]
    assert "It builds on Orca: The First. It supersedes Attention Is All You Need." in page
    assert (page.count("<circle"), '<path class="supersedes"' in page) == (3, True)
    page = client.get("/papers/orca/").content.decode()
    assert re.findall(r"<h3>(.*?)</h3>\s*<ul><li><a href=\"(.*?)\"", page) == [("Built upon by", "/papers/orca-2/")]
    assert "It is built upon by Orca 2." in page


def test_paper_without_lineage_shows_none(client: Client, db: None) -> None:
    paper = make_paper(make_issue(), arxiv_id="2311.11045", lineage="builds on 2311.11045 Itself")
    assert 'class="lineage"' not in client.get(paper.get_absolute_url()).content.decode()


def test_only_public_papers_are_kin(orca_2: PaperSummary) -> None:
    orca = make_paper(make_issue(number=3), **ORCA)
    withdraw(Issue.objects.get(number=3))
    assert [each.is_ours for each in kin(orca_2)[0]] == [False, False]
    withdraw(Issue.objects.get(number=2))
    assert kin(orca) == ([], [])


def test_lineage_follows_changes_and_is_in_the_history(orca_2: PaperSummary) -> None:
    orca = make_paper(make_issue(number=3), **ORCA)
    orca_2.lineage = "contradicts /papers/orca/"
    orca_2.save()
    record(orca_2, "saved")
    assert kin(orca) == ([], [Kin("contradicts", "Orca 2", "/papers/orca-2/", True)])
    assert versions(orca_2)[0].data["lineage"] == "contradicts /papers/orca/"
    orca_2.delete()
    assert kin(orca) == ([], [])


def test_lineage_is_one_query(orca_2: PaperSummary, django_assert_num_queries) -> None:
    for number in range(3, 9):
        make_paper(make_issue(number=number), lineage="builds on 2311.11045 Orca 2")
    with django_assert_num_queries(1):
        assert len(kin(orca_2)[1]) == 6


def test_hostile_titles_are_text(client: Client, orca_2: PaperSummary) -> None:
    evil = "<script>alert(1)</script>"
    PaperSummary.objects.update(lineage=f"builds on 2306.02707 {evil}", title=evil)
    page = client.get("/papers/orca-2/").content.decode()
    assert (evil in page, "&lt;script&gt;alert(1)&lt;/script&gt;" in page) == (False, True)
