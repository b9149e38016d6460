"""The demo as readers get it in production, served on this machine, and all of its pages."""

import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from html import unescape
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urljoin

import django
import requests
from django.core.management import call_command

# Nothing links to these: search is a form, and the rest is not there.
UNLINKED = ("/search/?q=reasoning", "/search/?q=diffusoin", "/search/?q=zzzz", "/nowhere/", "/papers/nowhere/")
SECONDS_TO_START = 30


@contextmanager
def served() -> Iterator[str]:
    """A fresh site with the demo, DEBUG=0, its pictures drawn, behind granian: its address."""
    with TemporaryDirectory(prefix="timeline-audit-") as folder:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        for name in ("DATABASE_URL", "CACHE_URL", "EMAIL_URL", "MEDIA_ROOT", "STATIC_ROOT", "TRUST_PROXY"):
            os.environ.pop(name, None)
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "timeline.settings",
            "DEBUG": "0",
            "SECRET_KEY": secrets.token_hex(32),
            "SITE_URL": url,
            "ALLOWED_HOSTS": "127.0.0.1",
            "VAR_DIR": folder,
        }
        fill()
        command = [str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", "--port", str(port)]
        command += ["--workers", "2", "--blocking-threads", "1", "--log-level", "error"]
        # What deploy/nginx.conf does: it serves the uploads.
        command += ["--static-path-route", "/media", "--static-path-mount", f"{folder}/media"]
        command += ["--static-path-expires", str(365 * 24 * 60 * 60)]
        server = subprocess.Popen([*command, "timeline.wsgi:application"])
        try:
            wait_for(f"{url}/healthz")
            yield url
        finally:
            server.terminate()
            server.wait()


def fill() -> None:
    django.setup()
    from django.conf import settings

    from timeline.management.commands.develop import load_demo
    from timeline.models import Publication

    call_command("migrate", verbosity=0)
    with redirect_stdout(StringIO()):
        load_demo(settings.BASE_DIR / "demo")
    Publication.objects.update(reply_address="reply@example.org", sponsor_contact="sponsor@example.org")
    call_command("db_worker", batch=True, reload=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)


def wait_for(url: str) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        try:
            requests.get(url, timeout=5).raise_for_status()
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return
    sys.exit(f"Nothing answers at {url}.")


def locations(url: str) -> list[str]:
    return re.findall("<loc>(.*?)</loc>", requests.get(url, timeout=60).text)


def pages(url: str) -> dict[str, requests.Response]:
    """Every page by its path: those of the sitemap, all that they link to, those that nothing links to.

    Of search only the first page: its facets go on for ever.
    """
    waiting = [*(page for file in locations(f"{url}/sitemap.xml") for page in locations(file))]
    waiting += [url + path for path in UNLINKED]
    found: dict[str, requests.Response] = {}
    with requests.Session() as session:
        while waiting:
            address = waiting.pop()
            path = address.removeprefix(url)
            if path in found or not path.startswith("/") or ("?" in path and path not in UNLINKED):
                continue
            found[path] = page = session.get(address, timeout=60)
            if page.headers["Content-Type"].startswith("text/html"):
                links = re.findall(r'<a [^>]*?href="([^"]*)"', page.text)
                waiting += [urljoin(address, unescape(link)).partition("#")[0] for link in links]
        for path in [path for path in found if path.startswith("/contact/")]:
            found[f"{path} (pressed)"] = session.post(url + path, timeout=60)
    return found
