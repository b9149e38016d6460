from collections.abc import Sequence
from typing import Any

from news.models import NewsItem
from timeline.findings import Finding
from timeline.links import links, texts
from timeline.markdown import safe_href
from timeline.models import Item
from timeline.sections import Section


class News(Section):
    model = NewsItem
    data = "news.documents.NewsData"
    title = "Industry News"
    headings = ("News", "AI News")
    is_square = True

    def facts(self, item: NewsItem) -> list[tuple[str, Any]]:
        return [("Organisation", item.organisation), ("Date of the event", item.date)]

    def json_ld(self, item: NewsItem) -> dict[str, Any]:
        event = {"about": {"@type": "Organization", "name": item.organisation}} if item.organisation else {}
        source = {"citation": item.source_url} if safe_href(item.source_url) else {}
        return {"@type": "NewsArticle", **event, **source}

    def findings(self, items: Sequence[Item]) -> list[Finding]:
        message = "Give the link to the source of this news, in its field or in the text."
        own = [item for item in items if isinstance(item, NewsItem)]
        return [
            Finding("no-source", "hard", message, item, "source_url")
            for item in own
            if not item.links and not links([item], texts([item]))
        ]
