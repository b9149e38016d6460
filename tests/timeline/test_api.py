"""The JSON API: what it tells, how it is paged, what never stands in it, and whatever is asked of it."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.factories import edith, make_author, make_image, make_issue, make_news, make_paper, make_term, tag
from timeline import derived
from timeline.models import Issue, Publication
from timeline.publishing import withdraw
from timeline.resources import resources
from timeline.wsgi import django as application

pytestmark = pytest.mark.django_db

SITE = "http://127.0.0.1:8000"
NAMES = [resource.name for resource in resources()]
SCORES = "```scores BigBench\nsetting: zero-shot\n*Orca 2 13B = 40.36%\nMistral 7B = 42.15%\n```"
AT = datetime(2023, 11, 27, 15, tzinfo=UTC)


def everything() -> Issue:
    """Something in every list."""
    issue = make_issue(number=2, title="AI Can Think", tagline="Explained", introduction="*Hello*", at=AT)
    paper = make_paper(
        issue,
        title="Orca 2: Teaching",
        short_title="Orca 2",
        emoji="🐳",
        authors=["Arindam Mitra", "Łukasz Ek"],
        arxiv_id="2311.11045",
        arxiv_version=2,
        date="2023-11-18",
        lineage="builds on 2306.02707 Orca",
        body=f"## Results\n\nSee [issue 2](/issues/2/) and LCM.\n\n{SCORES}",
    )
    tag(paper, "Reasoning")
    make_news(issue, title="Claude 2.1", organisation="Anthropic", source_name="Post", source_url="https://a.example/")
    make_term("LCM", "LCMs", expansion="Latent Consistency Model")
    return issue


def get(client: Client, path: str) -> Any:
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def walk(client: Client, path: str) -> list[Any]:
    """All items behind `path`, one page after the other."""
    found, url = [], f"/api/v1/{path}"
    while url:
        page = client.get(url).json()
        found += page["items"]
        url = (page["next"] or "").removeprefix(SITE)
    return found


def test_paper_is_told_whole(client: Client) -> None:
    issue = everything()
    paper = issue.papersummary_set.get()
    told = get(client, "papers/orca-2")
    text = told.pop("text")
    assert told == {
        "id": str(paper.uuid),
        "kind": "papers",
        "slug": "orca-2",
        "url": f"{SITE}/papers/orca-2/",
        "issue": {"number": 2, "title": "AI Can Think", "url": f"{SITE}/issues/2/"},
        "emoji": "🐳",
        "title": "Orca 2: Teaching",
        "short_title": "Orca 2",
        "date": "2023-11-18",
        "published_at": "2023-11-27T15:00:00Z",
        "updated_at": paper.updated_at.isoformat().replace("+00:00", "Z"),
        "minutes": 1,
        "authors": [
            {"name": "Arindam Mitra", "slug": "arindam-mitra", "url": f"{SITE}/authors/arindam-mitra/"},
            {"name": "Łukasz Ek", "slug": "lukasz-ek", "url": f"{SITE}/authors/lukasz-ek/"},
        ],
        "topics": [{"name": "Reasoning", "slug": "reasoning", "url": f"{SITE}/topics/reasoning/"}],
        "links": [
            {"label": "arXiv 2311.11045v2", "url": "https://arxiv.org/abs/2311.11045v2"},
            {"label": "PDF", "url": "https://arxiv.org/pdf/2311.11045v2"},
        ],
        "image": None,
        "arxiv_id": "2311.11045",
        "arxiv_version": 2,
        "doi": "",
        "venue": "",
        "abstract": "",
        "ties": [{"way": "builds on", "target": "2306.02707", "title": "Orca"}],
    }
    assert text["markdown"] == paper.body
    assert f'<a href="{SITE}/issues/2/"' in text["html"] and '<h2 id="papers-orca-2-results">' in text["html"]


def test_issue_is_told_whole(client: Client) -> None:
    issue = everything()
    told = get(client, "issues/2")
    assert told == {
        "id": str(issue.uuid),
        "number": 2,
        "title": "AI Can Think",
        "tagline": "Explained",
        "url": f"{SITE}/issues/2/",
        "published_at": "2023-11-27T15:00:00Z",
        "updated_at": issue.updated_at.isoformat().replace("+00:00", "Z"),
        "minutes": 2,
        "cover": None,
        "introduction": {"markdown": "*Hello*", "html": "<p><em>Hello</em></p>\n"},
        "closing": {"markdown": "", "html": ""},
        "contents": [
            {"kind": "papers", "slug": "orca-2", "title": "Orca 2: Teaching", "url": f"{SITE}/papers/orca-2/"},
            {"kind": "news", "slug": "claude-2-1", "title": "Claude 2.1", "url": f"{SITE}/news/claude-2-1/"},
        ],
    }


def test_every_list_is_filled_and_has_the_documents_that_are_got_one_by_one(client: Client) -> None:
    everything()
    for resource in resources():
        items = get(client, resource.name)["items"]
        if resource.name == "polls":  # the third kind of the tests: nothing of it is published here
            assert items == []
            continue
        assert items
        if resource.key:
            field = "number" if resource.name == "issues" else "slug"
            assert [get(client, f"{resource.name}/{item[field]}") for item in items] == items


def test_pages_hold_everything_once_whatever_comes_out_meanwhile(client: Client) -> None:
    for number in range(1, 8):
        issue = make_issue(number=number)
        for letter in "ab":
            make_paper(
                issue,
                title=f"P{number}{letter}",
                slug=f"p{number}{letter}",
                body=SCORES,
                authors=[f"A{number}{letter}"],
            )
    before = {name: walk(client, f"{name}?limit=100") for name in NAMES}
    assert [item["slug"] for item in before["papers"]] == [f"p{n}{x}" for n in range(7, 0, -1) for x in "ba"]
    assert {name: walk(client, f"{name}?limit=3") for name in NAMES} == before
    first = get(client, "papers?limit=3")
    make_paper(make_issue(number=9), title="New", slug="new")
    rest = walk(client, first["next"].removeprefix(f"{SITE}/api/v1/"))
    assert [*first["items"], *rest] == before["papers"]


def test_next_keeps_what_was_asked(client: Client) -> None:
    issue = make_issue(number=3)
    for number in range(3):
        tag(make_paper(issue, title=f"On {number}", slug=f"on-{number}"), "Agents")
        make_paper(issue, title=f"Off {number}")
    assert [item["slug"] for item in walk(client, "papers?topic=agents&limit=1")] == ["on-2", "on-1", "on-0"]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("papers?topic=reasoning", ["orca-2"]),
        ("papers?topic=agents", []),
        ("papers?author=lukasz-ek&year=2023", ["orca-2"]),
        ("papers?author=lukasz-ek&year=2024", []),
        ("papers?issue=2", ["orca-2"]),
        ("papers?issue=3", []),
        ("news?organisation=anthropic", ["claude-2-1"]),
        ("news?organisation=openai", []),
        ("authors?name=LUKASZ%20EK", []),
        ("authors?name=%C5%82ukasz%20ek", ["lukasz-ek"]),
        ("authors?orcid=0000-0002-1825-0097", []),
        ("terms?name=lcms", ["lcm"]),
        ("terms?name=lora", []),
    ],
)
def test_lists_are_narrowed(client: Client, path: str, found: list[str]) -> None:
    everything()
    assert [item["slug"] for item in walk(client, path)] == found


def test_scores_are_narrowed(client: Client) -> None:
    everything()
    models = {
        path: [item["model"] for item in walk(client, f"scores?{path}")]
        for path in ("benchmark=bigbench", "model=mistral-7b", "issue=2", "benchmark=mmlu", "issue=3")
    }
    assert models == {
        "benchmark=bigbench": ["Orca 2 13B", "Mistral 7B"],
        "model=mistral-7b": ["Mistral 7B"],
        "issue=2": ["Orca 2 13B", "Mistral 7B"],
        "benchmark=mmlu": [],
        "issue=3": [],
    }


def test_who_keeps_a_copy_asks_for_what_is_new(client: Client) -> None:
    old, new = make_issue(number=1, at=AT), make_issue(number=2)
    for issue, name in ((old, "still"), (old, "changed"), (new, "came-out")):
        make_paper(issue, title=name, slug=name)
    month_ago = timezone.now() - timedelta(days=30)
    type(old).objects.filter(pk=old.pk).update(updated_at=month_ago)
    old.papersummary_set.filter(slug="still").update(updated_at=month_ago)
    new.papersummary_set.update(updated_at=month_ago)
    since = (timezone.now() - timedelta(days=7)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert {item["slug"] for item in walk(client, f"papers?updated_since={since}")} == {"changed", "came-out"}
    assert [item["number"] for item in walk(client, f"issues?updated_since={since}")] == [2]
    far = "0422-11-06T00:57:40%2B19:03"  # an offset that no place has
    assert [item["number"] for item in walk(client, f"issues?updated_since={far}")] == [2, 1]


def test_nothing_that_readers_may_not_see_is_told(client: Client) -> None:
    hidden = [
        make_issue(published=False, title="Secret"),
        make_issue(at=timezone.now() + timedelta(days=1), title="Secret"),
        withdraw(make_issue(title="Secret"), editor=edith()),
        None,
    ]
    for number, issue in enumerate(hidden):
        body = f"Secret {SCORES.replace('BigBench', 'Secret')}"
        item = make_paper(
            issue, title=f"Secret {number}", slug=f"secret-{number}", body=body, authors=["Secret Author"]
        )
        tag(item, "Secret topic")
        make_news(issue, title=f"Secret news {number}", slug=f"secret-news-{number}", authors=["Secret Author"])
    paths = [f"/api/v1/{name}" for name in NAMES]
    assert [client.get(path).json() for path in paths] == [{"items": [], "next": None}] * len(paths)
    for path in [
        *(f"papers/secret-{number}" for number in range(4)),
        *(f"news/secret-news-{number}" for number in range(4)),
        *(f"issues/{issue.number}" for issue in hidden if issue),
        "authors/secret-author",
        "topics/secret-topic",
    ]:
        answer = client.get(f"/api/v1/{path}")
        assert (path, answer.status_code, b"ecret" in answer.content) == (path, 404, False)


def test_what_has_not_changed_costs_nothing(client: Client) -> None:
    everything()
    first = client.get("/api/v1/papers")
    again = client.get("/api/v1/papers", headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    make_paper(make_issue(number=3))
    assert client.get("/api/v1/papers", headers={"if-none-match": first["ETag"]}).status_code == 200


def test_scripts_of_other_sites_may_read_but_nobody_may_write(client: Client) -> None:
    everything()
    for path in (
        "/api/v1/papers",
        "/api/v1/papers/orca-2",
        "/api/v1/papers/nowhere",
        "/api/v1/no",
        "/api/v1/openapi.json",
    ):
        assert client.get(path)["Access-Control-Allow-Origin"] == "*"
        assert client.head(path).status_code == client.get(path).status_code
        for method in (client.post, client.put, client.patch, client.delete):
            assert method(path).status_code == 405


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("papers?limit=0", 422, "limit: Input should be greater than or equal to 1"),
        ("papers?limit=101", 422, "limit: Input should be less than or equal to 100"),
        ("papers?cursor=abc", 422, "The cursor is wrong: take the address under “next” as it is."),
        ("papers?cursor=WyJ4Il0", 422, "The cursor is wrong: take the address under “next” as it is."),
        ("topics?cursor=WzFd", 422, "The cursor is wrong: take the address under “next” as it is."),
        (
            "papers?updated_since=0001-01-01T00:00:00%2B19:03",
            422,
            "updated_since: In UTC this is before the year 1 or after the year 9999.",
        ),
        (
            "papers?updated_since=1318501",
            422,
            "updated_since: Write a date and a time with its offset, such as 2026-11-28T03:00:00Z.",
        ),
        ("papers/nowhere", 404, "There is nothing at this address. The lists have the addresses of all."),
        ("nowhere/at/all", 404, "There is nothing at this address. The lists have the addresses of all."),
        ("papers/or%0Aca", 422, "key: String should match pattern '^[-a-zA-Z0-9_]{1,120}$'"),
        ("issues/77", 404, "There is nothing at this address. The lists have the addresses of all."),
    ],
)
def test_error_says_what_is_wrong(client: Client, path: str, status: int, detail: str) -> None:
    answer = client.get(f"/api/v1/{path}")
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/json")
    assert answer.json() == {"detail": detail}


def test_address_that_has_changed_redirects(client: Client) -> None:
    paper = make_paper(make_issue(), slug="orca-1")
    author = make_author("Ada", slug="ada-1")
    paper.bylines.create(author=author)
    for row in (paper, author):
        row.slug = row.slug.replace("1", "2")
        row.save()
        derived.update(row)
    moved = {path: client.get(f"/api/v1/{path}") for path in ("papers/orca-1", "authors/ada-1")}
    assert {path: (answer.status_code, answer["Location"]) for path, answer in moved.items()} == {
        "papers/orca-1": (301, "/api/v1/papers/orca-2"),
        "authors/ada-1": (301, "/api/v1/authors/ada-2"),
    }


def test_long_pages_need_no_more_queries_than_short_ones(client: Client) -> None:
    for _ in range(8):
        issue = make_issue(introduction=f"![](media:{make_image().name})")
        for _ in range(2):
            paper = make_paper(issue, authors=["Ada", "Alan"], body=SCORES, lead_image=make_image())
            tag(paper, "Agents")
            make_news(issue, authors=["Ada"], body=f"![](media:{make_image().name})")
    needed = {}
    for name in NAMES:
        with CaptureQueriesContext(connection) as asked:
            client.get(f"/api/v1/{name}?limit=100")
        needed[name] = len(asked)
    assert {name: count for name, count in needed.items() if count > 5} == {}


def test_hostile_text_is_told_as_it_is_and_harmless_as_html(client: Client) -> None:
    hostile = "<script>alert(1)</script> [x](javascript:alert(1))"
    make_paper(make_issue(introduction=hostile), slug="h", title=hostile, body=hostile)
    told = get(client, "papers/h")
    assert (told["title"], told["text"]["markdown"]) == (hostile, hostile)
    for html in (told["text"]["html"], get(client, "issues/1")["introduction"]["html"]):
        assert "<script" not in html and "javascript:" not in html.replace("[x](javascript:alert(1))", "")
    assert client.get("/api/v1/papers/h")["Content-Type"] == "application/json"
    assert client.get("/api/v1/papers/h")["X-Content-Type-Options"] == "nosniff"


def test_document_tells_of_licence_and_of_every_list(client: Client) -> None:
    Publication(name="The Line", licence="CC BY 4.0", support_link="https://s.example/").save()
    document = client.get("/api/v1/openapi.json").json()
    assert (document["info"]["title"], document["info"]["license"]) == ("The Line", {"name": "CC BY 4.0"})
    expected = {f"/api/v1/{resource.name}" for resource in resources()}
    expected |= {f"/api/v1/{resource.name}/{{key}}" for resource in resources() if resource.key}
    assert set(document["paths"]) == expected
    assert {method for path in document["paths"].values() for method in path} == {"get"}


def test_page_explains_every_list_and_filter(client: Client) -> None:
    page = client.get("/api/").content.decode()
    for resource in resources():
        assert f'href="{resource.path}"' in page
        for name in resource.filters.model_fields:
            assert f"<code>{name}</code>" in page


def in_the_connection_of_the_test(environ: dict[str, Any], start_response: Callable) -> list[bytes]:
    """The whole site as a WSGI server calls it, but for what Django's test client leaves out, too; not packed."""
    environ.pop("HTTP_ACCEPT_ENCODING", None)
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    try:
        with closing(application(environ, start_response)) as answer:
            return [b"".join(answer)]
    finally:
        request_started.connect(close_old_connections)
        request_finished.connect(close_old_connections)


def is_nothing(value: Any) -> bool:
    if isinstance(value, list | dict):
        return all(map(is_nothing, value.values() if isinstance(value, dict) else value))
    return value is None


PATHS = [f"/api/v1/{each.name}" for each in resources()]
PATHS += [f"/api/v1/{each.name}/{{key}}" for each in resources() if each.key]


@pytest.mark.parametrize("path", PATHS)
def test_whatever_is_asked_the_answer_is_as_described(path: str) -> None:
    """No 5xx, and no status, type or document that the OpenAPI document does not name."""
    everything()
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", in_the_connection_of_the_test)

    operation = schema[path]["get"]

    @given(st.one_of(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))
    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    def ask(case: Any) -> None:
        # A list or an object would be wrong, but of one with nothing in it nothing is sent, which is right.
        assume(not any(isinstance(value, list | dict) and is_nothing(value) for value in (case.query or {}).values()))
        # Only we know which cursors there are.
        case.call_and_validate(excluded_checks=[positive_data_acceptance])

    ask()
