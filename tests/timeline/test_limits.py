"""What is too much, and what the site says to it."""

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
import time_machine
from django.db import connections
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

from tests.factories import edith, make_issue, make_paper
from timeline import edition, limits
from timeline.limits import Limit, client
from timeline.models import Count, Publication

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def limited(settings: Settings) -> None:
    settings.RATE_LIMITS = True


def statuses(ask: Callable[[], HttpResponseBase], times: int) -> list[int]:
    return [ask().status_code for _ in range(times)]


def sign_in(email: str, password: str = "wrong", address: str = "192.0.2.1") -> HttpResponseBase:
    return Client(REMOTE_ADDR=address).post("/admin/login/", {"username": email, "password": password})


def test_a_limit_counts_each_alone_and_begins_anew_with_the_next_window() -> None:
    limit = Limit("test", 2, 60)
    with time_machine.travel(NOON, tick=False) as clock:
        clock.shift(15)
        assert [limit.wait("a") for _ in range(4)] == [0, 0, 45, 45]
        assert (limit.wait("b"), Limit("another", 2, 60).wait("a")) == (0, 0)
        clock.shift(44)
        assert limit.wait("a") == 1
        clock.shift(1)
        assert [limit.wait("a") for _ in range(3)] == [0, 0, 60]


@pytest.mark.django_db(transaction=True)
def test_processes_count_together() -> None:
    key, now = "limit:together", int(NOON.timestamp())

    def count() -> None:
        try:
            for _ in range(20):
                limits.counted(key, now + 60, now)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert limits.counted(key, now + 60, now) == 81


def test_redis_counts_where_there_is_one(settings: Settings) -> None:
    settings.CACHE_URL = "locmemcache://"
    key, now = "limit:redis", int(NOON.timestamp())
    assert [limits.counted(key, now + 60, now) for _ in range(3)] == [1, 2, 3]
    assert not Count.objects.exists()


def test_nothing_that_is_kept_names_anybody_or_stays() -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        sign_in("edith@example.org", address="192.0.2.77")
        first = set(Count.objects.values_list("key", "ends_at"))
        clock.shift(3600)
        sign_in("edith@example.org", address="192.0.2.77")
        second = set(Count.objects.values_list("key", "ends_at"))
    noon = int(NOON.timestamp())
    assert sorted(ends_at - noon for _, ends_at in first) == [300, 900]
    assert sorted(ends_at - noon for _, ends_at in second) == [3900, 4500]
    assert len({key for key, _ in first | second}) == 4
    assert [part for part in ("192.0.2.77", "edith") if part in str(first | second)] == []


def test_to_count_needs_one_query_and_nobody_reads_a_page_anew(django_assert_num_queries) -> None:
    limit, before = Limit("test", 2, 60), edition.number()
    with time_machine.travel(NOON, tick=False):
        for queries in (2, 1, 1):
            with django_assert_num_queries(queries):
                limit.wait("a")
    assert edition.number() == before


@pytest.mark.parametrize(
    ("forwarded", "trusted", "seen"),
    [
        ("", False, "198.51.100.1"),
        ("203.0.113.9", False, "198.51.100.1"),  # anybody may write that
        ("203.0.113.9", True, "203.0.113.9"),
        ("1.1.1.1, 203.0.113.9", True, "203.0.113.9"),  # what the client wrote, and what the proxy saw
        ("", True, "198.51.100.1"),
        ("<script>", True, "<script>"),
        ("x" * 5000, True, "x" * 64),
        ("::ffff:203.0.113.9", True, "203.0.113.9"),
    ],
)
def test_who_asks_is_who_the_trusted_proxy_has_seen(
    settings: Settings, forwarded: str, trusted: bool, seen: str
) -> None:
    settings.TRUST_PROXY = trusted
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    assert client(RequestFactory(REMOTE_ADDR="198.51.100.1").get("/", headers=headers)) == seen


def test_a_whole_network_of_ipv6_is_one_client() -> None:
    def of(address: str) -> str:
        return client(RequestFactory(REMOTE_ADDR=address).get("/"))

    assert of("2001:db8:1:2::1") == of("2001:db8:1:2:ffff::9") != of("2001:db8:1:3::1")


def test_passwords_cannot_be_tried_for_ever_from_one_address() -> None:
    edith()
    with time_machine.travel(NOON, tick=False) as clock:
        names = iter(range(1000))
        tried = statuses(lambda: sign_in(f"person-{next(names)}@example.org"), limits.SIGN_INS.most + 2)
        assert tried == [200] * limits.SIGN_INS.most + [429] * 2
        answer = sign_in("edith@example.org", PASSWORD)
        assert (answer.status_code, answer["Retry-After"], "no-store" in answer["Cache-Control"]) == (429, "300", True)
        page = answer.content.decode()
        assert "Wait 300 seconds, then try again." in page and "errornote" in page
        assert Client(REMOTE_ADDR="192.0.2.1").get("/admin/login/").status_code == 200  # the form is shown
        assert sign_in("edith@example.org", PASSWORD, address="192.0.2.2").status_code == 302
        clock.shift(300)
        assert sign_in("edith@example.org", PASSWORD).status_code == 302


