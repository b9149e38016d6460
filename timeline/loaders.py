"""How templates are read."""

import re

from django.template import Origin
from django.template.loaders import filesystem

# Tags that write nothing of their own: a line with nothing else writes no line. Of blocks it is one end alone, because
# between two there may be the text of a block.
NAMES = "load|extends|include|fragment|(?:end)?(?:if|for|with|comment)|elif|else|empty"
SILENT = rf"\{{%\s*(?:{NAMES})\b(?:(?!%\}}).)*%\}}|\{{#.*?#\}}"
BLOCK = r"\{%\s*(?:end)?block\b(?:(?!%\}).)*%\}"
INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
TAGS = re.compile(rf"^((?:(?:{SILENT})[ \t]*)*|{BLOCK}[ \t]*)\n", re.MULTILINE)


class Loader(filesystem.Loader):
    """What is laid out for who reads a template is left out of the pages: indents, and lines that only have tags.

    They are up to a tenth of a page before it is packed, and some of its first packets afterwards. White space within a
    line stays as it is, as does each break of a line that has something on it: a browser sees no difference, but in
    <pre> and <textarea>, which are not broken in our templates.
    """

    def get_contents(self, origin: Origin) -> str:
        contents = super().get_contents(origin)
        is_markup = str(origin.template_name).endswith((".html", ".svg"))
        return TAGS.sub(r"\1", INDENT.sub("", contents)) if is_markup else contents
