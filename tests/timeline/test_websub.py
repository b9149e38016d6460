import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs
from xml.etree import ElementTree

import pytest
import time_machine
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django_tasks_db.models import DBTaskResult
from pytest_django import Settings

from tests.factories import make_issue, make_news, make_paper, tag
from timeline import websub
from timeline.fetching import Failed, Fetcher, Refused
from timeline.models import Issue
from timeline.publishing import publish, withdraw
from timeline.websub import tell_hub

pytestmark = pytest.mark.django_db(transaction=True)  # the worker has a connection of its own

SITE = "https://site.example"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PAGES = ["/", "/papers/", "/topics/small/", "/authors/ada/"]


class Hub(ThreadingHTTPServer):
    """Answers `status` and keeps what it was told."""

    status = 204

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Listener)
        self.told: list[dict[str, list[str]]] = []
        self.agents: set[str | None] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hub?key=1"

    @property
    def feeds(self) -> list[str]:
        return [told["hub.url"][0].removeprefix(SITE) for told in self.told]


class Listener(BaseHTTPRequestHandler):
    server: Hub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.told.append(parse_qs(body) | {"path": [self.path]})
        self.server.agents.add(self.headers["User-Agent"])
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def hub(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with Hub() as server:
        monkeypatch.setattr(websub, "Fetcher", partial(Fetcher, permitted=[("127.0.0.1", server.server_port)]))
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        settings.SITE_URL, settings.WEBSUB_HUB = SITE, server.url
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def draft() -> Issue:
    issue = make_issue(number=2, published=False)
    tag(make_paper(issue, authors=["Ada"]), "Small")
    tag(make_paper(issue, authors=["Ada", "Bob"]), "Small")
    other = make_issue(number=1)
    tag(make_news(other, authors=["Cy"]), "Large")
    return issue


def work() -> None:
    call_command("db_worker", "--batch", "--no-startup-delay")


def test_hub_hears_of_every_feed_that_changed(hub: Hub, draft: Issue) -> None:
    publish(draft)
    assert hub.told == []
    work()
    feeds = [f"{page}feed.{ending}" for page in [*PAGES, "/authors/bob/"] for ending in ("atom", "rss", "json")]
    assert (hub.feeds, hub.agents) == (feeds, {f"The AI Timeline (+{SITE})"})
    assert hub.told[0] == {"hub.mode": ["publish"], "hub.url": [f"{SITE}/feed.atom"], "path": ["/hub?key=1"]}
    assert {Client().get(feed).status_code for feed in hub.feeds} == {200}


def test_hub_hears_of_a_scheduled_issue_when_its_time_has_come(hub: Hub, draft: Issue) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        publish(draft, at=NOON + timedelta(hours=1))
        work()
        assert hub.told == []
        clock.shift(timedelta(hours=1))
        work()
    assert len(hub.told) == 15


def test_hub_does_not_hear_of_what_was_put_off_or_withdrawn(hub: Hub, draft: Issue) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        publish(draft, at=NOON + timedelta(hours=1))
        publish(draft, at=NOON + timedelta(hours=3))
        clock.shift(timedelta(hours=2))
        work()
        withdraw(draft)
        clock.shift(timedelta(hours=2))
        work()
    assert (hub.told, set(DBTaskResult.objects.values_list("status", flat=True))) == ([], {"SUCCESSFUL"})


def test_publication_that_is_rolled_back_is_no_news(hub: Hub, draft: Issue) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        publish(draft)
        raise RuntimeError
    work()
    assert (hub.told, DBTaskResult.objects.count()) == ([], 0)


@pytest.mark.parametrize("status", [302, 404, 500])
def test_hub_that_fails_is_asked_once_and_the_issue_stays_public(
    hub: Hub, draft: Issue, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    hub.status = status
    publish(draft)
    work()
    assert (len(hub.told), Issue.objects.published().count(), DBTaskResult.objects.get().status) == (1, 2, "FAILED")
    assert f"The hub {hub.url} was not told of {SITE}/feed.atom. It answers {status}." in caplog.messages


def test_hub_that_is_not_there_fails_the_task(hub: Hub, draft: Issue, caplog: pytest.LogCaptureFixture) -> None:
    issue = publish(draft)
    hub.server_close()
    with pytest.raises(Failed, match="It does not answer"):
        tell_hub.call(str(issue.uuid))
    assert [message[:50] for message in caplog.messages] == [f"The hub {hub.url} was not told of"[:50]]


def test_hub_within_our_own_network_is_refused(settings: Settings, draft: Issue) -> None:
    settings.WEBSUB_HUB = "http://169.254.169.254/latest/meta-data/"
    issue = publish(draft)
    with pytest.raises(Refused, match="is not on the public web"):
        tell_hub.call(str(issue.uuid))


def test_without_a_hub_nothing_is_planned(settings: Settings, draft: Issue) -> None:
    assert settings.WEBSUB_HUB == ""
    publish(draft)
    assert DBTaskResult.objects.count() == 0


def links(answer: bytes, kind: str) -> list[tuple[str | None, str | None]]:
    """(rel, address) of the links of the feed itself."""
    if kind == "json":
        feed = json.loads(answer)
        return [("self", feed["feed_url"]), *(("hub", hub["url"]) for hub in feed.get("hubs", []))]
    root = ElementTree.fromstring(answer)
    channel = root if kind == "atom" else root.find("channel")
    return [
        (link.get("rel"), link.get("href"))
        for link in channel.findall("{http://www.w3.org/2005/Atom}link")
        if link.get("rel") != "alternate"
    ]


@pytest.mark.parametrize("kind", ["atom", "rss", "json"])
@pytest.mark.parametrize("page", PAGES)
def test_feed_names_itself_and_with_a_hub_the_hub(
    client: Client, settings: Settings, draft: Issue, page: str, kind: str
) -> None:
    publish(draft)
    settings.SITE_URL = SITE
    url = f"{page}feed.{kind}"
    own = ("self", SITE + url)
    without = client.get(url)
    assert (links(without.content, kind), "Link" in without) == ([own], False)
    settings.WEBSUB_HUB = "https://hub.example/?a=1&b=2"
    answer = client.get(url)
    assert links(answer.content, kind) == [own, ("hub", "https://hub.example/?a=1&b=2")]
    assert answer["Link"] == f'<https://hub.example/?a=1&b=2>; rel="hub", <{SITE}{url}>; rel="self"'
    headers = [{"If-None-Match": answer["ETag"]}, {"If-Modified-Since": answer["Last-Modified"]}]
    assert [client.get(url, headers=each).status_code for each in headers] == [304, 304]
