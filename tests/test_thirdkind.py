"""A third kind is its folder, three templates and two settings lines: tests/thirdkind is all there is of this one."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from tests.factories import edith, make_issue
from tests.thirdkind.models import Poll
from timeline import derived
from timeline.sections import render_issue

pytestmark = pytest.mark.django_db


@pytest.fixture
def poll() -> Poll:
    poll = Poll.objects.create(
        issue=make_issue(),
        title="Which model do you use?",
        short_title="Your model",
        emoji="🗳️",
        choices="Small or <large>",
    )
    derived.update(poll)
    return poll


def test_third_kind_appears_on_the_page_and_in_its_contents(client: Client, poll: Poll) -> None:
    page = client.get(poll.issue.get_absolute_url()).content.decode()
    found = [text in page for text in ('href="/polls/"', "Reader Polls × 1", "Your model", 'href="#polls-your-model"',
             '<article id="polls-your-model">', "Small or &lt;large&gt;")]  # fmt: skip
    assert found == [True] * 6


def test_third_kind_has_list_and_item_pages(client: Client, poll: Poll) -> None:
    assert poll.get_absolute_url() == "/polls/your-model/"
    for url in ("/polls/", poll.get_absolute_url()):
        assert "Which model do you use?" in client.get(url).content.decode()


@pytest.mark.parametrize(("medium", "choices"), [("email.html", "Small or &lt;large&gt;"), ("txt", "Small or <large>")])
def test_third_kind_appears_in_mail_and_text(poll: Poll, medium: str, choices: str) -> None:
    text = render_issue(poll.issue, medium)
    assert [part in text for part in ("Reader Polls × 1", "Which model do you use?", choices)] == [True] * 3


def test_third_kind_appears_in_the_admin_for_editors(client: Client, poll: Poll) -> None:
    client.force_login(edith())
    page = client.get(reverse("admin:timeline_issue_change", args=[poll.issue.pk])).content.decode()
    assert ("Reader Polls" in page, reverse("admin:polls_poll_change", args=[poll.pk]) in page) == (True, True)
    assert client.get(reverse("admin:polls_poll_change", args=[poll.pk])).status_code == 200
    assert Group.objects.get(name="Editor").permissions.filter(codename="change_poll").exists()
