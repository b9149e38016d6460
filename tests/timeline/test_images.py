from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from PIL import Image as Picture
from pytest_django import Settings

from tests.factories import animation, edith, make_image, make_issue, make_paper, picture
from timeline import images, variants
from timeline.history import record, versions
from timeline.images import Clean, prepare, store_image, sweep
from timeline.models import Image


def opened(clean: Clean) -> Picture.Image:
    return Picture.open(clean.file)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
def test_prepare_keeps_format_and_size_and_takes_a_name_of_ours(kind: str) -> None:
    clean = prepare(picture(kind, name="../../evil name.html"))
    stem, _, extension = str(clean.file.name).rpartition(".")
    assert (len(stem), extension) == (16, kind.lower().replace("jpeg", "jpg"))
    assert (opened(clean).format, opened(clean).size, clean.width, clean.height) == (kind, (40, 30), 40, 30)
    assert clean.poster is None


def test_prepare_turns_the_picture_and_drops_its_metadata() -> None:
    exif = Picture.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010E] = "secret place"
    clean = opened(prepare(picture("JPEG", exif=exif, comment=b"secret place")))
    assert (clean.size, dict(clean.getexif()), clean.info.get("comment")) == ((30, 40), {}, None)


def test_prepare_drops_what_hides_behind_the_picture() -> None:
    data = picture().read() + b"<script>alert(1)</script>"
    assert b"script" not in prepare(SimpleUploadedFile("a.png", data)).file.read()


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_prepare_keeps_an_animation_and_takes_its_last_frame_as_poster(kind: str) -> None:
    clean = prepare(animation(kind))
    assert (opened(clean).n_frames, opened(clean).is_animated) == (3, True)
    poster = Picture.open(clean.poster)
    red, green, blue = poster.getpixel((4, 4))
    assert (poster.format, poster.size, red < 15, green < 15, blue > 240) == ("JPEG", (8, 8), True, True, True)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "no picture"),
        (b"<script>alert(1)</script>", "no picture"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "no picture"),
        (picture().read()[:60], "no picture"),
        (picture("BMP").read(), "no picture"),
        (b"x" * (images.MAX_BYTES + 1), "larger than 20 MB"),
        (picture(size=(10_000, 5_001)).read(), "too many"),
    ],
    ids=["empty", "html", "svg", "cut off", "format", "large", "pixels"],
)
def test_prepare_refuses_with_a_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        prepare(SimpleUploadedFile("evil.gif", data, "image/gif"))


@pytest.mark.django_db
def test_store_image_makes_row_file_version_and_a_later_sweep() -> None:
    editor = edith()
    first = store_image(picture(name="Größe 1.png"), editor=editor, alt="A square")
    second = store_image(picture(name="Größe 1.png"))
    assert [(i.name, i.width, i.height, i.alt, Path(i.file.path).exists()) for i in (first, second)] == [
        ("grosse-1", 40, 30, "A square", True),
        ("grosse-1-2", 40, 30, "", True),
    ]
    assert [(version.action, version.editor) for version in versions(first)] == [("uploaded", editor)]
    planned = dict(DBTaskResult.objects.values_list("task_path", "run_after"))
    assert planned.keys() == {"timeline.images.sweep_images", "timeline.variants.draw_variants"}
    assert planned["timeline.images.sweep_images"] > timezone.now() + timedelta(days=7)


@pytest.mark.django_db
def test_store_image_leaves_no_file_when_the_row_fails(monkeypatch: pytest.MonkeyPatch, settings) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("database gone")

    monkeypatch.setattr(images.history, "record", fail)
    with pytest.raises(RuntimeError):
        store_image(picture())
    assert (Image.objects.count(), [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]) == (0, [])


@pytest.mark.django_db
def test_sweep_takes_only_old_images_that_nothing_refers_to(settings: Settings) -> None:
    old = timezone.now() - timedelta(days=8)
    stored = [store_image(picture(name="litter.png")), store_image(animation(name="moving.gif"))]
    variants.draw(stored[0])
    stored[0].refresh_from_db()
    Image.objects.update(created_at=old)
    for name in ["in-body", "in-introduction", "in-version", "in-versions-field", "is-lead", "is-cover"]:
        make_image(name, created_at=old)
    make_image("young")
    make_paper(body="![](media:in-body)", lead_image=Image.objects.get(name="is-lead"))
    issue = make_issue(introduction="![x](media:in-introduction)", cover=Image.objects.get(name="is-cover"))
    paper = make_paper(body="![](media:in-version)", lead_image=Image.objects.get(name="in-versions-field"))
    record(paper, "saved")
    paper.delete()
    assert sorted(sweep()) == ["litter", "moving"]
    assert [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()] == []
    assert set(Image.objects.values_list("name", flat=True)) == {
        "in-body", "in-introduction", "in-version", "in-versions-field", "is-lead", "is-cover", "young"
    }  # fmt: skip
    assert issue.cover is not None


@pytest.mark.django_db(transaction=True)
def test_worker_sweeps_a_week_after_the_upload() -> None:
    store_image(picture(name="litter.png"))
    with time_machine.travel(timezone.now() + timedelta(days=6)):
        call_command("db_worker", "--batch", "--no-startup-delay")
        assert Image.objects.count() == 1
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=2)):
        call_command("db_worker", "--batch", "--no-startup-delay")
    assert Image.objects.count() == 0
    assert DBTaskResult.objects.get(task_path="timeline.images.sweep_images").return_value == ["litter"]
