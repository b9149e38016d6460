import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories import make_author, make_image, make_issue, make_news, make_paper, make_term, picture, tag
from tests.thirdkind.models import Poll
from timeline import derived, twins
from timeline.models import Issue, Publication, Topic
from timeline.publishing import withdraw

pytestmark = pytest.mark.django_db

SITE = "https://site.example"
PAPER = f"""\
- Kind: Research Papers
- Issue: [2: AI \\<b\\>](<{SITE}/issues/2.md>)
- Authors: [Ada](<{SITE}/authors/ada.md>), [Bob](<{SITE}/authors/bob.md>)
- Venue: NeurIPS
- Date of the paper: 2023-11-18
- Topics: [Small](<{SITE}/topics/small.md>)
- Links: [arXiv 2311.11045](<https://arxiv.org/abs/2311.11045>), [PDF](<https://arxiv.org/pdf/2311.11045>)
- Page: <{SITE}/papers/orca/>

![A whale](<{SITE}/media/images/picture.png> "Whales by Ada")

# Results

$a_1$ ![typed](<{SITE}/media/images/picture.png> "Cap \\" x") [Figure: to come]

```
media:whale
```
"""


@pytest.fixture(autouse=True)
def issue(settings) -> Issue:
    settings.SITE_URL = SITE
    Publication(closing="Bye.", time_zone="Asia/Tokyo").save()
    issue = make_issue(number=2, title="AI <b>", tagline="Explained", at=datetime(2023, 11, 26, 20, tzinfo=UTC))
    make_author("Ada", links="Home https://ada.example")
    paper = make_paper(
        issue,
        slug="orca",
        emoji="🐳",
        title="Orca 2: *Teaching*",
        authors=["Ada", "Bob"],
        venue="NeurIPS",
        date="2023-11-18",
        arxiv_id="2311.11045",
        lead_image=make_image("whale", file=picture(), alt="A whale", caption="Whales by Ada"),
        body='# Results\n\n$a_1$ ![typed](media:whale "Cap \\" x") ![to come](media:later)\n\n```\nmedia:whale\n```\n',
    )
    tag(paper, "Small")
    make_news(issue, slug="claude", title="Claude", organisation="Anthropic", body="News.")
    return issue


def markdown(client: Client, url: str) -> str:
    answer = client.get(url)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/markdown; charset=utf-8")
    return answer.content.decode()


def test_twin_of_an_item_holds_its_facts_and_its_text_as_typed(client: Client) -> None:
    assert markdown(client, "/papers/orca.md") == f"# Orca 2: \\*Teaching\\*\n\n{PAPER}"


def test_twin_of_an_issue_holds_all_its_items(client: Client) -> None:
    in_issue = PAPER.replace(f"- Issue: [2: AI \\<b\\>](<{SITE}/issues/2.md>)\n", "")
    assert markdown(client, "/issues/2.md") == (
        "# The AI Timeline \\#2: AI \\<b\\>\n\nExplained\n\n"
        f"- Published: 2023-11-27\n- Page: <{SITE}/issues/2/>\n\n"
        f"## Research Papers\n\n### Orca 2: \\*Teaching\\*\n\n{in_issue}\n"
        "## Industry News\n\n### Claude\n\n- Kind: Industry News\n- Organisation: Anthropic\n"
        f"- Page: <{SITE}/news/claude/>\n\nNews.\n\n---\n\nBye.\n"
    )


def test_twins_of_an_author_and_a_topic_list_what_there_is(client: Client) -> None:
    paper = f"## Research Papers\n\n- [Orca 2: \\*Teaching\\*](<{SITE}/papers/orca.md>)\n"
    assert markdown(client, "/authors/ada.md") == (
        f"# Ada\n\n- [Home](<https://ada.example>)\n- Page: <{SITE}/authors/ada/>\n\n{paper}"
    )
    assert markdown(client, "/topics/small.md") == f"# Small\n\n- Page: <{SITE}/topics/small/>\n\n{paper}"


def test_twins_of_the_glossary_and_of_a_term_explain_and_lead_on(client: Client, issue: Issue) -> None:
    make_term("Distillation")
    make_term("RL*HF", expansion="Reinforcement learning <b>", explanation="People choose.\nIt learns.")
    tag(make_paper(issue, slug="rl", title="RL*HF again"), "Small")
    make_news(issue, slug="rl-news", title="RL*HF in the news")
    meaning = "Reinforcement learning \\<b\\>. People choose. It learns."
    assert markdown(client, "/glossary.md") == (
        f"# Glossary\n\n- Page: <{SITE}/glossary/>\n\n"
        f"- [Distillation](<{SITE}/glossary/distillation.md>): What Distillation means.\n"
        f"- [RL\\*HF](<{SITE}/glossary/rl-hf.md>): {meaning}\n"
    )
    assert markdown(client, "/glossary/rl-hf.md") == (
        f"# RL\\*HF\n\n{meaning}\n\n- Page: <{SITE}/glossary/rl-hf/>\n\n"
        f"## Research Papers\n\n- [RL\\*HF again](<{SITE}/papers/rl.md>)\n\n"
        f"## Industry News\n\n- [RL\\*HF in the news](<{SITE}/news/rl-news.md>)\n"
    )
    for page in ("glossary", "glossary/rl-hf"):
        assert f'href="{SITE}/{page}.md"' in client.get(f"/{page}/").content.decode()


