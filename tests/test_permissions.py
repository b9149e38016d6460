"""Every URL of the URLconf × everybody: a URL that has no row here fails."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

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
from timeline.history import current, record
from timeline.images import sweep_images
from timeline.models import Correction, Dump, Issue, Publication, Topic
from timeline.pending import hold

Statuses = tuple[int, int, int, int]  # of an anonymous visitor, a reader, an Editor, a Publisher

ALL: Statuses = (200, 200, 200, 200)
MOVED: Statuses = (302, 302, 302, 302)
STAFF: Statuses = (302, 302, 200, 200)
PUBLISHER: Statuses = (302, 302, 403, 200)
NOBODY: Statuses = (302, 302, 403, 403)  # but superusers
SCRIPT: Statuses = (403, 403, 200, 200)  # what an editor's script calls: no redirect to a page
NOT_ALLOWED: Statuses = (405, 405, 405, 405)
NOT_READ: Statuses = (302, 302, 405, 405)  # in the admin, and only to be posted to


LISTS = ("issues", "papers", "news", "polls", "authors", "topics", "terms", "scores")  # of the API


def of_model(name: str, view: Statuses, add: Statuses, change: Statuses, delete: Statuses) -> dict[str, Statuses]:
    return {
        f"admin/{name}/": view,
        f"admin/{name}/add/": add,
        f"admin/{name}/<path:object_id>/history/": view,
        f"admin/{name}/<path:object_id>/delete/": delete,
        f"admin/{name}/<path:object_id>/change/": change,
        f"admin/{name}/<path:object_id>/": (302, 302, 302, 302),  # to …/change/
    }


def of_content(name: str, view: Statuses, add: Statuses, change: Statuses, delete: Statuses) -> dict[str, Statuses]:
    """A model of content has a history of ours in the place of Django's."""
    stock = of_model(name, view, add, change, delete)
    del stock[f"admin/{name}/<path:object_id>/history/"]
    return stock | {
        f"admin/{name}/<int:pk>/versions/": view,
        f"admin/{name}/versions/compare/": view,
        f"admin/{name}/versions/<int:version>/restore/": NOT_READ,
        f"admin/{name}/deleted/": view,
        f"admin/{name}/draft/": NOT_ALLOWED,  # only posted to
        f"admin/{name}/<int:pk>/merge/": MOVED if change == STAFF else (302, 302, 403, 302),  # there is no draft
    }


def of_previews(name: str) -> dict[str, Statuses]:
    return {
        f"admin/{name}/<int:pk>/preview/": STAFF,
        f"admin/{name}/<int:pk>/preview/<slug:medium>/": STAFF,
        f"admin/{name}/add/preview/<slug:medium>/": NOT_READ,
    }


