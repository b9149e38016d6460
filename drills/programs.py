"""Servers of others that the drills need, on this machine: nginx with our own configuration, Redis, an S3.

`python -m drills.programs` gets those that are missing, or says which and why not.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy import local
from deploy.local import free_port
from drills.production import Process

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
    uploads = f'proxy_pass {media}/; proxy_set_header Host $proxy_host; proxy_set_header Cookie "";'
    config = local.whole(folder, local.server(folder, port, webs, {"alias /data/media/;": uploads}))
    command = [program("nginx"), "-p", str(folder), "-c", str(config)]
    return Process("proxy", command, os.environ | {"VAR_DIR": str(folder)}), f"http://127.0.0.1:{port}"


if __name__ == "__main__":
    for each in PACKAGES:
        program(each)
