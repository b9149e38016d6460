"""The whole job: a document comes in, is mended, illustrated, looked at and published; with the pointer and by keys."""

import re
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings as project
from django.core.management import call_command
from django.utils.text import slugify
from playwright.sync_api import Locator, Page, expect
from pytest_django import Settings

from papers.models import PaperSummary
from tests.browser.test_admin import sign_in
from tests.factories import paula, picture
from timeline.models import Image, Issue

SEED = Path(project.BASE_DIR).parent / "shared" / "seed" / "ai-timeline-2.txt"
MOST_ACTIONS = 40

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not SEED.exists(), reason="../shared/seed is not here"),
]


class Hands:
    """Counts what an editor does: a click, a field that is filled, a file that is chosen."""

    def __init__(self, page: Page, *, by_keyboard: bool) -> None:
        self.page, self.by_keyboard, self.actions = page, by_keyboard, 0

    def press(self, what: Locator) -> None:
        self.actions += 1
        if self.by_keyboard:
            what.focus()
            self.page.keyboard.press("Enter")
        else:
            what.click()

    def fill(self, field: Locator, text: str) -> None:
        self.actions += 1
        if self.by_keyboard:
            field.focus()
            self.page.keyboard.press("Control+a")
            self.page.keyboard.type(text)
        else:
            field.fill(text)

    def add_image(self, name: str) -> None:
        """At the end of the text, with all that has to be said of it."""
        page = self.page
        page.locator("#id_body").press("Control+End")
        self.press(page.get_by_role("button", name="Figure"))
        dialog = page.get_by_role("dialog", name="Insert a figure")
        self.actions += 1
        file = {"name": f"{name}.png", "mimeType": "image/png", "buffer": picture(name=name).read()}
        dialog.get_by_label("Picture or film").set_input_files(file)
        for label in ("Alternative text", "Caption", "Credit", "Rights"):
            self.fill(dialog.get_by_label(label), f"{label} of {name}")
        self.press(dialog.get_by_role("button", name="Upload and insert"))
        expect(page.locator("#id_body")).to_have_value(re.compile(rf"!\[\]\(media:{name}\)\s*$"))


@pytest.mark.parametrize("by_keyboard", [False, True], ids=["pointer", "keyboard"])
def test_the_main_job_takes_few_actions(page: Page, base_url: str, settings: Settings, by_keyboard: bool) -> None:
    settings.SITE_URL = base_url  # where letters have their pictures
    hands = Hands(page, by_keyboard=by_keyboard)
    paula()
    hands.actions += 1
    call_command("import_issue", str(SEED), stdout=StringIO())
    sign_in(page, "paula@example.org")
    page.goto("/admin/")
    hands.press(page.locator("#content").get_by_role("link", name="AI Can Think & Reason").first)
    desk = re.compile(r"/admin/timeline/issue/\d+/change/$")
    expect(page).to_have_url(desk)

    # Five things that the importer could not know.
    repairs = {"Orca 2": {"arxiv_id": "2311.11045", "venue": "arXiv"}, "LCM-LoRA": {"arxiv_id": "2311.05556"}}
    for name, fields in repairs.items():
        # Not by its name alone: what the preflight finds, which comes later, names the item too.
        hands.press(page.locator(".desk-item > a", has_text=name))
        for field, text in fields.items():
            hands.fill(page.locator(f"#id_{field}"), text)
        hands.add_image(slugify(name))
        hands.press(page.get_by_role("button", name="Save", exact=True).first)
        expect(page).to_have_url(desk)
    hands.fill(page.get_by_label("Tagline"), "Small models that reason, pictures in four steps")
    hands.fill(page.get_by_label("Introduction").first, "Two papers and two pieces of news.")
    hands.press(page.get_by_role("button", name="Save and continue editing").first)
    expect(page.locator(".messagelist")).to_contain_text("The issue “")

    hands.press(page.get_by_role("link", name="Preview", exact=True))
    expect(page).to_have_url(re.compile("/preview/$"))
    shown = page.frame_locator("iframe.preview-frame").locator("body")
    expect(shown).to_contain_text("Caption of orca-2")
    for form in ("Phone", "Dark", "E-mail", "Plain text"):
        hands.press(page.get_by_role("link", name=form, exact=True))
        expect(page.locator("iframe")).to_have_attribute("title", re.compile(f"^{form} preview"))
        expect(shown).to_contain_text("pictures in four steps")

    page.goto(page.url.partition("preview/")[0] + "change/")
    hands.actions += 1
    hands.press(page.get_by_role("link", name="Publish", exact=True))
    hands.fill(page.get_by_label("Why it is published all the same"), "The other figures follow tomorrow.")
    hands.press(page.get_by_role("button", name="Publish", exact=True))
    expect(page.locator(".messagelist")).to_contain_text("is published.")

    issue, orca = Issue.objects.get(), PaperSummary.objects.get(arxiv_id="2311.11045")
    assert (issue.status, issue.tagline) == ("published", "Small models that reason, pictures in four steps")
    assert (orca.venue, Image.objects.get(name="orca-2").rights) == ("arXiv", "Rights of orca-2")
    print(f"The main job took {hands.actions} actions.")
    assert hands.actions < MOST_ACTIONS