def test_passwords_of_one_person_cannot_be_tried_for_ever_from_many_addresses() -> None:
    edith()
    with time_machine.travel(NOON, tick=False):
        for last in range(limits.SIGN_INS_OF_ONE.most):
            assert sign_in("Edith@example.org ", address=f"192.0.2.{last}").status_code == 200
        assert sign_in("edith@example.org", PASSWORD, address="198.51.100.1").status_code == 429
        assert sign_in("paula@example.org", address="198.51.100.1").status_code == 200


def test_links_cannot_be_guessed_for_ever() -> None:
    with time_machine.travel(NOON, tick=False):
        tried = statuses(lambda: Client().post("/admin/sign-in/MQ/x-y/"), limits.SIGN_INS.most + 1)
    assert tried == [403] * limits.SIGN_INS.most + [429]


def test_search_api_and_contact_have_their_limits_and_pages_have_none(client: Client) -> None:
    Publication(reply_address="reply@example.org").save()
    make_paper(make_issue(number=2, at=NOON - timedelta(days=1)))
    with time_machine.travel(NOON, tick=False):
        for path, limit in (("/search/?q=orca", limits.SEARCHES), ("/api/v1/issues", limits.DATA)):
            assert statuses(lambda path=path: client.get(path), limit.most + 1) == [200] * limit.most + [429]
        assert client.get("/api/v1/openapi.json").status_code == 429  # the same data
        answer = client.get("/api/v1/papers?limit=1")
        told = "Too many requests from your address: ask again in 60 seconds, and more slowly."
        assert (answer.json(), answer["Retry-After"]) == ({"detail": told}, "60")
        assert answer["Access-Control-Allow-Origin"] == "*"
        posted = statuses(lambda: client.post("/contact/reply/"), limits.CONTACTS.most + 1)
        assert posted == [200] * limits.CONTACTS.most + [429]
        for path in ("/", "/issues/2/", "/feed.atom", "/contact/reply/", "/api/"):
            assert statuses(lambda path=path: client.get(path), 3) == [200] * 3


def test_limits_can_be_switched_off(client: Client, settings: Settings) -> None:
    settings.RATE_LIMITS = False
    assert set(statuses(lambda: client.get("/search/"), limits.SEARCHES.most + 1)) == {200}


def too_long(**fields: object) -> HttpResponseBase:
    return Client(raise_request_exception=False).post("/admin/login/", fields)


def test_a_form_that_is_too_large_is_refused_with_a_sentence(settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 5
    answers = [
        too_long(username="x" * 1001),
        too_long(**{f"field-{number}": "x" for number in range(6)}),
    ]
    for answer in answers:
        assert answer.status_code == 413
        assert "Go back and send less at once" in answer.content.decode()


def test_the_form_of_a_paper_by_two_thousand_people_is_not_too_large(client: Client, settings: Settings) -> None:
    client.force_login(edith())

    def fields(authors: int) -> int:
        paper = make_paper(authors=[f"Author {number}" for number in range(authors)])
        page = client.get(reverse("admin:papers_papersummary_change", args=[paper.pk])).content.decode()
        return len(re.findall(r'<(?:input|textarea|select)\b[^>]* name="', page))

    one, eleven = fields(1), fields(11)
    assert one < one + (eleven - one) * 200 < settings.DATA_UPLOAD_MAX_NUMBER_FIELDS


def test_a_file_that_is_too_large_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_BODY", 1000)
    read = []
    monkeypatch.setattr(
        "django.core.files.uploadhandler.MemoryFileUploadHandler.receive_data_chunk", lambda *args: read.append(args)
    )
    file = BytesIO(b"x" * 1000)
    file.name = "film.mp4"
    answer = too_long(file=file)
    assert (answer.status_code, "send less at once" in answer.content.decode(), read) == (413, True, [])


@pytest.mark.parametrize(("size", "left"), [(1000, 0), (1001, 1001)])
def test_who_is_refused_may_send_to_the_end(monkeypatch: pytest.MonkeyPatch, size: int, left: int) -> None:
    monkeypatch.setattr(limits, "MAX_BODY", 1000)
    body = BytesIO(b"x" * size)
    extra = {"wsgi.input": body, "CONTENT_LENGTH": str(size)}
    answer = Client(enforce_csrf_checks=True).post("/markdownx/upload/", b"", "application/octet-stream", **extra)
    assert (answer.status_code, len(body.read())) == (403, left)


def test_a_length_that_is_no_number_is_no_length(client: Client) -> None:
    answer = client.post("/", b"", "application/octet-stream", CONTENT_LENGTH="many")
    assert answer.status_code == 405


def test_a_request_for_another_host_gets_a_page_without_a_query(client: Client, django_assert_num_queries) -> None:
    client.raise_request_exception = False
    with django_assert_num_queries(0):
        answer = client.get("/", SERVER_NAME="evil.example")
    assert (answer.status_code, "Check the address" in answer.content.decode()) == (400, True)
    assert "evil" not in answer.content.decode()
