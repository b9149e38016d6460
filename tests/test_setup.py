"""The settings, the requirements, and `manage.py develop`, each as its user meets it."""

import ast
import os
import re
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from deploy.local import free_port
from timeline.management.commands import develop
from timeline.models import Issue, Publication, Term

ROOT = Path(__file__).resolve().parent.parent
STRONG_SECRET = "0123456789abcdef" * 4
PRODUCTION = {"DEBUG": "0", "SECRET_KEY": STRONG_SECRET, "ALLOWED_HOSTS": "example.org"}


def environment(**values: str) -> dict[str, str]:
    """Nothing but `values`, what a process needs to start, and what coverage needs to measure it."""
    return {name: os.environ[name] for name in os.environ if name == "PATH" or name.startswith("COVERAGE_")} | values


def manage(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60
    )


def test_without_any_environment_the_site_starts() -> None:
    run = manage("check", env=environment())

    assert (run.returncode, run.stdout) == (0, "System check identified no issues (0 silenced).\n"), run.stderr


def test_version_is_that_of_the_project() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == settings.VERSION


def test_with_production_settings_the_site_starts(tmp_path: Path) -> None:
    run = manage("check", env=environment(VAR_DIR=str(tmp_path), **PRODUCTION))

    assert (run.returncode, run.stdout) == (0, "System check identified no issues (0 silenced).\n"), run.stderr


def test_a_process_that_only_readers_ask_loads_no_library_for_others(tmp_path: Path) -> None:
    asked = "print(sorted({'ninja', 'pydantic', 'rapidfuzz', 'unittest'} & sys.modules.keys()))"
    code = f"import sys, timeline.wsgi; from django.urls import resolve, reverse; resolve(reverse('issues')); {asked}"
    code += f"; resolve('/', 'timeline.api'); {asked}"
    env = environment(VAR_DIR=str(tmp_path), **PRODUCTION)
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)

    assert run.stdout.splitlines() == ["[]", "['ninja', 'pydantic', 'unittest']"], run.stderr


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("SECRET_KEY", PRODUCTION | {"SECRET_KEY": ""}),
        ("SECRET_KEY", PRODUCTION | {"SECRET_KEY": STRONG_SECRET[:49]}),
        ("SECRET_KEY", PRODUCTION | {"SECRET_KEY": "abcd" * 16}),
        (
            "SECRET_KEY",
            PRODUCTION | {"SECRET_KEY": "development-only: readable by everybody, never used when DEBUG=0"},
        ),
        ("ALLOWED_HOSTS", PRODUCTION | {"ALLOWED_HOSTS": ""}),
        ("DEBUG", {"DEBUG": "perhaps"}),
        ("DATABASE_URL", {"DATABASE_URL": "a database"}),
        ("DATABASE_URL", {"DATABASE_URL": "mysql://user:password@localhost/name"}),
        ("DATABASE_URL", {"DATABASE_URL": "postgres://user:password@localhost:port/name"}),
        ("CACHE_URL", {"CACHE_URL": "a cache"}),
        ("DATABASE_POOL", {"DATABASE_POOL": "many"}),
        ("DATABASE_POOL", {"DATABASE_POOL": "-1"}),
        ("MEDIA_STORAGE", {"MEDIA_STORAGE": "a bucket"}),
        ("MEDIA_STORAGE", {"MEDIA_STORAGE": "s3://"}),
        ("MEDIA_STORAGE", {"MEDIA_STORAGE": "s3://media?key=value"}),
        ("EMAIL_URL", {"EMAIL_URL": "a mail server"}),
        ("SITE_URL", {"SITE_URL": "example.org"}),
        ("WEBSUB_HUB", {"WEBSUB_HUB": "hub.example.org"}),
        ("WEBSUB_HUB", {"WEBSUB_HUB": "ftp://hub.example.org/"}),
        ("WEBSUB_HUB", {"WEBSUB_HUB": "https://[hub"}),
        ("LOG_LEVEL", {"LOG_LEVEL": "chatty"}),
        ("LOG_FORMAT", {"LOG_FORMAT": "xml"}),
        ("METRICS_TOKEN", {"METRICS_TOKEN": "short"}),
        ("SLOW_QUERY_MS", {"SLOW_QUERY_MS": "soon"}),
        ("SLOW_QUERY_MS", {"SLOW_QUERY_MS": "-1"}),
        ("RATE_LIMITS", {"RATE_LIMITS": "some"}),
        ("PAGE_CACHE_MB", {"PAGE_CACHE_MB": "plenty"}),
        ("PAGE_CACHE_MB", {"PAGE_CACHE_MB": "-1"}),
    ],
)
def test_wrong_setting_stops_the_start_with_a_sentence(tmp_path: Path, name: str, values: dict[str, str]) -> None:
    run = manage("check", env=environment(VAR_DIR=str(tmp_path), **values))

    assert run.returncode != 0
    assert re.fullmatch(rf"Cannot start: {name} is .+\.\n", run.stderr), run.stderr
    assert run.stdout == ""


