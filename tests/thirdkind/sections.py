from tests.thirdkind.models import Poll
from timeline.sections import Section


class Polls(Section):
    model = Poll
    title = "Reader Polls"
