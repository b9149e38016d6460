"""The backup: everything is in it, it comes back as it was, and what is damaged or does not fit is refused."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4
from zipfile import ZipFile

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, connections
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from tests import ways
from tests.factories import edith, make_issue, paula, picture
from tests.ways import elsewhere, paper
from timeline import archive, backup, edition, rows, search_index
from timeline.checks import check_edition, check_search_index
from timeline.drafts import Stamp, keep
from timeline.history import record
from timeline.images import delete_files, store_image
from timeline.models import Backup, Entry, Image, Issue, Topic, User
from timeline.search import search

pytestmark = pytest.mark.django_db(transaction=True)

OWN = {"sessions.session", "timeline.backup", "timeline.edition"}  # of each database, and in no backup


@pytest.fixture
def site() -> None:
    """Something of everything, also of what is in no list: a draft, a version, a task of the worker."""
    ways.fill()
    image = store_image(picture(size=(600, 400)), name="teal", editor=edith(), alt="Größe 日本 🐳")
    row = paper()
    record(row, "saved", paula())
    typed = {"title": ["Tom & “Jerry”\r\n\x1f"]}
    keep(row._meta.label_lower, row.uuid, edith(), Stamp(uuid4(), 1), None, base=0, data={"title": None}, typed=typed)
    default_storage.save(image.variant_name("webp", 480), ContentFile(b"lighter"))
    Client().force_login(edith())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "backup.zip"


def everything() -> dict[str, list[Any]]:
    """All rows, by model."""
    return {
        model._meta.label_lower: list(model._base_manager.order_by("pk").values_list())
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and model._meta.label_lower not in OWN
    }


def uploads() -> dict[str, bytes]:
    found = {}
    for name in backup.stored_files():
        with default_storage.open(name) as stored:
            found[name] = stored.read()
    return found


def spoil() -> None:
    """Change and delete rows and files, so that only a backup knows how they were."""
    for name in list(uploads()):
        default_storage.delete(name)
    default_storage.save("images/another.png", ContentFile(b"another"))
    call_command("flush", interactive=False, verbosity=0)
    make_issue(number=99)


def test_everything_comes_back_as_it_was(site: None, file: Path, client: Client) -> None:
    before, stored, page = everything(), uploads(), client.get("/issues/2/").content
    assert (len(stored), [label for label in ("timeline.draft", "timeline.version") if not before[label]]) == (2, [])
    call_command("backup", file)
    spoil()
    assert (everything() != before, uploads() != stored) == (True, True)

    call_command("restore", file, "--replace")

    assert everything() == before
    assert (uploads(), client.get("/issues/2/").content) == (stored, page)


def test_a_restored_site_is_whole(site: None, file: Path) -> None:
    """What is no row: triggers, indexes, counters; and another edition, so that no page of another time is shown.

    Who was signed in signs in again.
    """
    client = Client()
    client.force_login(edith())
    assert client.get("/admin/").status_code == 200
    call_command("backup", file)
    known = edition.number()
    last = Issue.objects.latest("pk").pk
    call_command("restore", file, "--replace")
    assert edition.number() not in (known, None)
    assert client.get("/admin/").status_code == 302
    assert (check_edition(["default"]), check_search_index(["default"]), search_index.exists()) == ([], [], True)
    assert Entry.objects.filter(pk__in=search("orca").keys).values_list("title", flat=True).get() == "Orca"
    restored = edition.number()
    assert make_issue().pk == last + 1
    assert edition.number() != restored
    with pytest.raises(IntegrityError):
        Issue.objects.create(number=2)


def test_new_site_needs_no_replace(site: None, file: Path) -> None:
    before, stored = everything(), uploads()
    call_command("backup", file)
    call_command("flush", interactive=False, verbosity=0)
    call_command("restore", file)
    assert (everything(), uploads()) == (before, stored)


def test_without_replace_nothing_is_lost(site: None, file: Path) -> None:
    call_command("backup", file)
    make_issue(number=77)
    before, stored = everything(), uploads()
    with pytest.raises(CommandError, match="not empty"):
        call_command("restore", file)
    assert (everything(), uploads()) == (before, stored)


def test_restore_that_fails_leaves_the_site_as_it_was(site: None, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call_command("backup", file)
    make_issue(number=77)
    before, stored = everything(), uploads()
    with monkeypatch.context() as patch:
        patch.setattr(rows, "finish", lambda *args: 1 / 0)  # when everything else is done
        with pytest.raises(ZeroDivisionError):
            call_command("restore", file, "--replace")
    assert (everything(), uploads()) == (before, stored)


def test_half_a_file_of_a_restore_that_was_killed_is_stored_again(site: None, file: Path) -> None:
    stored = uploads()
    call_command("backup", file)
    for name, content in stored.items():
        default_storage.delete(name)
        default_storage.save(name, ContentFile(content[:-1] + b"?"))
    call_command("restore", file, "--replace")
    assert uploads() == stored


def test_readers_of_the_database_find_the_old_one_or_the_new(site: None, file: Path) -> None:
    """Another connection that is open all the while."""
    call_command("backup", file)
    make_issue(number=77)
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM timeline_issue WHERE number = 77")
            assert cursor.fetchone() == (1,)
        call_command("restore", file, "--replace")
        with other.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM timeline_issue WHERE number = 77")
            assert cursor.fetchone() == (0,)
    finally:
        other.close()


def test_rows_and_files_are_of_one_moment(site: None, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the files are copied, and again while the rows are read, somebody uploads, deletes and edits."""
    gone = store_image(picture(), name="gone")
    add_media, add_rows = backup.add_media, backup.add_rows
    half = Image(name="half")
    begun: dict[str, Any] = {}

    def delete(image: Image) -> None:
        image.delete()
        delete_files(image)

    def while_files_are_copied(writer: Any, prefix: str, copied: dict[str, int]) -> None:
        if prefix == backup.MEDIA:
            default_storage.save("images/half.png", ContentFile(b"ha"))
        add_media(writer, prefix, copied)
        if prefix == backup.MEDIA:
            default_storage.delete("images/half.png")
            half.file.name = default_storage.save("images/half.png", ContentFile(b"half, and the rest"))
            half.save()
            store_image(picture(), name="late")
            begun["moment"] = None

    def while_rows_are_read(writer: Any, label: str, model: Any) -> dict[str, Any]:
        if "moment" in begun:
            del begun["moment"]
            begun["rows"], begun["files"] = everything(), set(uploads())

            def meanwhile() -> None:
                Topic.objects.update(name="Renamed meanwhile")
                delete(Image.objects.get(name="gone"))
                store_image(picture(), name="too-late")

            elsewhere(meanwhile)
        return add_rows(writer, label, model)

    monkeypatch.setattr(backup, "add_media", while_files_are_copied)
    monkeypatch.setattr(backup, "add_rows", while_rows_are_read)
    call_command("backup", file)
    call_command("restore", file, "--replace")
    assert everything() == begun["rows"]
    named = {name for image in Image.objects.all() for name in image.files}
    assert named <= set(uploads()) == begun["files"]
    assert set(gone.files) <= named
    assert uploads()["images/half.png"] == b"half, and the rest"


