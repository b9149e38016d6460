import struct
from collections.abc import Callable
from io import BytesIO

import av
import pytest
from django.core.exceptions import ValidationError
from PIL import Image as Picture

from timeline import film, images
from timeline.images import Clean, prepare, prepare_captions, prepare_poster

SECRET = "47.3769,8.5417"
# A turn by 90 degrees, as phones write it into the header of a track.
TURNED = struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)


def make_film(kind: str = "mp4", codec: str = "libx264", sound: str = "", size: tuple[int, int] = (64, 48)) -> BytesIO:
    """Ten frames, the first black, the others red above and blue below; with metadata that say too much."""
    data = BytesIO()
    with av.open(data, "w", format=kind) as container:
        container.metadata.update({"title": SECRET, "location": SECRET})
        video = container.add_stream(codec, rate=10)
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        streams = [video]
        if sound:
            audio = container.add_stream(sound, rate=48_000)
            silence = av.AudioFrame(format=audio.codec_context.format.name, layout="stereo", samples=960)
            silence.sample_rate, silence.pts = 48_000, 0
            for plane in silence.planes:
                plane.update(bytes(plane.buffer_size))
            container.mux(audio.encode(silence))
            streams.append(audio)
        for number in range(10):
            frame = Picture.new("RGB", size, "black" if number == 0 else "blue")
            if number:
                frame.paste("red", (0, 0, size[0], size[1] // 2))
            container.mux(video.encode(av.VideoFrame.from_image(frame)))
        for stream in streams:
            container.mux(stream.encode(None))
    data.seek(0)
    return data


def turned() -> BytesIO:
    data = bytearray(make_film().getvalue())
    header = data.index(b"tkhd") + 44
    data[header : header + 36] = TURNED
    return BytesIO(bytes(data))


def streams(clean: Clean) -> tuple[str, list[tuple[str, str]]]:
    with av.open(clean.file) as container:
        return container.format.name, [
            (each.type, each.codec_context.codec.canonical_name) for each in container.streams
        ]


@pytest.mark.parametrize(
    ("made", "ending", "expected"),
    [
        (lambda: make_film(sound="aac"), "mp4", [("video", "h264"), ("audio", "aac")]),
        (lambda: make_film("webm", "libvpx-vp9", "libopus"), "webm", [("video", "vp9"), ("audio", "opus")]),
        (lambda: make_film("mov"), "mp4", [("video", "h264")]),
    ],
    ids=["mp4", "webm", "mov"],
)
def test_film_is_written_anew_with_its_streams_and_without_metadata(
    made: Callable[[], BytesIO], ending: str, expected: list[tuple[str, str]]
) -> None:
    source = made()
    assert SECRET.encode() in source.getvalue()
    clean = prepare(source)
    name, found = streams(clean)
    clean.file.seek(0)
    assert (ending in name, found, SECRET.encode() in clean.file.read()) == (True, expected, False)
    stem, _, extension = str(clean.file.name).rpartition(".")
    assert (len(stem), extension, clean.width, clean.height) == (16, ending, 64, 48)


def test_every_frame_is_still_there() -> None:
    clean = prepare(make_film())
    with av.open(clean.file) as container:
        assert sum(1 for _ in container.decode(video=0)) == 10


def test_poster_is_a_picture_of_the_film_and_not_its_black_beginning() -> None:
    poster = Picture.open(prepare(make_film()).poster)
    (red, _, _), (_, _, blue) = poster.getpixel((32, 8)), poster.getpixel((32, 40))
    assert (poster.format, poster.size, red > 200, blue > 200) == ("JPEG", (64, 48), True, True)


def test_film_that_a_camera_turned_stays_turned() -> None:
    clean = prepare(turned())
    with av.open(clean.file) as container:
        assert (next(container.decode(video=0)).rotation, clean.width, clean.height) == (-90, 48, 64)
    poster = Picture.open(clean.poster)
    (red, _, _), (_, _, blue) = poster.getpixel((40, 32)), poster.getpixel((8, 32))  # what was above is at the right
    assert (poster.size, red > 200, blue > 200) == ((48, 64), True, True)


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (lambda: make_film(codec="mpeg4"), "Not every browser plays mpeg4 in MP4"),
        (lambda: make_film("matroska", "libx264"), "Not every browser plays h264 in WEBM"),
        (lambda: make_film(size=(4_098, 16)), "too many"),
        (lambda: BytesIO(make_film().getvalue()[:400]), "cannot be read"),
        (lambda: BytesIO(b"\x1a\x45\xdf\xa3" + b"x" * 500), "cannot be read"),
        (lambda: BytesIO(b"\0\0\0\x18ftypisom" + b"<script>alert(1)</script>"), "cannot be read"),
    ],
    ids=["codec", "container", "pixels", "cut off", "webm of nothing", "mp4 of nothing"],
)
def test_film_that_browsers_cannot_play_is_refused_with_a_sentence(made: Callable[[], BytesIO], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        prepare(made())


def test_film_that_is_too_large_is_refused_before_anybody_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film, "MAX_MEGABYTES", 0)
    monkeypatch.setattr(film, "remux", lambda *_: pytest.fail("It was read."))
    with pytest.raises(ValidationError, match="larger than 0 MB"):
        prepare(make_film())


def test_film_that_keeps_its_reader_busy_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film, "TIMEOUT", 0)
    with pytest.raises(ValidationError, match="cannot be read"):
        prepare(make_film())


def test_poster_that_is_chosen_has_to_be_a_picture() -> None:
    with pytest.raises(ValidationError, match="does not move"):
        prepare_poster(make_film())


@pytest.mark.parametrize(
    "data",
    [b"", b"1\n00:00 --> 00:01\nHello", b"WEBVTTX\n", b"WEBVTT\n\xff\xfe", b"WEBVTT\n" + b"x" * images.MAX_CAPTIONS],
    ids=["empty", "srt", "other word", "not utf-8", "large"],
)
def test_captions_that_are_no_webvtt_are_refused(data: bytes) -> None:
    with pytest.raises(ValidationError, match="no WebVTT"):
        prepare_captions(BytesIO(data))


def test_captions_are_kept_as_they_are_under_a_name_of_ours() -> None:
    text = "WEBVTT\n\n00:00.000 --> 00:01.000\nHällo\n"
    captions = prepare_captions(BytesIO(b"\xef\xbb\xbf" + text.encode()))
    assert (captions.read().decode(), len(str(captions.name))) == (text, 20)
