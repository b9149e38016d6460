"""Issue 2 as it was copied from its old home, the document that the import was made for."""

from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings

from tests import words
from timeline import markdown
from timeline.importing import Report, import_issue
from timeline.importing.encoding import read_file, read_lines
from timeline.models import Image, Issue, Item
from timeline.sections import contents, render_issue

SEED = Path(settings.BASE_DIR).parent / "shared" / "seed" / "ai-timeline-2.txt"
IMPORTING = Path(settings.BASE_DIR) / "timeline" / "importing"

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not SEED.exists(), reason="../shared/seed is not here"),
]


@pytest.fixture
def imported() -> tuple[Issue, Report]:
    return import_issue(SEED)


@pytest.fixture
def items(imported: tuple[Issue, Report]) -> dict[str, Item]:
    return {item.short_title: item for part in contents(imported[0]) for item in part.items}