def test_it_is_written_whole_or_not_at_all(site: None, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call_command("backup", file)
    good = file.read_bytes()
    monkeypatch.setattr(rows, "lines", lambda model: iter([b"[1]\n", *map(int, "x")]))
    with pytest.raises(ValueError):
        call_command("backup", file)
    assert (file.read_bytes(), sorted(os.listdir(file.parent))) == (good, [file.name, "media"])
    assert Backup.objects.count() == 1


def test_what_a_killed_one_left_is_taken_over(site: None, file: Path) -> None:
    """To a file of another day."""
    left = file.with_name(archive.PARTIAL)
    left.write_bytes(b"x" * 10_000_000)
    call_command("backup", file)
    assert (left.exists(), file.stat().st_size < 10_000_000, oct(file.stat().st_mode)[-3:]) == (False, True, "600")
    archive.verify(file)


def test_one_at_a_time_writes_into_a_folder(file: Path) -> None:
    with archive.writing(file), pytest.raises(CommandError, match="wait until it is done"):
        call_command("backup", file)
    assert archive.verify(file).parts == []


def test_it_is_not_put_where_everybody_could_read_it(settings: Settings) -> None:
    with pytest.raises(CommandError, match="write it elsewhere"):
        call_command("backup", Path(settings.MEDIA_ROOT) / "backup.zip")
    with pytest.raises(CommandError, match="name a file in it"):
        call_command("backup", Path("."))
    with pytest.raises(CommandError, match="cannot be written to"):
        call_command("backup", Path(settings.MEDIA_ROOT).parent / "nowhere" / "backup.zip")


def test_verify_tells_what_is_inside(site: None, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("backup", file)
    told = capsys.readouterr().out
    call_command("verify", file)
    assert capsys.readouterr().out == told
    size = sum(map(len, uploads().values()))
    assert f"from {connection.vendor}." in told
    assert "timeline.issue: 2 rows\n" in told
    assert told.endswith(f"uploads: 2, {size} bytes\n")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("sample") / "backup.zip"
    with archive.writing(file) as writer:
        writer.contents.about |= {"migrations": [], "tables": {}}
        writer.add("media/a.png", [b"picture", b"of a whale"], compress=False)
        writer.add("database/timeline.issue.jsonl", [b"[1]\n"] * 50, compress=True)
    return file.read_bytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(data=st.data())
def test_any_damage_is_found(sample: bytes, tmp_path: Path, data: st.DataObject) -> None:
    """One bit that is another one; bytes that are missing, at the end or within; bytes too many."""
    place = data.draw(st.integers(0, len(sample) - 1))
    spoilt = data.draw(
        st.sampled_from(
            [
                sample[:place] + bytes([sample[place] ^ 1 << data.draw(st.integers(0, 7))]) + sample[place + 1 :],
                sample[:place],
                sample[:place] + sample[place + 1 :],
                sample + bytes([place % 256]),
            ]
        )
    )
    file = tmp_path / "spoilt.zip"
    file.write_bytes(spoilt)
    with pytest.raises(archive.Unusable):
        archive.verify(file)


def test_damage_is_refused_before_anything_is_touched(site: None, file: Path, tmp_path: Path) -> None:
    call_command("backup", file)
    spoilt = bytearray(file.read_bytes())
    spoilt[len(spoilt) // 2] ^= 1
    file.write_bytes(spoilt)
    before, stored = everything(), uploads()
    for command in (["verify", file], ["restore", file, "--replace"]):
        with pytest.raises(CommandError, match="is damaged"):
            call_command(*command)
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        call_command("verify", tmp_path / "none.zip")
    assert (everything(), uploads()) == (before, stored)


def rewritten(file: Path, change: Callable[[dict[str, Any]], object], parts: Mapping[str, bytes] = {}) -> None:
    """The same backup with another manifest and other `parts`, sealed again."""
    contents = archive.verify(file)
    change(contents.about)
    copy = file.with_suffix(".copy")
    with ZipFile(file) as packed, archive.writing(copy) as writer:
        writer.contents.about = contents.about
        for part in contents.parts:
            writer.add(part.path, [parts.get(part.path) or packed.read(part.path)], compress=False)
    os.replace(copy, file)


def test_rows_that_do_not_fit_change_nothing(site: None, file: Path) -> None:
    """As those of another kind of database may be, or of a backup that somebody has changed."""
    call_command("backup", file)
    with ZipFile(file) as packed:
        text = packed.read("database/timeline.topic.jsonl")
    rewritten(file, lambda about: None, {"database/timeline.topic.jsonl": text + text})  # each key twice
    before = everything()
    with pytest.raises(CommandError, match="which is as it was"):
        call_command("restore", file, "--replace")
    assert everything() == before


def test_tables_of_another_program_are_not_given_up(site: None, file: Path) -> None:
    call_command("backup", file)
    call_command("flush", interactive=False, verbosity=0)
    ways.raw("CREATE TABLE of_another (id integer)")
    try:
        with pytest.raises(CommandError, match="not empty"):
            call_command("restore", file)
    finally:
        ways.raw("DROP TABLE of_another")


def test_file_that_cannot_be_read_stops_it(site: None, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> Any:
        raise PermissionError(13, "Permission denied", name)

    monkeypatch.setattr(default_storage, "open", refuse)
    with pytest.raises(CommandError, match=r"Permission denied: 'images/"):
        call_command("backup", file)
    assert sorted(os.listdir(file.parent)) == ["media"]


def test_newer_migrations_are_refused(site: None, file: Path) -> None:
    call_command("backup", file)
    rewritten(file, lambda about: about["migrations"].append(["timeline", "9999_of_tomorrow"]))
    before = everything()
    with pytest.raises(CommandError, match=r"another version of the site.+timeline\.9999_of_tomorrow"):
        call_command("restore", file, "--replace")
    assert everything() == before


def test_older_ones_are_migrated(file: Path) -> None:
    """What was backed up by an older version, or before an update, is brought to the code's own state."""
    User.objects.create_user("ada@example.org", "correct horse battery")
    call_command("migrate", "timeline", "0011", verbosity=0)
    try:
        call_command("backup", file)
        assert "timeline.0011_edition" in {".".join(key) for key in archive.verify(file).about["migrations"]}
    finally:
        call_command("migrate", verbosity=0)
    call_command("restore", file, "--replace")
    assert (User.objects.get().email, Backup.objects.count()) == ("ada@example.org", 1)
    call_command("migrate", check_unapplied=True, plan=True, verbosity=0)


def test_database_of_a_newer_version_is_not_backed_up(file: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('timeline', '9999_of_tomorrow', %s)",
            [timezone.now()],
        )
    try:
        with pytest.raises(CommandError, match=r"timeline\.9999_of_tomorrow"):
            call_command("backup", file)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE name = '9999_of_tomorrow'")
    assert not file.exists()


@pytest.mark.skipif(connection.vendor == "postgresql", reason="there is no file to damage")
def test_database_that_cannot_be_read_is_named(site: None, file: Path, tmp_path: Path) -> None:
    call_command("backup", file)
    name = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = str(tmp_path / "broken.sqlite3")
    (tmp_path / "broken.sqlite3").write_bytes(b"no database at all" * 1000)
    try:
        for more in ([], ["--replace"]):
            with pytest.raises(CommandError, match="move its files away"):
                call_command("restore", file, *more)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = name


def test_last_backup_is_known(site: None, file: Path) -> None:
    call_command("backup", file)
    told = json.loads(ZipFile(file).read("manifest.json"))
    for command in (["verify", file], ["restore", file, "--replace"]):
        call_command(*command)
        [known] = Backup.objects.all()
        assert (known.made_at.isoformat(), known.bytes) == (told["made_at"], file.stat().st_size)
