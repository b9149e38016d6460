"""WebSub: when an issue comes out, a hub hears which feeds have changed and brings them to all who follow them.

https://www.w3.org/TR/websub/ leaves open how a hub is told; all of them take the POST of its predecessor.
"""

import logging

from django.conf import settings
from django.urls import reverse
from django_tasks import task

from timeline.fetching import Failed, Fetcher, Refused
from timeline.metadata import FEED_TYPES
from timeline.models import Issue
from timeline.sections import filled

logger = logging.getLogger(__name__)


def plan(issue: Issue) -> None:
    """Let the worker tell the hub as soon as `issue` is public. Call it in the transaction that publishes it."""
    if settings.WEBSUB_HUB:
        tell_hub.using(run_after=issue.published_at).enqueue(str(issue.uuid))


@task()
def tell_hub(uuid: str) -> None:
    """Nothing if the issue was withdrawn, or put off, since this was planned. A hub that fails is asked no more."""
    issue = Issue.objects.published().filter(uuid=uuid).first()
    if not issue or not settings.WEBSUB_HUB:
        return
    fetcher = Fetcher(limit=0)
    for feed in feeds_with(issue):
        try:
            answer = fetcher.post(settings.WEBSUB_HUB, {"hub.mode": "publish", "hub.url": feed})
            if answer.status >= 300:
                raise Failed(f"It answers {answer.status}.")
        except (Refused, Failed) as error:
            logger.warning("The hub %s was not told of %s. %s", settings.WEBSUB_HUB, feed, error)
            raise


def feeds_with(issue: Issue) -> list[str]:
    """The feeds that `issue` or one of its items is in."""
    parts = filled([issue], "html")[issue]
    items = [item for part in parts for item in part.items]
    pages = [
        reverse("home"),
        *(reverse("items", args=[part.kind]) for part in parts),
        *(row.get_absolute_url() for item in items for row in [*item.topic_list, *item.byline]),
    ]
    return [f"{settings.SITE_URL}{page}feed.{ending}" for page in dict.fromkeys(pages) for ending in FEED_TYPES]