def names_read_by_settings() -> list[str]:
    """The variables that timeline/settings.py asks the environment for."""
    tree = ast.parse((ROOT / "timeline" / "settings.py").read_text())
    readers = ("env.", "os.environ.", "setting", "boolean")
    return [
        str(argument.value)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func).startswith(readers)
        for argument in call.args[:2]
        if isinstance(argument, ast.Constant) and re.fullmatch("[A-Z_]+", str(argument.value))
    ]


def test_every_setting_is_documented_and_nothing_else() -> None:
    documented = re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)

    assert sorted(documented) == sorted(set(names_read_by_settings()))


def pins(name: str) -> set[str]:
    return set(re.findall(r"^[\w.\[\]-]+==\S+", (ROOT / name).read_text(), re.MULTILINE))


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-s3.txt", "requirements-dev.txt"])
def test_requirements_hold_pins_and_hashes_alone(name: str) -> None:
    lines = [line for line in (ROOT / name).read_text().splitlines() if not line.lstrip().startswith("#")]
    pin = r"[\w.\[\]-]+==[\w.]+( ; [^\\/]+)? \\"
    digest = r"    --hash=sha256:[0-9a-f]{64}( \\)?"

    assert [line for line in lines if not re.fullmatch(f"{pin}|{digest}", line)] == []
    assert "//" not in (ROOT / name).read_text()


def test_tests_run_on_the_versions_that_are_installed_on_servers() -> None:
    assert pins("requirements.txt") - pins("requirements-s3.txt") == set()
    assert pins("requirements-s3.txt") - pins("requirements-dev.txt") == set()


@pytest.fixture
def demo(tmp_path) -> Path:
    """A folder with one issue, and one that is none."""
    issue = tmp_path / "demo" / "first"
    issue.mkdir(parents=True)
    (issue / "issue.md").write_text("---\nnumber: 7\ntitle: A first issue\n---\n")
    (tmp_path / "demo" / "publication.yaml").write_text("about: A demo\n")
    (tmp_path / "demo" / "glossary.yaml").write_text(
        "- {name: LCM, expansion: Latent Consistency Model, explanation: Draws in few steps., spellings: [LCMs]}\n"
    )
    (tmp_path / "demo" / "drawings").mkdir()
    return issue.parent


@pytest.mark.django_db
def test_develop_loads_the_demo_into_an_empty_database_once(demo: Path) -> None:
    develop.load_demo(demo)
    assert list(Issue.objects.published().values_list("number", "title")) == [(7, "A first issue")]
    assert Publication.objects.get().about == "A demo"
    assert [term.explained.names for term in Term.objects.all()] == [("LCM", "LCMs")]

    Issue.objects.update(title="An edited issue")
    develop.load_demo(demo)

    assert list(Issue.objects.values_list("number", "title")) == [(7, "An edited issue")]


@pytest.mark.django_db
def test_develop_loads_no_demo_beside_an_issue(demo: Path) -> None:
    Issue.objects.create(number=1, title="Ours")

    develop.load_demo(demo)

    assert list(Issue.objects.values_list("title", flat=True)) == ["Ours"]
    assert not Publication.objects.exists()


@pytest.mark.django_db
def test_develop_leaves_settings_that_somebody_made(demo: Path) -> None:
    Publication.objects.create(about="Ours")
    develop.load_demo(demo)
    assert Publication.objects.get().about == "Ours"


