from django.apps import AppConfig


class PollsConfig(AppConfig):
    name = "tests.thirdkind"
    label = "polls"
