"""docker-compose.yml, as far as it can be tried without containers: its shape, and the scripts in it."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
CLUSTER = {name for name, service in SERVICES.items() if service.get("profiles") == ["cluster"]}


def script(service: str) -> str:
    """What its shell runs, as the container gets it."""
    return SERVICES[service]["command"][-1].replace("$$", "$")


def test_the_cluster_has_two_of_each_node_and_what_they_share() -> None:
    assert {"web2", "worker2", "cache", "storage", "bucket"} == CLUSTER
    assert {"db", "migrate", "web", "worker", "dumps", "backups", "proxy"} == SERVICES.keys() - CLUSTER
    assert SERVICES["web2"]["networks"]["default"]["aliases"] == ["web"]
    for first, second in (("web", "web2"), ("worker", "worker2")):
        own = {"profiles", "networks"}
        assert SERVICES[first] == {name: value for name, value in SERVICES[second].items() if name not in own}


def test_each_service_that_another_waits_for_is_there_and_can_tell_that_it_is_ready() -> None:
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            assert how["condition"] == "service_completed_successfully" or "healthcheck" in SERVICES[other]
            assert name in CLUSTER or other not in CLUSTER or how["required"] is False


def test_images_and_volumes_are_named() -> None:
    images = {service["image"] for service in SERVICES.values()} - {"ai-timeline"}
    assert [image for image in images if not re.fullmatch(r"[\w/]+:\d[\w.]*", image)] == []
    mounts = {each.split(":")[0] for service in SERVICES.values() for each in service.get("volumes", [])}
    assert {mount for mount in mounts if not mount.startswith("./")} == COMPOSE["volumes"].keys()


def test_there_is_no_secret_in_the_file() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET", name):
                assert re.fullmatch(r"\$\{\w+(:-|:\?[a-z ].+)?\}", value), name
    in_addresses = re.findall(r"://\w*:([^@\s/]+)@", TEXT)
    assert in_addresses
    assert [each for each in in_addresses if not re.match(r"\$?\$\{\w+", each)] == []


@pytest.mark.parametrize("service", ["proxy", "cache", "storage"])
def test_the_scripts_of_services_are_shell(service: str) -> None:
    subprocess.run(["sh", "-n", "-c", script(service)], check=True)


@pytest.mark.parametrize(("service", "name"), [("cache", "CACHE_PASSWORD"), ("storage", "STORAGE_SECRET")])
def test_a_service_of_the_cluster_does_not_start_without_its_secret(service: str, name: str) -> None:
    env = {"PATH": os.environ["PATH"], name: ""}
    ended = subprocess.run(["sh", "-ec", script(service)], env=env, capture_output=True, text=True)
    assert ended.returncode != 0
    assert f"{name}: set it in .env to letters and digits" in ended.stderr


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("", "alias /data/media/;"),
        (
            "http://storage:8333/media/",
            'proxy_pass http://storage:8333/media/; proxy_set_header Host $proxy_host; proxy_set_header Cookie "";',
        ),
    ],
)
def test_the_proxy_gets_uploads_from_the_folder_or_the_bucket(tmp_path: Path, address: str, line: str) -> None:
    written = tmp_path / "default.conf"
    told = script("proxy").replace("/site.conf", str(ROOT / "deploy" / "nginx.conf"))
    told = told.replace("/etc/nginx/conf.d/default.conf", str(written)).replace("exec nginx", "true nginx")
    subprocess.run(["sh", "-ec", told], env={"PATH": os.environ["PATH"], "BUCKET": address}, check=True)
    before = (ROOT / "deploy" / "nginx.conf").read_text()
    assert before.count("alias /data/media/;") == 1
    assert written.read_text() == before.replace("alias /data/media/;", line)
