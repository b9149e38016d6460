"""What several nodes share: the cache, the tasks, the uploads."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import boto3
import pytest
from django.core.cache import caches
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult
from moto.server import ThreadedMotoServer
from pytest_django import Settings

from tests.factories import picture
from timeline import edition, images, leases, variants
from timeline.dumps import make_dump
from timeline.models import Dump, Image
from timeline.settings import bucket


@pytest.mark.django_db(transaction=True)
def test_migrate_alone_makes_the_table_of_the_cache(settings: Settings) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "shared_cache"}
    }
    call_command("migrate", verbosity=0)
    number = edition.number()
    try:
        cache = caches["default"]
        assert (cache.add("beat", 1, 60), cache.get("beat"), cache.add("beat", 2, 60)) == (True, 1, False)
        assert edition.number() == number
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE shared_cache")


def running(image: Image, *, since: timedelta, attempts: int = 1) -> DBTaskResult:
    """A task that a worker has begun so long ago, and not finished."""
    task = DBTaskResult.objects.get(pk=variants.draw_variants.enqueue(str(image.uuid)).id)
    for number in range(attempts):
        task.claim(f"worker {number}")
    DBTaskResult.objects.filter(pk=task.pk).update(started_at=timezone.now() - since)
    return task


def work() -> None:
    call_command("db_worker", batch=True, interval=0, startup_delay=False, verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_a_task_whose_worker_was_killed_runs_again(monkeypatch: pytest.MonkeyPatch) -> None:
    image = images.store_image(picture())
    DBTaskResult.objects.all().delete()
    task = running(image, since=leases.LEASE * 2)
    other = running(image, since=leases.LEASE / 2)
    spent = running(image, since=leases.LEASE * 2, attempts=leases.ATTEMPTS)

    assert leases.give_back() == 2
    work()

    for each in (task, other, spent):
        each.refresh_from_db()
    assert task.status == TaskResultStatus.SUCCESSFUL
    assert len(task.worker_ids) == 2
    assert (other.status, len(other.worker_ids)) == (TaskResultStatus.RUNNING, 1)
    assert (spent.status, spent.traceback) == (TaskResultStatus.FAILED, "3 workers died while they ran it.")
    assert Image.objects.get().variants
    assert leases.give_back() == 0


@pytest.mark.django_db(transaction=True)
def test_a_worker_renews_the_lease_of_a_long_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEWAL", 0.01)
    images.store_image(picture())
    renewed: list[bool] = []

    def take_long(image: Image) -> None:
        rows = DBTaskResult.objects.filter(status=TaskResultStatus.RUNNING)
        old = timezone.now() - leases.LEASE / 2
        rows.update(started_at=old)
        is_over = threading.Event()
        for _ in range(1_000):
            if rows.filter(started_at__gt=old).exists():
                renewed.append(True)
                break
            is_over.wait(0.01)

    monkeypatch.setattr(variants, "draw", take_long)
    work()
    assert renewed == [True]


@pytest.fixture
def storage(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Uploads in a bucket on a server of this machine."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret")
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    boto3.client("s3", endpoint_url=address, region_name="us-east-1").create_bucket(Bucket="media")
    try:
        media = bucket(f"s3://media?endpoint={address}&region=us-east-1")
        settings.STORAGES = settings.STORAGES | {"default": media}
        yield
    finally:
        server.stop()


def stored() -> set[str]:
    return {each.key for each in default_storage.bucket.objects.all()}


@pytest.mark.django_db(transaction=True)
def test_uploads_live_in_a_bucket(storage: None) -> None:
    image = images.store_image(picture(size=(900, 30)), name="chart")
    variants.draw(image)
    image.refresh_from_db()
    assert stored() == set(image.files)
    assert len(image.files) > 1
    assert image.file.url == f"/media/{image.file.name}"

    with image.file.open() as file:
        assert len(file.read()) == image.file.size
    Image.objects.update(created_at=timezone.now() - timedelta(days=30))
    assert images.sweep() == ["chart"]
    assert stored() == set()


@pytest.mark.django_db(transaction=True)
def test_dumps_live_in_a_bucket_and_are_not_unpacked_on_the_way(storage: None) -> None:
    old, new = make_dump(), make_dump()
    assert list(Dump.objects.all()) == [new]
    names = {new.path(file["name"]) for file in new.files} | {new.path("LICENCE.txt")}
    assert stored() == names
    assert old.folder != new.folder
    packed = default_storage.bucket.Object(new.path(new.files[0]["name"]))
    assert (packed.content_type, packed.content_encoding) == ("application/gzip", None)
    assert packed.content_length == new.files[0]["bytes"]
    assert "immutable" in packed.cache_control