@pytest.mark.django_db
def test_develop_loads_the_whole_demo_or_nothing(demo: Path) -> None:
    broken = demo / "second"
    broken.mkdir()
    (broken / "issue.md").write_bytes(b"\x00\x01\x02")

    with pytest.raises(CommandError):
        develop.load_demo(demo)

    assert (Issue.objects.exists(), Publication.objects.exists()) == (False, False)


def test_develop_refuses_production(settings: Settings) -> None:
    settings.DEBUG = False

    with pytest.raises(CommandError, match=r"with DEBUG=0 run `manage\.py serve` and db_worker instead"):
        call_command("develop")


def test_develop_names_a_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CommandError) as refused:
            develop.listening_address(f"http://127.0.0.1:{port}")

    message = f"Cannot listen on 127.0.0.1:{port}, perhaps something else does: try another port, `make run PORT=8001`."
    assert str(refused.value) == message


def test_develop_refuses_https() -> None:
    with pytest.raises(CommandError, match="serves plain HTTP"):
        develop.listening_address("https://example.org")


def start(*command: str, env: dict[str, str]) -> subprocess.Popen[str]:
    """Every process below it holds the same pipe: communicate() returns only when the last of them has ended."""
    return subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def lines(process: subprocess.Popen[str], count: int) -> list[str]:
    """The first lines that it prints."""
    assert process.stdout
    return [process.stdout.readline() for _ in range(count)]


FAMILY = """
import signal, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
{before}
print("ready", flush=True)
time.sleep(60)
"""


def run_together(first: str, second: str, env: dict[str, str]) -> subprocess.Popen[str]:
    code = (
        "import sys; from timeline.management.commands import develop; develop.SECONDS_TO_STOP = 1;"
        "develop.stop_quietly_on_signals();"
        "print(*develop.run_together(*([sys.executable, '-c', code] for code in sys.argv[1:])))"
    )
    return start("-c", f"import django; django.setup(); {code}", first, second, env=env)


@pytest.fixture
def quiet(tmp_path: Path) -> dict[str, str]:
    return environment(VAR_DIR=str(tmp_path), DJANGO_SETTINGS_MODULE="timeline.settings")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_develop_stopped_by_a_signal_leaves_no_process(quiet: dict[str, str], number: signal.Signals) -> None:
    process = run_together(FAMILY.format(before=""), FAMILY.format(before=""), quiet)
    assert lines(process, 2) == ["ready\n", "ready\n"]

    process.send_signal(number)

    assert (process.communicate(timeout=30)[0], process.returncode) == ("", 0)


def test_develop_stops_the_other_when_one_ends(quiet: dict[str, str]) -> None:
    process = run_together(FAMILY.format(before=""), "pass", quiet)

    assert process.communicate(timeout=30)[0].endswith(f"{sys.executable} -c pass\n")
    assert process.returncode == 0


def test_develop_kills_what_does_not_stop_however_often_it_is_told(quiet: dict[str, str]) -> None:
    deaf = FAMILY.format(before="signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    process = run_together(deaf, deaf, quiet)
    assert lines(process, 2) == ["ready\n", "ready\n"]

    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        process.terminate()
        time.sleep(0.05)

    assert (process.communicate(timeout=5)[0], process.returncode) == ("", 0)


def answer(url: str, seconds: float = 60) -> str:
    """The body at `url` as soon as something answers there."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                return response.read().decode()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_develop_runs_the_site_with_its_demo_until_ctrl_c(tmp_path: Path) -> None:
    site = f"http://127.0.0.1:{free_port()}"
    process = start("manage.py", "develop", env=environment(VAR_DIR=str(tmp_path), SITE_URL=site))
    try:
        health = answer(f"{site}/healthz")
        page = answer(f"{site}/issues/2/")
    finally:
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)

    assert health == "ok"
    assert "AI Can Think" in page
    assert f"The site: {site}/" in output
    assert re.search(rf"Sign in as editor@example.org, once: {site}/\S+\n", output)
    assert "Traceback" not in output
    assert process.returncode == 0
