"""Servers of others that the drills need, on this machine: nginx with our own configuration, Redis, an S3.

`python -m drills.programs` gets those that are missing, or says which and why not.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from drills.production import ROOT, Process, free_port

PACKAGES = {"nginx": "nginx-light", "redis-server": "redis-server"}
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


def program(name: str) -> str:
    """Its path; where it is missing, it is installed if we may; else SystemExit with a sentence for the user."""
    if not shutil.which(name, path=PATH) and os.geteuid() == 0 and shutil.which("apt-get"):
        # Nothing is to start by itself on this machine.
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        for command in (["update"], ["install", "--yes", "--no-install-recommends", PACKAGES[name]]):
            subprocess.run(["apt-get", *command], env=quiet, check=False, capture_output=True)
    if path := shutil.which(name, path=PATH):
        return path
    raise SystemExit(f"There is no {name}: install the package {PACKAGES[name]}, which needs root, and try again.")


def redis(folder: Path) -> tuple[Process, str]:
    """A server that keeps nothing on disk, and its address."""
    port = free_port()
    command = [program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    return Process("redis", command, os.environ | {"VAR_DIR": str(folder)}), f"redis://127.0.0.1:{port}/0"


def object_storage(folder: Path) -> tuple[Process, str]:
    """A server that speaks the protocol of S3, and its address."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    return Process("storage", command, os.environ | {"VAR_DIR": str(folder)}), f"http://127.0.0.1:{port}"


def proxy(folder: Path, webs: Sequence[str], media: str) -> tuple[Process, str]:
    """nginx as deploy/nginx.conf has it, in front of `webs` (host:port), with uploads from the address `media`."""
    port = free_port()
    text = Path(ROOT, "deploy", "nginx.conf").read_text()
    upstream = "server web:8000 "
    for there, here in {
        "listen 80;": f"listen 127.0.0.1:{port};",
        "/var/cache/nginx/pages": f"{folder}/pages",
        "alias /data/media/;": f'proxy_pass {media}/; proxy_set_header Host $proxy_host; proxy_set_header Cookie "";',
    }.items():
        assert text.count(there) == 1, f"deploy/nginx.conf has no “{there}” any more."
        text = text.replace(there, here)
    text = text.replace("/var/log/nginx/", f"{folder}/")
    (line,) = [line for line in text.splitlines() if upstream in line]
    text = text.replace(line, "\n".join(line.replace(upstream, f"server {web} ") for web in webs))
    places = "".join(
        f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = f"daemon off;\nworker_processes 1;\npid {folder}/nginx.pid;\nerror_log stderr error;\n"
    whole += "user root;\n" if os.geteuid() == 0 else ""
    whole += f"events {{}}\nhttp {{\naccess_log off;\n{places}{text}\n}}\n"
    config = folder / "nginx.conf"
    config.write_text(whole)
    command = [program("nginx"), "-p", str(folder), "-c", str(config)]
    return Process("proxy", command, os.environ | {"VAR_DIR": str(folder)}), f"http://127.0.0.1:{port}"


if __name__ == "__main__":
    for each in PACKAGES:
        program(each)
