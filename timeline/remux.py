"""`python -m timeline.remux FILE FOLDER`: what timeline.film does with an upload, in a process with bounds.

It writes clean.mp4 or clean.webm and still.png into FOLDER and prints {"kind": "mp4"}, or {"error": a sentence}.
Nothing else may import it: FFmpeg's libraries are large, and the site needs no more memory than it has to.
"""

import json
import resource
import sys
from itertools import islice
from pathlib import Path

import av
from av.container import InputContainer, OutputContainer
from PIL import Image as Picture

MAX_SIDE = 4_096  # pixels
MAX_SECONDS = 60  # of a core
MAX_MEMORY = 4 * 1024**3  # bytes of address space, of which the libraries take a good part
MAX_FRAMES = 300  # to look through for a still
MAX_OUTPUT = 200 * 1024**2  # bytes of a file
# What today's browsers play, by the container that it is written into.
CODECS = {
    "mp4": {"video": {"h264", "av1"}, "audio": {"aac", "mp3", "opus"}},
    "webm": {"video": {"vp8", "vp9", "av1"}, "audio": {"opus", "vorbis"}},
}
# The index at the front, so that playing begins at once; no name of the program that wrote it.
OPTIONS = {"movflags": "+faststart", "fflags": "+bitexact"}


def bound() -> None:
    """From now on this process can take no more than its share."""
    for what, limit in (
        (resource.RLIMIT_CPU, MAX_SECONDS),
        (resource.RLIMIT_AS, MAX_MEMORY),
        (resource.RLIMIT_FSIZE, MAX_OUTPUT),
    ):
        resource.setrlimit(what, (limit, limit))


def remux(source: str, folder: str) -> dict[str, str]:
    with av.open(source) as film:
        if not film.streams.video:
            return {"error": "There are no moving pictures in this file."}
        kind = "webm" if "matroska" in film.format.name else "mp4"
        for stream in kept(film):
            name = stream.codec_context.codec.canonical_name
            if name not in CODECS[kind][stream.type]:
                return {
                    "error": f"Not every browser plays {name} in {kind.upper()}: export the film as MP4 with H.264 "
                    "and AAC, or as WebM with VP9 and Opus."
                }
        video = film.streams.video[0]
        if max(video.width, video.height) > MAX_SIDE:
            return {"error": f"{video.width} × {video.height} pixels are too many: {MAX_SIDE} a side are possible."}
        still(film).save(Path(folder, "still.png"))
        film.seek(0)
        with av.open(str(Path(folder, f"clean.{kind}")), "w", format=kind, options=OPTIONS) as clean:
            copy(film, clean)
    return {"kind": kind}


def kept(film: InputContainer) -> list[av.VideoStream | av.AudioStream]:
    """The first pictures and the first sound: no cover, no place, no subtitles of unknown origin."""
    return [*film.streams.video[:1], *film.streams.audio[:1]]


def still(film: InputContainer) -> Picture.Image:
    """The picture a tenth into the film, turned as its camera wanted: many films begin in black."""
    at = (film.duration or 0) // 10
    film.seek(at)  # to the whole picture before: the others are told from it
    frames = film.decode(film.streams.video[0])
    frame = next(frames)
    for frame in islice(frames, MAX_FRAMES):
        if frame.time is None or frame.time * av.time_base >= at:
            break
    return frame.to_image().rotate(frame.rotation, expand=True)


def copy(film: InputContainer, clean: OutputContainer) -> None:
    """Packet by packet, as they are."""
    copies = {stream.index: clean.add_stream_from_template(stream) for stream in kept(film)}
    for stream in copies.values():
        stream.metadata.clear()
    for packet in film.demux(kept(film)):
        if packet.dts is not None:  # the last one is empty
            packet.stream = copies[packet.stream.index]
            clean.mux(packet)


if __name__ == "__main__":
    bound()
    try:
        print(json.dumps(remux(*sys.argv[1:])))
    except (av.FFmpegError, StopIteration, MemoryError, ValueError, OSError):
        print("{}")  # timeline.film says it in a sentence
