from papers.models import PaperSummary
from timeline.sections import Section


class Papers(Section):
    model = PaperSummary
    title = "Research Papers"
    headings = ("Papers", "Research", "Paper Summaries")
