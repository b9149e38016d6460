"""Draws what moves in the demo: `python demo/figures/moving.py` writes ring-film.webm and lcm-steps.webp."""

import math
import random
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image, ImageDraw, ImageFont

DEMO = Path(__file__).parent.parent
FONT = DEMO.parent / "static" / "fonts" / "instrument-sans.woff2"
INK, INK_3, RAIL, PAPER = "#151c31", "#5a6272", "#8891a2", "#ffffff"
BLOCKS = ("#f9dc57", "#9df2c9", "#a8e7ff", "#ffc9cf")  # the colours of four volumes
FINER = 2  # drawn larger, then scaled down: smooth edges


def font(size: int, *, weight: int = 400) -> ImageFont.FreeTypeFont:
    found = ImageFont.truetype(str(FONT), size * FINER)
    found.set_variation_by_axes([weight])
    return found


class Sheet:
    """A white plate, measured in the pixels of the finished picture."""

    def __init__(self, width: int, height: int) -> None:
        self.image = Image.new("RGB", (width * FINER, height * FINER), PAPER)
        self.draw = ImageDraw.Draw(self.image)

    def box(self, x: float, y: float, width: float, height: float, *, fill: str = PAPER, edge: str = INK) -> None:
        corners = [value * FINER for value in (x, y, x + width, y + height)]
        self.draw.rounded_rectangle(corners, radius=4 * FINER, fill=fill, outline=edge, width=2 * FINER)

    def text(self, x: float, y: float, text: str, *, size: int = 40, anchor: str = "mm", colour: str = INK) -> None:
        self.draw.text((x * FINER, y * FINER), text, fill=colour, font=font(size), anchor=anchor)

    def finished(self) -> Image.Image:
        return self.image.resize((self.image.width // FINER, self.image.height // FINER), Image.Resampling.LANCZOS)


# The ring

WIDTH, HEIGHT, RATE = 1200, 800, 25
CENTRE, RADIUS = (600, 390), 250
COMPUTE, TRAVEL, END = 1.0, 1.0, 2.0  # seconds


def place(angle: float) -> tuple[float, float]:
    return CENTRE[0] + RADIUS * 1.45 * math.cos(angle), CENTRE[1] + RADIUS * math.sin(angle)


def ring(step: int, way: float) -> Image.Image:
    """After `step` whole steps, when the blocks have come `way` (0 to 1) of the next."""
    sheet = Sheet(WIDTH, HEIGHT)
    points = [tuple(value * FINER for value in place(turn / 90 * math.pi)) for turn in range(181)]
    sheet.draw.line(points, fill=RAIL, width=3 * FINER)
    for device in range(4):
        x, y = place(device * math.pi / 2 - math.pi / 4)
        sheet.box(x - 125, y - 90, 250, 180)
        sheet.text(x, y - 58, f"Device {device + 1}")
        for block in range(4):
            met = (device - block) % 4 <= step
            sheet.box(
                x - 104 + block * 54, y + 34, 46, 36, fill=BLOCKS[block] if met else PAPER, edge=INK if met else RAIL
            )
    for block in range(4):
        eased = (1 - math.cos(way * math.pi)) / 2
        x, y = place((block + step + eased) * math.pi / 2 - math.pi / 4)
        sheet.box(x - 44, y - 28, 88, 50, fill=BLOCKS[block])
        sheet.text(x, y - 3, f"K{block + 1}", size=34)
    done = step == 3
    sheet.text(600, 385, "Every block has met" if done else f"Step {step + 1} of 4", size=44)
    sheet.text(600, 435, "every question" if done else ("sending" if way else "computing"), size=44, colour=INK_3)
    return sheet.finished()


def write_ring(path: Path) -> None:
    with av.open(str(path), "w", format="webm", options={"fflags": "+bitexact"}) as film:
        video = film.add_stream("libvpx-vp9", rate=RATE, options={"crf": "36", "b": "0", "cpu-used": "2"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        count = 0
        for step in range(4):
            still = ring(step, 0)
            seconds = END if step == 3 else COMPUTE
            frames = [still] * round(seconds * RATE)
            if step < 3:
                frames += [ring(step, number / (TRAVEL * RATE)) for number in range(1, round(TRAVEL * RATE))]
            for image in frames:
                frame = av.VideoFrame.from_image(image)
                frame.pts, frame.time_base = count, Fraction(1, RATE)
                film.mux(video.encode(frame))
                count += 1
        film.mux(video.encode(None))


# Four steps

SIDE, CELL = 480, 12  # pixels


def picture() -> Image.Image:
    """A whale under a sun, for want of a better one: ours."""
    sheet = Sheet(SIDE, SIDE)
    draw = sheet.draw
    scaled = lambda *values: [value * FINER for value in values]  # noqa: E731
    draw.rectangle(scaled(0, 0, SIDE, SIDE), fill="#ffd9a0")
    draw.ellipse(scaled(300, 60, 400, 160), fill="#f2643f")
    draw.rectangle(scaled(0, 300, SIDE, SIDE), fill="#3f7fb5")
    draw.pieslice(scaled(70, 190, 330, 430), 180, 360, fill="#233a5e")
    draw.polygon(scaled(320, 310, 400, 215, 425, 250, 445, 225, 420, 310), fill="#233a5e")
    draw.ellipse(scaled(125, 255, 141, 271), fill="#ffffff")
    draw.rectangle(scaled(0, 310, SIDE, SIDE), fill="#3f7fb5")
    for x in range(0, SIDE, 60):
        draw.arc(scaled(x, 345, x + 60, 375), 0, 180, fill="#7fb2db", width=4 * FINER)
    return sheet.finished()


def noisy(clean: Image.Image, share: float) -> Image.Image:
    """`clean` in cells, of which each keeps 1 - `share` of its colour."""
    chance = random.Random(4)
    cells = clean.resize((SIDE // CELL, SIDE // CELL), Image.Resampling.BOX)
    noise = Image.new("RGB", cells.size)
    noise.putdata([tuple(chance.randint(0, 255) for _ in range(3)) for _ in range(cells.width * cells.height)])
    mixed = Image.blend(cells, noise, share)
    return mixed.resize((SIDE, SIDE), Image.Resampling.NEAREST)


def write_steps(path: Path) -> None:
    clean = picture()
    frames = []
    for step, share in enumerate((1.0, 0.6, 0.3, 0.12, 0.0)):
        sheet = Sheet(1200, 640)
        shown = noisy(clean, share) if share else clean
        sheet.image.paste(
            shown.resize((SIDE * FINER, SIDE * FINER), Image.Resampling.NEAREST), (60 * FINER, 80 * FINER)
        )
        sheet.text(620, 200, "Noise" if step == 0 else f"Step {step} of 4", size=64, anchor="lm")
        sheet.text(620, 280, "One call of the network" if step == 1 else "", anchor="lm", colour=INK_3)
        sheet.text(620, 280, f"{step} calls of the network" if step > 1 else "", anchor="lm", colour=INK_3)
        for tick in range(4):
            sheet.box(
                620 + tick * 120,
                350,
                100,
                28,
                fill=BLOCKS[0] if tick < step else PAPER,
                edge=INK if tick < step else RAIL,
            )
        frames.append(sheet.finished().quantize(200).convert("RGB"))
    frames[0].save(
        path,
        "WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=[900, 900, 900, 900, 2200],
        loop=0,
        quality=82,
        method=6,
    )


if __name__ == "__main__":
    write_ring(DEMO / "ai-timeline-1" / "images" / "ring-film.webm")
    write_steps(DEMO / "ai-timeline-3" / "images" / "lcm-steps.webp")
