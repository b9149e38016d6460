"""Every URL of the URLconf × everybody: a URL that has no row here fails."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from boards.models import Benchmark, MeasuredModel
from tests.factories import (
    edith,
    make_author,
    make_image,
    make_issue,
    make_news,
    make_paper,
    make_term,
    paula,
    rita,
    tag,
)
from tests.thirdkind.models import Poll
from timeline.images import sweep_images
from timeline.models import Issue, Publication, Topic

Statuses = tuple[int, int, int, int]  # of an anonymous visitor, a reader, an Editor, a Publisher

ALL: Statuses = (200, 200, 200, 200)
MOVED: Statuses = (302, 302, 302, 302)
STAFF: Statuses = (302, 302, 200, 200)
PUBLISHER: Statuses = (302, 302, 403, 200)
NOBODY: Statuses = (302, 302, 403, 403)  # but superusers
SCRIPT: Statuses = (403, 403, 200, 200)  # what an editor's script calls: no redirect to a page
NOT_ALLOWED: Statuses = (405, 405, 405, 405)


def of_model(name: str, view: Statuses, add: Statuses, change: Statuses, delete: Statuses) -> dict[str, Statuses]:
    return {
        f"admin/{name}/": view,
        f"admin/{name}/add/": add,
        f"admin/{name}/<path:object_id>/history/": view,
        f"admin/{name}/<path:object_id>/delete/": delete,
        f"admin/{name}/<path:object_id>/change/": change,
        f"admin/{name}/<path:object_id>/": (302, 302, 302, 302),  # to …/change/
    }


GET: dict[str, Statuses] = {
    "": ALL,
    "issues/": ALL,
    "issues/page/<int:page>/": ALL,
    "issues/<int:number>/": ALL,
    "issues/<int:number>.md": ALL,
    "issues/<int:number>/share-<slug:digest>.png": MOVED,  # nobody knows the digest: to the right one
    r"^timeline/(?:(?P<year>[0-9]{4})/)?(?:(?P<kind>papers|news|polls|issues)/)?"
    r"(?:topics/(?P<topic>[-\w]+)/)?(?:organisations/(?P<organisation>[-\w]+)/)?"
    r"(?:page/(?P<page>[0-9]{1,6})/)?$": ALL,
    "search/": ALL,
    "topics/<slug:slug>/": ALL,
    "topics/<slug:slug>/page/<int:page>/": ALL,
    "topics/<slug:slug>.md": ALL,
    "topics/<slug:slug>/feed.<feed:ending>": ALL,
    "glossary/": ALL,
    "glossary/page/<int:page>/": ALL,
    "glossary/<slug:slug>/": ALL,
    "glossary/<slug:slug>/page/<int:page>/": ALL,
    "feed.<feed:ending>": ALL,
    "share-<slug:digest>.png": MOVED,
    "sitemap.xml": ALL,
    "sitemap-<slug:name>-<int:page>.xml": ALL,
    "robots.txt": ALL,
    "llms.txt": ALL,
    "contact/<slug:purpose>/": ALL,
    "<page:name>/": ALL,
    "<page:name>.md": ALL,
    "healthz": ALL,
    "authors/": ALL,
    "authors/page/<int:page>/": ALL,
    "authors/<slug:slug>/": ALL,
    "authors/<slug:slug>/page/<int:page>/": ALL,
    "authors/<slug:slug>.md": ALL,
    "authors/<slug:slug>/feed.<feed:ending>": ALL,
    "benchmarks/": ALL,
    "benchmarks/page/<int:page>/": ALL,
    "benchmarks/<slug:slug>/": ALL,
    "benchmarks/<slug:slug>.csv": ALL,
    "benchmarks/<slug:slug>.json": ALL,
    "<kind:kind>/": ALL,
    "<kind:kind>/page/<int:page>/": ALL,
    "<kind:kind>/<slug:slug>/": ALL,
    "<kind:kind>/<slug:slug>.md": ALL,
    "<kind:kind>/<slug:slug>/share-<slug:digest>.png": MOVED,
    "<kind:kind>/<slug:slug>/<slug:work>.<citation:ending>": ALL,
    "<kind:kind>/feed.<feed:ending>": ALL,
    "markdownx/markdownify/": (403, 403, 405, 405),
    "markdownx/upload/": (403, 403, 405, 405),
    "admin/": STAFF,
    "admin/login/": (200, 200, 302, 302),
    "admin/logout/": (302, 302, 405, 405),
    "admin/password_change/": STAFF,
    "admin/password_change/done/": STAFF,
    "admin/autocomplete/": (302, 302, 200, 200),
    "admin/jsi18n/": STAFF,
    "admin/r/<path:content_type_id>/<path:object_id>/": (302, 302, 404, 404),
    r"admin/^(?P<app_label>auth|django_tasks_database|timeline|papers|news|boards|polls)/$": STAFF,
    "admin/(?P<url>.*)$": (302, 302, 404, 404),
    "admin/sign-in/<uid>/<token>/": (
        403,
        403,
        403,
        403,
    ),  # with a wrong token; tests/timeline/test_signin.py has the rest
    "admin/set-password/": (302, 302, 403, 403),
    **of_model("timeline/issue", STAFF, STAFF, STAFF, PUBLISHER),
    "admin/timeline/issue/<int:pk>/preview/": STAFF,
    "admin/timeline/issue/<int:pk>/preflight/": STAFF,
    "admin/timeline/issue/<int:pk>/publish/": PUBLISHER,
    "admin/timeline/issue/<int:pk>/schedule/": PUBLISHER,
    "admin/timeline/issue/<int:pk>/withdraw/": PUBLISHER,
    **of_model("papers/papersummary", STAFF, STAFF, STAFF, PUBLISHER),
    "admin/papers/papersummary/<int:pk>/preview/": STAFF,
    **of_model("news/newsitem", STAFF, STAFF, STAFF, PUBLISHER),
    "admin/news/newsitem/<int:pk>/preview/": STAFF,
    **of_model("polls/poll", STAFF, STAFF, STAFF, PUBLISHER),
    "admin/polls/poll/<int:pk>/preview/": STAFF,
    **of_model("papers/author", STAFF, STAFF, STAFF, STAFF),
    "admin/papers/author/doubles/": STAFF,
    **of_model("boards/benchmark", STAFF, STAFF, STAFF, STAFF),
    **of_model("boards/measuredmodel", STAFF, STAFF, STAFF, STAFF),
    **of_model("timeline/topic", STAFF, STAFF, STAFF, STAFF),
    **of_model("timeline/term", STAFF, STAFF, STAFF, STAFF),
    **of_model("timeline/image", STAFF, STAFF, STAFF, NOBODY),
    **of_model("timeline/publication", PUBLISHER, NOBODY, PUBLISHER, NOBODY),
    "admin/timeline/publication/": (302, 302, 403, 302),  # to the one row
    **of_model("timeline/user", NOBODY, NOBODY, NOBODY, NOBODY),
    "admin/timeline/user/<id>/password/": NOBODY,
    **of_model("auth/group", NOBODY, NOBODY, NOBODY, NOBODY),
    **of_model("django_tasks_database/dbtaskresult", NOBODY, NOBODY, NOBODY, NOBODY),
}

POST: dict[str, Statuses] = {
    "": NOT_ALLOWED,
    "issues/<int:number>/": NOT_ALLOWED,
    "<kind:kind>/<slug:slug>/": NOT_ALLOWED,
    "feed.<feed:ending>": NOT_ALLOWED,
    "sitemap.xml": NOT_ALLOWED,
    "<kind:kind>/<slug:slug>.md": NOT_ALLOWED,
    "contact/<slug:purpose>/": ALL,
    "markdownx/markdownify/": SCRIPT,
    "markdownx/upload/": (403, 403, 400, 400),  # there is no file in it
    "admin/timeline/issue/<int:pk>/publish/": (302, 302, 403, 302),
    "admin/timeline/issue/<int:pk>/schedule/": PUBLISHER,  # the form again: no time in it
    "admin/timeline/issue/<int:pk>/withdraw/": (302, 302, 403, 302),
    "admin/timeline/issue/<path:object_id>/delete/": (302, 302, 403, 302),
    "admin/timeline/publication/<path:object_id>/change/": PUBLISHER,  # the form again: nothing in it
    "admin/timeline/user/add/": NOBODY,
    "admin/auth/group/add/": NOBODY,
}


def routes(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route


@pytest.fixture
def address(db: None) -> dict[str, str]:
    """Values for the parts of routes; the rows that they name are public, so that only the person decides."""
    issue = make_issue(number=2)
    paper = make_paper(issue, title="Orca", authors=["Ada"], body="```scores MMLU\nOrca = 1\n```")
    tag(paper, "Reasoning")
    Publication(reply_address="reply@example.org", about="# Who we are").save()
    return {
        "<int:page>": "1",
        "<int:number>": "2",
        "<slug:purpose>": "reply",
        "<page:name>": "about",
        "<kind:kind>": "papers",
        "<feed:ending>": "atom",
        "<slug:work>": "paper",
        "<citation:ending>": "bib",
        "<slug:name>": "issues",
        "<slug:digest>": "0",
        "<uid>": "MQ",
        "<token>": "wrong",
        "<path:content_type_id>": "0",
        "<id>": str(rita().pk),
        "topics/<slug:slug>": "topics/reasoning",
        "authors/<slug:slug>": "authors/ada",
        "benchmarks/<slug:slug>": "benchmarks/mmlu",
        "glossary/<slug:slug>": "glossary/lcm",
        "papers/<slug:slug>": "papers/orca",
        "(?P<url>.*)$": "no/such/page/",
        "^(?P<app_label>auth|django_tasks_database|timeline|papers|news|boards|polls)/$": "papers/",
        "^timeline/(?:(?P<year>[0-9]{4})/)?": "timeline/",
        r"(?:(?P<kind>papers|news|polls|issues)/)?(?:topics/(?P<topic>[-\w]+)/)?": "",
        r"(?:organisations/(?P<organisation>[-\w]+)/)?(?:page/(?P<page>[0-9]{1,6})/)?$": "",
        "timeline/issue/<key>": f"timeline/issue/{issue.pk}",
        "papers/papersummary/<key>": f"papers/papersummary/{paper.pk}",
        "news/newsitem/<key>": f"news/newsitem/{make_news(issue).pk}",
        "polls/poll/<key>": f"polls/poll/{Poll.objects.create(issue=issue, title='Poll').pk}",
        "papers/author/<key>": f"papers/author/{make_author('Bob').pk}",
        "boards/benchmark/<key>": f"boards/benchmark/{Benchmark.objects.create(name='GSM8K').pk}",
        "boards/measuredmodel/<key>": f"boards/measuredmodel/{MeasuredModel.objects.create(name='LCM').pk}",
        "timeline/topic/<key>": f"timeline/topic/{Topic.objects.create(name='Other').pk}",
        "timeline/term/<key>": f"timeline/term/{make_term('LCM').pk}",
        "timeline/image/<key>": f"timeline/image/{make_image().pk}",
        "timeline/publication/<key>": "timeline/publication/1",
        "timeline/user/<key>": f"timeline/user/{rita().pk}",
        "auth/group/<key>": "auth/group/1",
        "django_tasks_database/dbtaskresult/<key>": f"django_tasks_database/dbtaskresult/{sweep_images.enqueue().id}",
        "<key>": "1",
    }


def url(route: str, address: dict[str, str]) -> str:
    path = "/" + route.replace("<path:object_id>", "<key>").replace("<int:pk>", "<key>")
    for part, value in address.items():
        path = path.replace(part, value)
    if route == "admin/autocomplete/":
        path += "?app_label=papers&model_name=authorship&field_name=author"
    return path


def client_of(person: int) -> Client:
    client = Client()
    if make := (None, rita, edith, paula)[person]:
        client.force_login(make())
    return client


def test_every_url_has_a_row() -> None:
    media = {r"^media/(?P<path>.*)$"}  # in development only
    assert set(routes(get_resolver().url_patterns)) - media == set(GET)


@pytest.mark.parametrize("person", range(4), ids=["anonymous", "reader", "editor", "publisher"])
def test_get_answers_each_person_as_the_table_says(person: int, address: dict[str, str]) -> None:
    client = client_of(person)
    answers = {route: client.get(url(route, address)).status_code for route in GET}
    assert answers == {route: statuses[person] for route, statuses in GET.items()}


@pytest.mark.parametrize("person", range(4), ids=["anonymous", "reader", "editor", "publisher"])
@pytest.mark.parametrize("route", POST)
def test_post_answers_each_person_as_the_table_says(route: str, person: int, address: dict[str, str]) -> None:
    if "publish" in route:
        Issue.objects.update(published_at=None)
    assert (
        client_of(person).post(url(route, address), {"post": "yes", "override": "Fit to print"}).status_code
        == POST[route][person]
    )
