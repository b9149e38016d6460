"""Finished issues come in: plain text, Markdown, or a folder in the project's own format. See docs/importing.md."""

from pathlib import Path

from timeline.importing.encoding import read_file, read_lines
from timeline.importing.folders import read_folder
from timeline.importing.report import CannotImport, Report
from timeline.importing.rows import Writer
from timeline.importing.text import read_text
from timeline.markdown import TextTooLong
from timeline.models import Issue, Publication, User

__all__ = ["CannotImport", "Report", "import_issue"]


def import_issue(
    path: str | Path,
    *,
    number: int | None = None,
    publish: bool = False,
    replace: bool = False,
    editor: User | None = None,
) -> tuple[Issue, Report]:
    """The issue made of the document at `path`, and everything that was guessed, left out or mended on the way.

    `number` goes before the document's own. With `publish` the issue is public at once, or at the time that the
    document names; with `replace` it takes the place of the one that has its number. CannotImport says, in a
    sentence for the editor, why there is no issue; the database and the stored files are as before.
    """
    path = Path(path)
    report = Report()
    publication = Publication.objects.current()
    try:
        if path.is_dir():
            document = read_folder(path, publication, report)
        else:
            lines = read_lines(read_file(path, path.name, report), report)
            document = read_text(path, lines, publication, report)
    except TextTooLong as error:
        raise CannotImport(str(error)) from error
    number, own = document.number if number is None else number, document.number
    if number is None:
        raise CannotImport("The document has no number: give it one with --number.")
    if own not in {None, number}:
        report.leave_out(0, str(own), f"the number of the document, the issue is number {number}")
    if document.published_at and not publish:
        report.leave_out(0, document.published_at.isoformat(), "published_at, without --publish the issue is a draft")
    return Writer(document, report, editor).write(number, publish=publish, replace=replace), report
