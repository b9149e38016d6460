"""What several nodes share: the cache, the tasks, the uploads."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import boto3
import pytest
from django.core.cache import caches
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection, connections
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

SHARED = {"BACKEND": "timeline.database_cache.SharedCache", "LOCATION": "shared_cache"}


@pytest.fixture
def shared(settings: Settings) -> Iterator[None]:
    """The cache of a site without Redis, as `migrate` alone makes it."""
    settings.CACHES = {"default": SHARED}
    call_command("migrate", verbosity=0)
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE shared_cache")


@pytest.mark.django_db(transaction=True)
def test_processes_count_together_in_the_cache_of_the_database(shared: None) -> None:
    def count() -> None:
        try:
            for _ in range(20):
                caches["default"].incr("asked")
        finally:
            connections.close_all()

    cache = caches["default"]
    assert cache.add("asked", 1, 60)
    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (cache.get("asked"), cache.add("asked", 1, 60)) == (81, False)
    cache.delete("asked")
    with pytest.raises(ValueError, match="asked"):
        cache.incr("asked")


@pytest.mark.django_db(transaction=True)
def test_to_count_changes_neither_the_end_of_a_key_nor_what_readers_see(shared: None) -> None:
    cache, number = caches["default"], edition.number()

    def ends() -> object:
        with connection.cursor() as cursor:
            cursor.execute("SELECT expires FROM shared_cache")
            return cursor.fetchall()

    cache.add("asked", 1, 4_000)
    before = ends()
    assert (cache.incr("asked"), ends()) == (2, before)
    assert edition.number() == number
    assert "shared_cache" not in edition.tables()


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
