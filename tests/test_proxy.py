"""deploy/nginx.conf in a real nginx, before a site as production runs it."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import override_settings

from deploy import local
from deploy.local import free_port
from tests.test_setup import PRODUCTION, ROOT, answer, environment, manage

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = pytest.mark.skipif(not NGINX, reason="There is no nginx: on Debian, apt-get install nginx-light.")

ID = "0123456789abcdef"
TEXTS = ("css", "js", "map", "md", "svg", "txt")
TOKEN = "a token of the tests"
OWN = {  # of what nginx itself answers
    "content-security-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "permissions-policy",
    "referrer-policy",
    "x-content-type-options",
    "x-frame-options",
    "x-request-id",
}


@dataclass
class Proxied:
    port: int
    site: int  # its port
    folder: Path
    env: dict[str, str]  # of the site

    def ask(self, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> tuple[HTTPResponse, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            told = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body or None, told)
            reply = connection.getresponse()
            return reply, reply.read().decode()
        finally:
            connection.close()

    def headers(self, path: str, **told: str) -> dict[str, str]:
        return {name.lower(): value for name, value in self.ask(path, **told)[0].getheaders()}


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    folder = tmp_path_factory.mktemp("proxy")
    port, site_port = free_port(), free_port()
    env = environment(
        **PRODUCTION,
        **{"VAR_DIR": str(folder), "TRUST_PROXY": "1", "METRICS_TOKEN": TOKEN, "LOG_FORMAT": "json"},
        **{"GRANIAN_PORT": str(site_port), "GRANIAN_WORKERS": "2", "CACHE_URL": f"filecache://{folder}/cache"},
    )
    env["ALLOWED_HOSTS"] = "127.0.0.1"
    found = Proxied(port, site_port, folder, env)
    run = manage("migrate", env=env)
    assert run.returncode == 0, run.stderr
    files = {"staticfiles": {"BACKEND": "timeline.storage.StaticFiles"}}
    # Packing them takes ten times as long as the rest.
    with override_settings(STORAGES=files, STATIC_ROOT=folder / "static", WHITENOISE_SKIP_COMPRESS_EXTENSIONS=TEXTS):
        call_command("collectstatic", interactive=False, verbosity=0)
    (folder / "media").mkdir()
    (folder / "media" / "whale.png").write_bytes(b"a picture")
    (folder / "media" / "page.html").write_bytes(b"<script>evil()</script>")
    at_once = {" lines buffer=64k flush=1s;": " lines;"}
    config = local.whole(folder, local.server(folder, port, [f"127.0.0.1:{site_port}"], at_once))
    with (folder / "site.log").open("wb") as log:
        site = subprocess.Popen([sys.executable, "manage.py", "serve"], cwd=ROOT, env=env, stdout=log, stderr=log)
        proxy = subprocess.Popen([str(NGINX), "-c", str(config)], stderr=log)
        try:
            assert answer(f"http://127.0.0.1:{found.site}/healthz") == "ok"
            assert answer(f"http://127.0.0.1:{found.port}/healthz") == "ok"
            yield found
        finally:
            for process in (proxy, site):
                process.terminate()
                process.wait(timeout=60)


def test_who_sends_a_request_slowly_keeps_nobody_waiting(proxied: Proxied) -> None:
    """More of them than the site has threads."""
    slow = []
    head = "POST /admin/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: csrftoken={0}\r\n"
    head += "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nusername="
    try:
        for _ in range(4):
            slow.append(socket.create_connection(("127.0.0.1", proxied.port)))
            slow[-1].sendall(head.format("a" * 32).encode())
        for _ in range(2):
            slow.append(socket.create_connection(("127.0.0.1", proxied.port)))
            slow[-1].sendall(b"GET / HTTP/1.1\r\nHost:")
        assert [proxied.ask("/admin/login/")[0].status for _ in range(8)] == [200] * 8
        for connection in slow:  # they still are there
            connection.setblocking(False)
            with pytest.raises(BlockingIOError):
                connection.recv(1)
    finally:
        for connection in slow:
            connection.close()


def test_a_body_that_is_too_large_is_refused_with_a_sentence(proxied: Proxied) -> None:
    reply, text = proxied.ask("/contact/reply/", "POST", b"x" * (2**20 + 1))
    assert (reply.status, text.startswith("What you sent is larger than this site takes")) == (413, True)
    reply, text = proxied.ask("/markdownx/upload/", "POST", b"x" * (2**20 + 1))
    assert reply.status == 403  # by the site: nobody is signed in


def test_what_nginx_answers_itself_has_the_headers_too(proxied: Proxied) -> None:
    paths = ["/media/whale.png", "/media/nowhere.png", "/metrics"]
    found = {path: proxied.headers(path, X_Forwarded_Proto="https") for path in paths}
    assert {path: (OWN | {"strict-transport-security"}) - set(headers) for path, headers in found.items()} == {
        path: set() for path in paths
    }
    assert "strict-transport-security" not in proxied.headers(paths[0])
    assert [headers.get("cache-control") for headers in found.values()] == [
        "public, max-age=31536000, immutable",
        None,
        None,
    ]
    html = proxied.headers("/media/page.html")
    assert (html["content-type"], "sandbox" in html["content-security-policy"]) == ("application/octet-stream", True)


def test_what_the_site_answers_has_them_once(proxied: Proxied) -> None:
    for path in ("/", "/admin/login/", "/healthz", "/nowhere/", static(proxied)):
        for _ in range(2):  # from the proxy's memory, too
            reply, _text = proxied.ask(path)
            names = [name.lower() for name, _value in reply.getheaders()]
            assert {name for name in names if names.count(name) > 1} - {"set-cookie"} == set(), path
            assert set(names) >= OWN, path


def static(proxied: Proxied) -> str:
    page = proxied.ask("/")[1]
    return page.split('rel="stylesheet" href="')[1].split('"')[0]


def test_figures_are_not_for_those_who_come_by_the_proxy(proxied: Proxied) -> None:
    assert proxied.ask("/metrics", Authorization=f"Bearer {TOKEN}")[0].status == 404


def test_both_logs_have_the_id_and_neither_says_who_asked(proxied: Proxied) -> None:
    told = {"User_Agent": "Netscape", "Cookie": "sessionid=cookie-of-mine", "X_Forwarded_For": "203.0.113.9"}
    replies = [
        proxied.ask(path, X_Request_ID=ID, **told)[0]
        for path in ("/search/?q=whistle", "/admin/sign-in/MQ/whistle-token/", "/", "/?q=whistle", "/media/whale.png")
    ]
    assert [reply.getheader("X-Request-ID") for reply in replies] == [ID] * 5
    made = {proxied.headers("/", X_Request_ID="<script>")["x-request-id"] for _ in range(3)}
    assert len(made) == 3 and all(re.fullmatch(r"\d+\.\d{3}-\d+-\d+-\d+", each) for each in made)
    lines = [json.loads(line) for line in (proxied.folder / "access.log").read_text().splitlines()]
    ours = [line for line in lines if line["request_id"] == ID]
    assert [(line["method"], line["path"], line["status"]) for line in ours] == [
        ("GET", "/search/", 200),
        ("GET", "/admin/sign-in/", 403),
        ("GET", "/", 200),
        ("GET", "/", 200),
        ("GET", "/media/whale.png", 200),
    ]
    site = (proxied.folder / "site.log").read_text()
    lines = [json.loads(line) for line in site.splitlines() if line.startswith("{")]
    routes = [line["route"] for line in lines if line["request_id"] == ID and line["logger"] == "timeline.requests"]
    assert routes[:2] == ["search", "admin:signin_link"]
    everything = site + "".join((proxied.folder / name).read_text() for name in ("access.log", "error.log"))
    words = ("203.0.113.9", "Netscape", "whistle", "cookie-of-mine")
    assert [word for word in words if word in everything] == []


def test_a_page_that_is_ready_has_nobodys_id(proxied: Proxied) -> None:
    """Asked for at the site itself: who makes the page, and who finds it ready; whoever finds nothing has their own."""
    told = []
    for path in ("/glossary/", "/glossary/", "/nowhere/"):
        connection = HTTPConnection("127.0.0.1", proxied.site, timeout=30)
        connection.request("GET", path, headers={"X-Request-ID": f"{ID}-{len(told)}", "Host": "127.0.0.1"})
        told.append(connection.getresponse().getheader("X-Request-ID"))
        connection.close()
    assert told == [None, None, f"{ID}-2"]
    lines = [json.loads(line) for line in (proxied.folder / "site.log").read_text().splitlines() if line[0] == "{"]
    made = [line["request_id"] for line in lines if line.get("route") == "glossary"]
    assert f"{ID}-0" in made


def scrape(proxied: Proxied) -> dict[str, float]:
    connection = HTTPConnection("127.0.0.1", proxied.site, timeout=30)
    connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}", "Host": "127.0.0.1"})
    reply = connection.getresponse()
    text = reply.read().decode()
    connection.close()
    assert (reply.status, reply.getheader("Content-Type")) == (200, "text/plain; version=0.0.4; charset=utf-8")
    samples = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in samples}


def test_figures_of_all_processes_add_up(proxied: Proxied) -> None:
    """Whichever process is asked; each request may have come to another one."""
    name = 'timeline_request_seconds_count{route="healthz",status="2xx"}'
    before = scrape(proxied)
    for _ in range(20):
        proxied.ask("/healthz")
    assert scrape(proxied)[name] - before[name] == 20
    after = scrape(proxied)
    assert after["timeline_queries_total"] >= 1
    assert after["timeline_query_seconds_total"] > 0
    assert after['timeline_request_seconds_bucket{le="+Inf",route="healthz",status="2xx"}'] == after[name]
    assert after["timeline_task_wait_seconds"] == 0
    assert "timeline_worker_age_seconds" not in after

    def pages() -> float:
        return sum(
            scrape(proxied)[f'timeline_page_cache_answers_total{{kind="{kind}"}}'] for kind in ("sent", "unchanged")
        )

    first = pages()
    connection = HTTPConnection("127.0.0.1", proxied.site, timeout=30)
    for _ in range(50):
        connection.request("GET", "/issues/", headers={"Host": "127.0.0.1"})
        connection.getresponse().read()
    connection.close()
    deadline = time.monotonic() + 30
    while pages() - first < 50 and time.monotonic() < deadline:
        pass  # each process tells its pages a little later
    assert 50 <= pages() - first < 60  # and a few that were asked for before, and told later
    told = scrape(proxied)
    assert told["timeline_page_cache_pages"] >= 1 and told["timeline_page_cache_bytes"] > 1000


def test_a_node_hears_that_a_worker_lives(proxied: Proxied) -> None:
    def ready() -> dict[str, object]:
        return json.loads(proxied.ask("/readyz")[1])

    parts = {"database": "ok", "cache": "ok", "migrations": "ok"}
    assert ready() == {"ready": True, "parts": {**parts, "worker": "fails"}}
    run = manage("db_worker", "--no-reload", "--batch", env=proxied.env)
    assert run.returncode == 0, run.stderr
    assert ready() == {"ready": True, "parts": {**parts, "worker": "ok"}}
    assert scrape(proxied)["timeline_worker_age_seconds"] < 600


def test_a_limit_counts_for_all_processes(proxied: Proxied) -> None:
    """By the address that the proxy has seen, whatever the client writes."""

    def statuses(times: int, **told: str) -> list[int]:
        return [proxied.ask("/search/", **told)[0].status for _ in range(times)]

    for _ in range(3):  # a window may end in the midst of it
        found = statuses(61, X_Forwarded_For="198.51.100.1")
        if found[-1] == 429:
            break
    assert found[-1] == 429
    assert statuses(1, X_Forwarded_For="198.51.100.1, 198.51.100.2") == [200]