GET: dict[str, Statuses] = {
    "": ALL,
    "issues/": ALL,
    "issues/page/<int:page>/": ALL,
    "issues/<int:number>/": ALL,
    "issues/<int:number>.md": ALL,
    "issues/<int:number>/corrections/": ALL,
    "issues/<int:number>/share-<slug:digest>.png": MOVED,  # nobody knows the digest: to the right one
    r"^timeline/(?:(?P<year>[0-9]{4})/)?(?:(?P<kind>papers|news|polls|issues)/)?"
    r"(?:topics/(?P<topic>[-\w]+)/)?(?:organisations/(?P<organisation>[-\w]+)/)?"
    r"(?:page/(?P<page>[0-9]{1,6})/)?$": ALL,
    "search/": ALL,
    "topics/<slug:slug>/": ALL,
    "topics/<slug:slug>/page/<int:page>/": ALL,
    "topics/<slug:slug>.md": ALL,
    "glossary.md": ALL,
    "glossary/<slug:slug>.md": ALL,
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
    "api/": ALL,
    "api/dumps/<str:name>": MOVED,
    **{f"api/v1{slash}": MOVED for slash in ("", "/")},  # to the page that explains it
    "api/v1/openapi.json": ALL,
    **{f"api/v1/{name}": ALL for name in LISTS},
    **{f"api/v1/{name}/<key>": ALL for name in LISTS if name != "scores"},
    "api/v1/<path:rest>": (404, 404, 404, 404),
    "contact/<slug:purpose>/": ALL,
    "<page:name>/": ALL,
    "<page:name>.md": ALL,
    "healthz": ALL,
    "readyz": ALL,
    "metrics": (404, 404, 404, 404),  # for who has the token
    "authors/": ALL,
    "authors/page/<int:page>/": ALL,
    "authors/<slug:slug>/": ALL,
    "authors/<slug:slug>/page/<int:page>/": ALL,
    "authors/<slug:slug>.md": ALL,
    "authors/<slug:slug>/feed.<feed:ending>": ALL,
    "benchmarks/": ALL,
    "benchmarks/page/<int:page>/": ALL,
    "benchmarks/<slug:slug>/": ALL,
    "benchmarks/<slug:slug>/page/<int:page>/": ALL,
    "benchmarks/<slug:slug>.md": ALL,
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
    r"admin/^(?P<app_label>auth|timeline|django_tasks_database|papers|news|boards|polls)/$": STAFF,
    "admin/(?P<url>.*)$": (302, 302, 404, 404),
    "admin/sign-in/<uid>/<token>/": (
        403,
        403,
        403,
        403,
    ),  # with a wrong token; tests/timeline/test_signin.py has the rest
    "admin/set-password/": (302, 302, 403, 403),
    **of_content("timeline/issue", STAFF, STAFF, STAFF, PUBLISHER),
    **of_previews("timeline/issue"),
    "admin/timeline/issue/<int:pk>/preflight/": STAFF,
    "admin/timeline/issue/<int:pk>/changes/": STAFF,
    "admin/timeline/issue/<int:pk>/changes/<int:change>/discard/": NOT_READ,
    "admin/timeline/issue/<int:pk>/publish/": PUBLISHER,
    "admin/timeline/issue/<int:pk>/schedule/": PUBLISHER,
    "admin/timeline/issue/<int:pk>/withdraw/": PUBLISHER,
    "admin/timeline/issue/<int:pk>/versions/at/<int:version>/": STAFF,
    "admin/timeline/issue/<int:pk>/versions/at/<int:version>/restore/": STAFF,
    **of_content("papers/papersummary", STAFF, STAFF, STAFF, PUBLISHER),
    **of_previews("papers/papersummary"),
    **of_content("news/newsitem", STAFF, STAFF, STAFF, PUBLISHER),
    **of_previews("news/newsitem"),
    **of_content("polls/poll", STAFF, STAFF, STAFF, PUBLISHER),
    **of_previews("polls/poll"),
    **of_content("papers/author", STAFF, STAFF, STAFF, STAFF),
    "admin/papers/author/doubles/": STAFF,
    **of_content("boards/benchmark", STAFF, STAFF, STAFF, STAFF),
    **of_content("boards/measuredmodel", STAFF, STAFF, STAFF, STAFF),
    **of_content("timeline/topic", STAFF, STAFF, STAFF, STAFF),
    **of_content("timeline/term", STAFF, STAFF, STAFF, STAFF),
    **of_content("timeline/image", STAFF, STAFF, STAFF, NOBODY),
    **of_content("timeline/publication", PUBLISHER, NOBODY, PUBLISHER, NOBODY),
    "admin/timeline/publication/": (302, 302, 403, 302),  # to the one row
    **of_model("timeline/user", NOBODY, NOBODY, NOBODY, NOBODY),
    "admin/timeline/user/<id>/password/": NOBODY,
    **of_model("auth/group", NOBODY, NOBODY, NOBODY, NOBODY),
    **of_model("django_tasks_database/dbtaskresult", NOBODY, NOBODY, NOBODY, NOBODY),
}

KINDS = ["timeline/issue", "papers/papersummary", "news/newsitem", "polls/poll"]  # what readers see with an issue
CONTENT = [
    *KINDS,
    "papers/author",
    "boards/benchmark",
    "boards/measuredmodel",
    "timeline/topic",
    "timeline/term",
    "timeline/image",
]

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
    "admin/timeline/issue/<int:pk>/changes/": PUBLISHER,  # the form again: no note in it
    "admin/timeline/issue/<int:pk>/changes/<int:change>/discard/": MOVED,
    **{f"admin/{name}/<int:pk>/preview/<slug:medium>/": (302, 302, 400, 400) for name in KINDS},  # nothing is typed
    **{f"admin/{name}/add/preview/<slug:medium>/": (302, 302, 400, 400) for name in KINDS},
    "admin/timeline/issue/<path:object_id>/delete/": (302, 302, 403, 302),
    "admin/timeline/publication/<path:object_id>/change/": PUBLISHER,  # the form again: nothing in it
    **{f"admin/{name}/versions/<int:version>/restore/": MOVED for name in CONTENT},
    **{f"admin/{name}/draft/": (403, 403, 400, 400) for name in CONTENT},  # of no row
    **{f"admin/{name}/<int:pk>/merge/": MOVED for name in CONTENT if name != "timeline/publication"},
    "admin/timeline/publication/versions/<int:version>/restore/": (302, 302, 403, 302),
    "admin/timeline/issue/<int:pk>/versions/at/<int:version>/restore/": MOVED,
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


