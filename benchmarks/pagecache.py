"""What a ready page costs: granian alone with the same bytes, granian with the page cache, and Django without it.

    python -m benchmarks.pagecache [ROUNDS]

needs wrk (Debian has it; WRK=/path/to/wrk where it is not installed). Each server has one process and one thread, and
the newest issue of the demo in SQLite. Rounds are interleaved, figures are medians.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WRK = os.environ.get("WRK", "wrk")
SECONDS = 4  # of load in a round
CONNECTIONS = 16
ACCEPT = "gzip, deflate, br"
TICKS = os.sysconf("SC_CLK_TCK")

if "ANSWER" in os.environ:  # in the server that has nothing but bytes
    told = json.loads(Path(os.environ["ANSWER"]).read_text())
    headers = [tuple(header) for header in told["headers"]]
    body = Path(told["body"]).read_bytes()


def bare(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", headers)
    return [body]


def ask(url: str) -> tuple[list[tuple[str, str]], bytes]:
    """Headers and bytes of the page, as soon as something answers."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept-Encoding": ACCEPT})) as answer:
                sent_by_server = {"date", "server", "connection"}
                return [each for each in answer.headers.items() if each[0].lower() not in sent_by_server], answer.read()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@contextmanager
def serving(application: str, env: dict[str, str]) -> Iterator[tuple[str, int]]:
    """A granian with that application: its address and the id of its process."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = ["granian", "--interface", "wsgi", "--blocking-threads", "1", "--no-ws", "--port", str(port)]
    command[0] = str(Path(sys.executable).with_name(command[0]))
    process = subprocess.Popen([*command, "--log-level", "error", application], cwd=ROOT, env=os.environ | env)
    try:
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait()


def processor(pid: int) -> tuple[float, int]:
    """Seconds of the processor and KB of memory, of a process and its children."""
    spent, memory = 0.0, 0
    for one in [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]:
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        spent += (int(fields[11]) + int(fields[12])) / TICKS
        if one != pid:
            status = Path(f"/proc/{one}/status").read_text()
            memory += int(re.findall(r"VmRSS:\s+(\d+)", status)[0])
    return spent, memory


def load(url: str, pid: int, options: list[str]) -> dict[str, float]:
    """A round of wrk: requests a second, microseconds of the server's processor for one, milliseconds of the 99th %."""
    before, _ = processor(pid)
    command = [WRK, "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}", "--latency", "-H", f"Accept-Encoding: {ACCEPT}"]
    said = subprocess.run([*command, *options, url], check=True, capture_output=True, text=True).stdout
    after, memory = processor(pid)
    assert "Non-2xx" not in said or options, said
    requests = int(re.findall(r"(\d+) requests in", said)[0])
    p99, unit = re.findall(r"99%\s+([\d.]+)(us|ms|s)\b", said)[0]
    return {
        "requests/s": float(re.findall(r"Requests/sec:\s+([\d.]+)", said)[0]),
        "CPU µs": 1e6 * (after - before) / requests,
        "p99 ms": float(p99) * {"us": 0.001, "ms": 1, "s": 1000}[unit],
        "MB": memory / 1024,
    }


def main(rounds: int) -> None:
    with TemporaryDirectory(prefix="timeline-bench-") as folder:
        production = {
            "DJANGO_SETTINGS_MODULE": "timeline.settings",
            "DEBUG": "0",
            "SECRET_KEY": token_hex(32),
            "ALLOWED_HOSTS": "127.0.0.1",
            "VAR_DIR": folder,
            "LOG_LEVEL": "ERROR",
        }
        fill = (
            "import django; django.setup(); from django.conf import settings; from django.core.management import *;"
            "from timeline.management.commands.develop import load_demo; call_command('migrate', verbosity=0);"
            "call_command('collectstatic', verbosity=0, interactive=False); load_demo(settings.BASE_DIR / 'demo');"
            "from timeline.models import Issue; print(Issue.objects.published()[0].get_absolute_url())"
        )
        command = [sys.executable, "-c", fill]
        path = subprocess.run(
            command, env=os.environ | production, check=True, capture_output=True, text=True, cwd=ROOT
        )
        page = path.stdout.split()[-1]
        cached = serving("timeline.wsgi:application", production)
        uncached = serving("timeline.wsgi:application", production | {"PAGE_CACHE_MB": "0"})
        with cached as (site, site_pid), uncached as (django, django_pid):
            told, packed = ask(site + page)
            Path(folder, "body").write_bytes(packed)
            Path(folder, "answer.json").write_text(json.dumps({"headers": told, "body": f"{folder}/body"}))
            ask(django + page)
            with serving("benchmarks.pagecache:bare", {"ANSWER": f"{folder}/answer.json"}) as (bytes_only, bare_pid):
                assert ask(bytes_only + page) == (told, packed)
                etag = {name.lower(): value for name, value in told}["etag"]
                ways: dict[str, tuple[str, int, list[str]]] = {
                    "granian, bytes": (bytes_only + page, bare_pid, []),
                    "page cache": (site + page, site_pid, []),
                    "page cache, 304": (site + page, site_pid, ["-H", f"If-None-Match: {etag}"]),
                    "Django": (django + page, django_pid, []),
                }
                measured: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
                for _ in range(rounds):
                    for name, way in ways.items():
                        measured[name].append(load(*way))
    print(f"{page}: {len(packed):,} bytes packed; {CONNECTIONS} connections, {rounds} rounds of {SECONDS} s")
    columns = list(measured["Django"][0])
    print(f"{'':18}" + "".join(f"{column:>12}" for column in columns))
    for name, figures in measured.items():
        print(f"{name:18}" + "".join(f"{median(each[column] for each in figures):12,.1f}" for column in columns))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
