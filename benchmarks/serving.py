"""What a reader's page costs beside the fastest there is: one table, and whether the site keeps what it promises.

    python -m benchmarks.serving [ARCHIVE]

The same bytes, the newest issue of the demo packed with Brotli, come from the site, from nginx as a file, from nginx
that keeps what the site says (deploy/nginx.conf), from granian alone and from a Django that does nothing. Each server
has one process that answers; wrk asks over 16 connections. Rounds are interleaved and figures are medians. What
hangs on the size of the archive is measured with 1,000 issues, too. To make these takes some minutes, the rest about
three: in the folder ARCHIVE they stay for the next time.

The exit code is 1 where a limit is missed.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from secrets import token_hex
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from benchmarks.servers import ROOT, Cost, Server, get, load, memory, need, nginx, peer, site, wait
from deploy import local
from deploy.local import free_port

ROUNDS = 7
SECONDS = 2  # of load in a round
STARTS = 5
CHANGES = 10  # publications, each after a withdrawal
# Pages that readers ask for, in two encodings, before the memory of a process is read: as many as timeline.pagecache
# makes anew before anybody asks, and as many as the limit is for.
FEW, HOT = 16, 300
PACKED = {"Accept-Encoding": "gzip, deflate, br"}
GZIP = {"Accept-Encoding": "gzip"}
POLL = 0.005  # seconds between two looks through the proxy


class Way(NamedTuple):
    url: str
    pids: list[int]  # of the servers that take part
    headers: Mapping[str, str]


class Claim(NamedTuple):
    """What the site promises, by `limit` and the figure that was measured."""

    name: str
    figure: float
    limit: float
    is_least: bool = False
    is_aim: bool = False  # told, but no reason to fail

    @property
    def is_kept(self) -> bool:
        return self.figure >= self.limit if self.is_least else self.figure <= self.limit

    def __str__(self) -> str:
        verdict = "yes" if self.is_kept else "an aim, missed" if self.is_aim else "NO"
        return f"{self.name:58}{self.figure:10.3g}  {'≥' if self.is_least else '≤'} {self.limit:<6g}{verdict}"


def production(folder: Path) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "timeline.settings",
        "DEBUG": "0",
        "SECRET_KEY": token_hex(32),
        "RATE_LIMITS": "0",
        "ALLOWED_HOSTS": "127.0.0.1,testserver",
        "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
        "VAR_DIR": str(folder),
        "LOG_LEVEL": "ERROR",
    }


def ask(env: Mapping[str, str], *task: str) -> Any:
    """What one of TASKS gives in a process of its own, on the database of that environment."""
    command = [sys.executable, "-m", "benchmarks.serving", *task]
    run = subprocess.run(command, cwd=ROOT, env=os.environ | env, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(run.stdout.splitlines()[-1])


def fill(kind: str) -> list[str]:
    """Make the demo or the archive, unless it is there; the addresses of its issues, the newest first."""
    from django.conf import settings
    from django.core.management import call_command

    from benchmarks import generator
    from timeline.management.commands.develop import load_demo
    from timeline.models import Issue

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    if not Issue.objects.exists():
        if kind == "demo":
            load_demo(settings.BASE_DIR / "demo")
        else:
            generator.fill()
    return [issue.get_absolute_url() for issue in Issue.objects.published()]


def publish(*urls: str) -> list[list[float]]:
    """For each of the addresses: milliseconds from before a publication until the home page and the issue show it."""
    from timeline.models import Issue
    from timeline.publishing import publish, withdraw

    newest = Issue.objects.published()[0]
    page = newest.get_absolute_url()

    def is_shown(url: str) -> bool:
        return page.encode() in get(url)[1]

    times: list[list[float]] = [[] for _ in urls]
    for _ in range(CHANGES):
        withdraw(newest)
        for url in urls:
            while is_shown(url):
                time.sleep(POLL)
        begin = time.perf_counter()
        publish(newest, override="A benchmark.")
        for url, taken in zip(urls, times, strict=True):
            while not is_shown(url):
                time.sleep(POLL)
            get(url + page)
            taken.append(1_000 * (time.perf_counter() - begin))
    return times


def inside() -> dict[str, list[float]]:
    """What goes through all of Django in this process: milliseconds, and those of the processor."""
    from django.test import Client

    from benchmarks.pages import measure, pages, previews

    client = Client()
    asked = [page for page in [*pages(), *previews()] if page.name in {"search: common word", "search: phrase"}]
    asked += [page for page in previews() if page.name.endswith("html")]
    taken = {}
    for page in asked:
        measure(page, client)  # Markdown is warm for a text that was seen before
        times, processor = measure(page, client)
        taken[page.name] = [median(times), processor]
    return taken


TASKS: dict[str, Callable[..., Any]] = {"fill": fill, "publish": publish, "inside": inside}


def blocks(folder: Path, ports: tuple[int, int], site: Server) -> str:
    """Of nginx: the page as a file, and the proxy of deploy/nginx.conf before the site, which has that file as well."""
    headers = json.loads((folder / "answer.json").read_text())
    told = "".join(
        f"add_header {name} {json.dumps(value)};\n"
        for name, value in headers
        if name not in {"content-type", "content-length", "etag"}
    )
    proxy = local.server(folder, ports[1], [site.url.removeprefix("http://")])
    file = f"location = /page {{\nalias {folder}/body;\ndefault_type 'text/html; charset=utf-8';\n{told}}}\n"
    static = f"server {{\nlisten 127.0.0.1:{ports[0]};\n{file}}}\n"
    return static + proxy.replace("    location / {", f"{file}    location / {{")


@contextmanager
def ways(demo: Path, page: str) -> Iterator[dict[str, Way]]:
    """Every way to the page, all at once."""
    env = production(demo)
    with ExitStack() as stack:
        ours = stack.enter_context(site(env))
        uncached = stack.enter_context(site(env | {"PAGE_CACHE_MB": "0"}))
        headers, body = wait(ours.url + page, **PACKED)
        headers = [(name.lower(), value) for name, value in headers]
        (demo / "answer.json").write_text(json.dumps(headers))
        (demo / "body").write_bytes(body)
        answer = {"ANSWER": str(demo / "answer.json"), "BODY": str(demo / "body")}
        bare = stack.enter_context(peer("bare", env | answer))
        hello = stack.enter_context(peer("hello", answer))
        ports = free_port(), free_port()
        proxy = stack.enter_context(nginx(demo / "nginx", blocks(demo, ports, ours), ports[0]))
        etag = dict(headers)["etag"]
        static, kept = f"http://127.0.0.1:{ports[0]}/page", f"http://127.0.0.1:{ports[1]}{page}"
        found = {
            "nginx, a file": Way(static, [proxy.pid], PACKED),
            "nginx as deployed, a file": Way(f"http://127.0.0.1:{ports[1]}/page", [proxy.pid], PACKED),
            "nginx that keeps the site's page": Way(kept, [proxy.pid, ours.pid], PACKED),
            "granian, bytes": Way(bare.url + page, [bare.pid], PACKED),
            "the site": Way(ours.url + page, [ours.pid], PACKED),
            "the site, 304": Way(ours.url + page, [ours.pid], PACKED | {"If-None-Match": etag}),
            "the site, gzip": Way(ours.url + page, [ours.pid], GZIP),
            "Django, the same bytes": Way(hello.url + page, [hello.pid], PACKED),
            "the site without its page cache": Way(uncached.url + page, [uncached.pid], PACKED),
        }
        for name, way in found.items():
            same = wait(way.url, **PACKED)[1] == body
            assert same or way.pids == [uncached.pid], f"{name} sends other bytes"
        print(f"{page}: {len(body):,} bytes with Brotli")
        yield found


def table(demo: Path, page: str) -> Iterator[Claim]:
    """Print all ways beside each other."""
    with ways(demo, page) as found:
        rounds = [
            {name: load(way.url, way.pids, SECONDS, way.headers) for name, way in found.items()} for _ in range(ROUNDS)
        ]
        urls = (found[name].url.removesuffix(page) for name in ("the site", "nginx that keeps the site's page"))
        direct, proxied = ask(production(demo), "publish", *urls)
    print(f"\n{'':34}{'requests/s':>12}{'CPU µs':>10}{'p50 ms':>10}{'p99 ms':>10}")
    middle = {name: Cost(*map(median, zip(*(costs[name] for costs in rounds), strict=True))) for name in found}
    for name, cost in middle.items():
        print(f"{name:34}{cost.rate:12,.0f}{cost.processor:10,.1f}{cost.p50:10,.2f}{cost.p99:10,.2f}")
    print()

    def ratio(what: str, one: str, other: str) -> float:
        """Of two ways, as they were in the same round."""
        return median(getattr(costs[one], what) / getattr(costs[other], what) for costs in rounds)

    bare, file, kept = "granian, bytes", "nginx, a file", "nginx that keeps the site's page"
    deployed = "nginx as deployed, a file"  # with the same log, limits and maps
    yield Claim("CPU of a ready page, in that of nginx for a file", ratio("processor", "the site", file), 2.5)
    yield Claim("CPU of granian alone, in that of a ready page", ratio("processor", bare, "the site"), 0.9, True, True)
    yield Claim("ready pages a second, in those of granian alone", ratio("rate", "the site", bare), 0.9, True, True)
    yield Claim("p99 of a ready page, ms", middle["the site"].p99, 5)
    yield Claim("pages a second kept by nginx, in those of its file", ratio("rate", kept, deployed), 0.9, True)
    yield Claim("the same, in those of nginx with nothing else to do", ratio("rate", kept, file), 0.9, True)
    yield Claim("publication to visible, the demo, ms", median(direct), 100)
    behind = max(late - early for early, late in zip(direct, proxied, strict=True))
    yield Claim("nginx behind the site at a publication, at most, ms", behind, 1_000)


def memory_with(server: Server, pages: list[str]) -> float:
    """MB of the process when readers have asked for these pages, with what it maps of the database."""
    for page in pages:
        for accepted in (PACKED, GZIP):
            wait(server.url + page, **accepted)
    own, mapped = memory(server.pid)
    print(f"a process with {len(pages)} pages has {own:.0f} MB of its own, and {mapped:.0f} of the database mapped")
    return own + mapped


def starts(env: Mapping[str, str], page: str) -> list[float]:
    """Seconds from `manage.py serve` to its first page."""
    taken = []
    for _ in range(STARTS):
        begin = time.perf_counter()
        with site(env) as server:
            wait(server.url + page, **PACKED)
            taken.append(time.perf_counter() - begin)
    return taken


def archive(folder: Path) -> Iterator[Claim]:
    env = production(folder)
    pages = ask(env, "fill", "archive")
    of_all = f"{len(pages):,} issues"
    for name, (taken, processor) in ask(env, "inside").items():
        print(f"{name:34}{taken:8.1f} ms, {processor:.1f} of the processor")
    print()
    yield Claim(f"start to the first page, {of_all}, s", median(starts(env, pages[0])), 2)
    with site(env) as server:
        memory_with(server, ["/", *pages[: FEW - 1]])
        hot = memory_with(server, ["/", *pages[:HOT]])
        print()
        yield Claim(f"memory of a process with hot pages, {of_all}, MB", hot, 120)
        (visible,) = ask(env, "publish", server.url)
    yield Claim(f"publication to visible, {of_all}, ms", median(visible), 100)


def main(kept: str | None) -> bool:
    need("nginx", "wrk")
    missed = 0
    with TemporaryDirectory(prefix="timeline-bench-") as temporary:
        demo, large = Path(temporary, "demo"), Path(kept or Path(temporary, "archive"))
        demo.mkdir()
        large.mkdir(parents=True, exist_ok=True)
        pages = ask(production(demo), "fill", "demo")
        for claim in chain(table(demo, pages[0]), archive(large)):
            print(claim, flush=True)
            missed += not (claim.is_kept or claim.is_aim)
    print(f"\n{os.getloadavg()[2]:.1f} programs at work on {os.cpu_count()} processors in the last quarter of an hour")
    return not missed


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in TASKS:
        import django

        django.setup()
        print(json.dumps(TASKS[sys.argv[1]](*sys.argv[2:])))
    else:
        sys.exit(not main(sys.argv[1] if sys.argv[1:] else None))