@pytest.fixture(scope="module")
def address(shared_rows: None) -> dict[str, str]:
    """Values for the parts of routes; the rows that they name are public, so that only the person decides."""
    issue = make_issue(number=2)
    paper = make_paper(issue, title="Orca", authors=["Ada"], body="```scores MMLU\nOrca = 1\n```")
    tag(paper, "Reasoning")
    now, file = timezone.now(), {"name": "papers.jsonl.gz", "rows": 1, "bytes": 1}
    Dump.objects.create(folder="dumps/1", started_at=now, finished_at=now, files=[file])
    Publication(reply_address="reply@example.org", about="# Who we are").save()
    rows = {
        "timeline/issue": issue,
        "papers/papersummary": paper,
        "news/newsitem": make_news(issue),
        "polls/poll": Poll.objects.create(issue=issue, title="Poll"),
        "papers/author": make_author("Bob"),
        "boards/benchmark": Benchmark.objects.create(name="GSM8K"),
        "boards/measuredmodel": MeasuredModel.objects.create(name="LCM"),
        "timeline/topic": Topic.objects.create(name="Other"),
        "timeline/term": make_term("LCM"),
        "timeline/image": make_image(),
        "timeline/publication": Publication.objects.get(),
    }
    saved = {name: record(row, "saved").pk for name, row in rows.items()}
    Correction.objects.create(issue=issue, note="A word.")
    change = hold(issue, current(issue) | {"title": "New"})
    assert change
    return {
        "<int:page>": "1",
        "<slug:medium>": "html",
        "<int:change>": str(change.pk),
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
        "<str:name>": "papers.jsonl.gz",
        "v1/issues/<key>": "v1/issues/2",
        "v1/papers/<key>": "v1/papers/orca",
        "v1/news/<key>": f"v1/news/{make_news(issue).slug}",
        "v1/polls/<key>": "v1/polls/poll",
        "v1/authors/<key>": "v1/authors/ada",
        "v1/topics/<key>": "v1/topics/reasoning",
        "v1/terms/<key>": "v1/terms/lcm",
        "topics/<slug:slug>": "topics/reasoning",
        "authors/<slug:slug>": "authors/ada",
        "benchmarks/<slug:slug>": "benchmarks/mmlu",
        "glossary/<slug:slug>": "glossary/lcm",
        "papers/<slug:slug>": "papers/orca",
        "(?P<url>.*)$": "no/such/page/",
        "^(?P<app_label>auth|timeline|django_tasks_database|papers|news|boards|polls)/$": "papers/",
        "^timeline/(?:(?P<year>[0-9]{4})/)?": "timeline/",
        r"(?:(?P<kind>papers|news|polls|issues)/)?(?:topics/(?P<topic>[-\w]+)/)?": "",
        r"(?:organisations/(?P<organisation>[-\w]+)/)?(?:page/(?P<page>[0-9]{1,6})/)?$": "",
        "/versions/at/<int:version>": f"/versions/at/{saved['timeline/issue']}",
        **{f"{name}/versions/<int:version>": f"{name}/versions/{pk}" for name, pk in saved.items()},
        **{f"{name}/versions/compare/": f"{name}/versions/compare/?old={pk}" for name, pk in saved.items()},
        **{f"{name}/<key>": f"{name}/{row.pk}" for name, row in rows.items()},
        "timeline/user/<key>": f"timeline/user/{rita().pk}",
        "auth/group/<key>": f"auth/group/{Group.objects.values_list('pk', flat=True)[0]}",
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
    late = {r"^api/(?P<rest>[\s\S]+)\Z"}  # all that timeline.api has
    found = {*routes(get_resolver().url_patterns), *routes(get_resolver("timeline.api").url_patterns, "api/")}
    assert found - media - late == set(GET)


@pytest.mark.django_db
@pytest.mark.parametrize("person", range(4), ids=["anonymous", "reader", "editor", "publisher"])
def test_get_answers_each_person_as_the_table_says(person: int, address: dict[str, str]) -> None:
    client = client_of(person)
    answers = {route: client.get(url(route, address)).status_code for route in GET}
    assert answers == {route: statuses[person] for route, statuses in GET.items()}


STATES = {
    "draft": {"published_at": None},
    "scheduled": {"published_at": timezone.now() + timedelta(days=365)},
    "withdrawn": {"withdrawn_at": timezone.now()},
}  # beside published, which `address` makes


@pytest.mark.parametrize("person", range(4), ids=["anonymous", "reader", "editor", "publisher"])
@pytest.mark.parametrize("state", STATES)
def test_the_desk_answers_alike_in_every_state(state: str, person: int, address: dict[str, str]) -> None:
    """Only what is published is a Publisher's to delete."""
    Issue.objects.update(**STATES[state])
    wanted = {route: each for route, each in GET.items() if any(route.startswith(f"admin/{name}/") for name in KINDS)}
    wanted |= {route: STAFF for route in wanted if route.endswith("/delete/")}
    client = client_of(person)
    answers = {route: client.get(url(route, address)).status_code for route in wanted}
    assert answers == {route: statuses[person] for route, statuses in wanted.items()}


@pytest.mark.django_db
@pytest.mark.parametrize("person", range(4), ids=["anonymous", "reader", "editor", "publisher"])
@pytest.mark.parametrize("route", POST)
def test_post_answers_each_person_as_the_table_says(route: str, person: int, address: dict[str, str]) -> None:
    if "publish" in route:
        Issue.objects.update(published_at=None)
    assert (
        client_of(person).post(url(route, address), {"post": "yes", "override": "Fit to print"}).status_code
        == POST[route][person]
    )
