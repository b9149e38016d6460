from news.models import NewsItem
from timeline.sections import Section


class News(Section):
    model = NewsItem
    title = "Industry News"
    headings = ("News", "AI News")