def test_twin_of_a_third_kind_needs_no_code(client: Client, issue: Issue) -> None:
    Poll.objects.create(issue=issue, slug="poll", title="Poll", body="Which?")
    assert markdown(client, "/polls/poll.md") == (
        f"# Poll\n\n- Kind: Reader Polls\n- Issue: [2: AI \\<b\\>](<{SITE}/issues/2.md>)\n"
        f"- Page: <{SITE}/polls/poll/>\n\nWhich?\n"
    )


def test_llms_txt_leads_to_the_newest_issues(client: Client) -> None:
    make_issue(number=3, title="Newer")
    answer = client.get("/llms.txt")
    text = answer.content.decode()
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert text.startswith("# The AI Timeline\n\n> Latest AI Research Explained Simply\n\n")
    assert (
        "\n\n## Newest issues\n\n"
        f"- [3: Newer](<{SITE}/issues/3.md>)\n- [2: AI \\<b\\>](<{SITE}/issues/2.md>): Explained\n\n"
        f"## Research Papers\n\n- [Orca 2: \\*Teaching\\*](<{SITE}/papers/orca.md>): issue 2\n\n"
        f"## Industry News\n\n- [Claude](<{SITE}/news/claude.md>): issue 2\n\n"
        f"## Topics\n\n- [Small](<{SITE}/topics/small.md>)\n\n## Optional\n\n"
    ) in text


def test_llms_txt_of_a_site_with_much_in_it_stays_short(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twins, "NEWEST", 2)
    monkeypatch.setattr(twins, "NEWEST_ITEMS", 2)
    for number in (3, 4):
        tag(make_paper(make_issue(number=number), title=f"Paper {number}"), f"Topic {number}")
    found = re.findall("/(?:issues|papers|topics)/[^/]+[.]md", client.get("/llms.txt").content.decode())
    topics = [f"/topics/{slug}.md" for slug in ("small", "topic-3")]
    assert found == ["/issues/4.md", "/issues/3.md", "/papers/paper-4.md", "/papers/paper-3.md", *topics]


def test_twin_of_a_text_page_is_there_as_soon_as_the_page_is(client: Client) -> None:
    assert client.get("/about.md").status_code == 404
    Publication.objects.update(about="## Who\n\n![](media:whale)")
    assert markdown(client, "/about.md") == (
        f"# About\n\n- Page: <{SITE}/about/>\n\n## Who\n\n"
        f'![A whale](<{SITE}/media/images/picture.png> "Whales by Ada")\n'
    )
    assert f'href="{SITE}/about.md"' in client.get("/about/").content.decode()
    assert f"- [About](<{SITE}/about.md>)\n" in client.get("/llms.txt").content.decode()


@pytest.mark.parametrize("state", ["draft", "scheduled", "withdrawn", "shelf"])
def test_what_is_not_published_has_no_twin(client: Client, state: str) -> None:
    hidden = make_issue(
        number=3,
        title="Hidden issue",
        published=state == "withdrawn",
        at=timezone.now() + timedelta(1) if state == "scheduled" else None,
    )
    paper = make_paper(None if state == "shelf" else hidden, slug="hidden", title="Hidden", authors=["Ada", "Hidden"])
    paper.topics.set([Topic.objects.get(), Topic.objects.create(name="Hidden")])
    if state == "withdrawn":
        withdraw(hidden)
    urls = ["/issues/3.md", "/papers/hidden.md", "/authors/hidden.md", "/topics/hidden.md"]
    if state == "shelf":
        hidden.delete()
    assert [client.get(url).status_code for url in urls] == [404] * 4
    for url in ("/llms.txt", "/authors/ada.md", "/topics/small.md", "/issues/2.md"):
        assert "Hidden" not in client.get(url).content.decode()


def test_old_address_leads_to_the_new_twin(client: Client, issue: Issue) -> None:
    paper = issue.papersummary_set.get()
    for row in (paper, paper.byline[0], paper.topics.get(), make_term("Old")):
        row.slug = "new"
        row.save()
        derived.update(row)
    urls = ("/papers/orca.md", "/authors/ada.md", "/topics/small.md", "/glossary/old.md")
    answers = [client.get(url) for url in urls]
    assert [(answer.status_code, answer["Location"]) for answer in answers] == [
        (301, "/papers/new.md"),
        (301, "/authors/new.md"),
        (301, "/topics/new.md"),
        (301, "/glossary/new.md"),
    ]


def test_hostile_names_stay_on_their_line(client: Client, issue: Issue) -> None:
    hostile = "x](<javascript:evil()>)\n\n# <script>evil()</script>"
    issue.papersummary_set.update(title=hostile, venue=hostile, arxiv_id="")
    text = markdown(client, "/papers/orca.md")
    escaped = "x\\](\\<javascript:evil()\\>) \\# \\<script\\>evil()\\</script\\>"
    assert (text.split("\n")[0], f"- Venue: {escaped}" in text, "<script" in text.replace("\\<", "")) == (
        f"# {escaped}",
        True,
        False,
    )


@pytest.mark.parametrize(
    ("url", "queries"),
    [
        *(("/issues/2.md", 8), ("/papers/orca.md", 5), ("/authors/ada.md", 5), ("/topics/small.md", 6)),
        *(("/glossary.md", 1), ("/glossary/claude.md", 2), ("/llms.txt", 6)),
    ],
)
def test_twins_need_a_fixed_number_of_queries(
    client: Client, issue: Issue, url: str, queries: int, django_assert_num_queries
) -> None:
    make_term("Claude")
    for _ in range(3):
        make_news(issue, title="Claude", body="Claude")
        tag(make_paper(issue, authors=["Ada", "Bob"]), Topic.objects.get().name)
        make_news(make_issue(), authors=["Cy"])
    with django_assert_num_queries(queries):
        assert client.get(url).status_code == 200
