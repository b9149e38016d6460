"""Servers of a benchmark: each on a free port of this machine, and gone at the end; their load, and what it costs."""

import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError

from deploy import local
from deploy.local import free_port

ROOT = Path(__file__).resolve().parent.parent
CONNECTIONS = 16
TICKS = os.sysconf("SC_CLK_TCK")
# As `manage.py serve` sets them.
GRANIAN = ["--interface", "wsgi", "--workers", "1", "--blocking-threads", "1", "--http", "1", "--no-ws"]
OWN = {"date", "server", "connection", "accept-ranges", "last-modified"}  # headers that a server adds by itself

Headers = list[tuple[str, str]]


class Server(NamedTuple):
    url: str
    pid: int


class Cost(NamedTuple):
    """Medians of a round, and what it cost the server."""

    rate: float  # requests a second
    processor: float  # microseconds for a request, of all processes of the server
    p50: float  # milliseconds
    p99: float


def need(*programs: str) -> None:
    """Install what is missing where we may (Debian's packages have their names); SystemExit where it stays so."""
    missing = [program for program in programs if not shutil.which(program)]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (["update"], ["install", "--yes", "--no-install-recommends", *missing]):
            subprocess.run(["apt-get", *command], check=False)
    for program in missing:
        if not shutil.which(program):
            sys.exit(f"There is no {program} for this benchmark: install the package {program}.")


@contextmanager
def running(command: Sequence[str], port: int, env: Mapping[str, str]) -> Iterator[Server]:
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | env)
    try:
        yield Server(f"http://127.0.0.1:{port}", process.pid)
    finally:
        process.terminate()
        process.wait()


@contextmanager
def site(env: Mapping[str, str]) -> Iterator[Server]:
    """The site as `manage.py serve` runs it, with one process for readers."""
    port = free_port()
    own = {"GRANIAN_PORT": str(port), "GRANIAN_WORKERS": "1", "GRANIAN_LOG_LEVEL": "error"}
    with running([sys.executable, "manage.py", "serve"], port, {**env, **own}) as server:
        yield server


@contextmanager
def peer(name: str, env: Mapping[str, str]) -> Iterator[Server]:
    """One of benchmarks.peers, served in the same way."""
    port = free_port()
    granian = str(Path(sys.executable).with_name("granian"))
    command = [granian, *GRANIAN, "--log-level", "error", "--port", str(port), "--factory", f"benchmarks.peers:{name}"]
    with running(command, port, env) as server:
        yield server


@contextmanager
def nginx(folder: Path, server_blocks: str, port: int) -> Iterator[Server]:
    """One process of nginx that serves, with these blocks in its configuration."""
    folder.mkdir()
    fast = "keepalive_requests 1000000000; sendfile on; tcp_nopush on;\n"
    configuration = local.whole(folder, fast + server_blocks)
    with running(["nginx", "-e", f"{folder}/error.log", "-c", str(configuration)], port, {}) as server:
        yield server


def get(url: str, **headers: str) -> tuple[Headers, bytes]:
    """What the site says of a page: its own headers, and the bytes as they came. OSError where there is no answer."""
    request = urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return [(name, value) for name, value in answer.headers.items() if name.lower() not in OWN], answer.read()


def wait(url: str, **headers: str) -> tuple[Headers, bytes]:
    """The same as soon as something answers."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return get(url, **headers)
        except HTTPError:
            raise
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def family(pid: int) -> list[int]:
    """The process and all that descend from it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in family(int(child)))]


def processor(pid: int) -> float:
    """Seconds that the process and all that descend from it have used."""
    spent = 0
    for one in family(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        spent += int(fields[11]) + int(fields[12])
    return spent / TICKS


def memory(pid: int) -> tuple[float, float]:
    """MB of the last of its processes, the one that answers readers; what it shares with others counts in part.

    Its own, and what it maps of the database: that is the kernel's memory of a file, given back when it is needed.
    """
    own = mapped = 0
    is_database = False
    for line in Path(f"/proc/{family(pid)[-1]}/smaps").read_text().splitlines():
        if line.startswith("Pss:"):
            size = int(line.split()[1])
            own, mapped = (own, mapped + size) if is_database else (own + size, mapped)
        elif not line.split()[0].endswith(":"):
            is_database = line.endswith(".sqlite3")
    return own / 1024, mapped / 1024


def load(url: str, pids: Sequence[int], seconds: int, headers: Mapping[str, str]) -> Cost:
    """A round of wrk; `pids`: whose time counts."""
    options: list[Any] = [option for name, value in headers.items() for option in ("-H", f"{name}: {value}")]
    before = sum(map(processor, pids))
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}", "--latency", "--timeout", "60s", *options, url]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    spent = sum(map(processor, pids)) - before
    if "Non-2xx" in said or "Socket errors" in said:
        sys.exit(f"{url} did not answer each request:\n{said}")

    def percentile(percent: int) -> float:
        value, unit = re.findall(rf"^\s+{percent}%\s+([\d.]+)(us|ms|s)\b", said, re.MULTILINE)[0]
        return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]

    requests = int(re.findall(r"(\d+) requests in", said)[0])
    rate = float(re.findall(r"Requests/sec:\s+([\d.]+)", said)[0])
    return Cost(rate, 1e6 * spent / requests, percentile(50), percentile(99))
