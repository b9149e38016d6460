"""nginx.conf on one machine, for tests, drills and benchmarks: other ports, and every file in a folder of one's own."""

import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

CONFIGURATION = Path(__file__).with_name("nginx.conf")
PLACES = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")  # nginx makes a folder for each, in use or not


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def server(folder: Path, port: int, sites: Sequence[str], others: Mapping[str, str] | None = None) -> str:
    """What nginx.conf says, on `port` and before these sites (host:port); of `others` what else is otherwise here.

    ValueError where something that is to be otherwise does not stand there once.
    """
    text = CONFIGURATION.read_text()
    (line,) = [line for line in text.splitlines() if " web:8000 " in line]
    changes = {
        line: "\n".join(line.replace("web:8000", site) for site in sites),
        "listen 80;": f"listen 127.0.0.1:{port};",
        "/var/cache/nginx/": f"{folder}/kept-",
        "/var/log/nginx/access.log": f"{folder}/access.log",
        "/var/log/nginx/error.log": f"{folder}/error.log",
        "alias /data/media/;": f"alias {folder}/media/;",
    }
    for there, here in {**changes, **(others or {})}.items():
        if text.count(there) != 1:
            raise ValueError(f"{there!r} stands in {CONFIGURATION.name} {text.count(there)} times.")
        text = text.replace(there, here)
    return text


def whole(folder: Path, http: str) -> Path:
    """The file of a whole configuration: one process that stays in front, with `http` in its block of that name."""
    temporary = "".join(f"{place}_temp_path {folder}/{place};\n" for place in PLACES)
    path = folder / "nginx.conf"
    path.write_text(
        ("user root;\n" if os.geteuid() == 0 else "")  # the folder may be for us alone
        + f"daemon off;\nworker_processes 1;\npid {folder}/pid;\nerror_log {folder}/error.log;\n"
        + "events { worker_connections 1024; }\n"
        + f"http {{\naccess_log off;\n{temporary}{http}\n}}\n"
    )
    return path
