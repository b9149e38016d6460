from django.apps import AppConfig
from django.db.models.signals import post_migrate


class BoardsConfig(AppConfig):
    name = "boards"

    def ready(self) -> None:
        from boards import standings

        post_migrate.connect(standings.fill, sender=self)
