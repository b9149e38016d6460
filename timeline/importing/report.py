"""What an import tells the editor: everything that it guessed, left out or mended, line by line."""

from dataclasses import dataclass, field


class CannotImport(Exception):
    """The document cannot become an issue; the message says why, for the editor."""


@dataclass(frozen=True)
class Line:
    """A line of the source."""

    number: int  # from 1
    text: str
    level: int = 0  # of a Markdown heading; plain text does not tell
    is_code: bool = False


@dataclass(frozen=True)
class Entry:
    line: int  # 0 where it is about no line
    text: str  # the words of the source that it is about
    reason: str

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        return f"{place}{self.reason}: “{self.text}”" if self.text else f"{place}{self.reason}"


@dataclass
class Report:
    guesses: list[Entry] = field(default_factory=list)
    left_out: list[Entry] = field(default_factory=list)
    repairs: list[Entry] = field(default_factory=list)

    def guess(self, line: int, text: str, reason: str) -> None:
        self.guesses.append(Entry(line, text, reason))

    def leave_out(self, line: int, text: str, reason: str) -> None:
        """Every word of `text` is not in the issue, for that reason."""
        self.left_out.append(Entry(line, text.strip(), reason))

    def repair(self, line: int, text: str, reason: str) -> None:
        self.repairs.append(Entry(line, text, reason))

    def __str__(self) -> str:
        parts = [
            ("Guessed, please check", self.guesses),
            ("Left out", self.left_out),
            ("Mended", self.repairs),
        ]
        return "\n\n".join(
            "\n".join([f"{title} ({len(entries)}):", *(f"  {entry}" for entry in sorted(entries, key=by_line))])
            for title, entries in parts
            if entries
        )


def by_line(entry: Entry) -> int:
    return entry.line
