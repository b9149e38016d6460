from collections.abc import Callable
from functools import cache
from typing import Any

from django.core.files.base import File
from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(CompressedManifestStaticFilesStorage):
    """Every file under a name that changes with it, also the modules that a script imports."""

    support_js_module_import_aggregation = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A page asks a dozen times, and in production no name changes.
        self.url: Callable[..., str] = cache(super().url)

    def file_hash(self, name: str, content: File | None = None) -> str | None:
        """Eight digits tell a file from its other versions, and each one costs every page half a byte a name."""
        digits = super().file_hash(name, content)
        return digits and digits[:8]
