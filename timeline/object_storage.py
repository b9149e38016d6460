"""Uploads in a bucket that all nodes share, of S3 or of whatever speaks its protocol."""

import mimetypes
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.utils.encoding import filepath_to_uri
from storages.backends.s3 import S3Storage

YEAR = "public, max-age=31536000, immutable"  # each upload has a name of its own


class Bucket(S3Storage):
    """Readers get the files where they always are, at MEDIA_URL: the proxy fetches them from the bucket."""

    def url(self, name: str, *args: Any, **kwargs: Any) -> str:
        return urljoin(settings.MEDIA_URL, filepath_to_uri(name) or "")

    def get_object_parameters(self, name: str) -> dict[str, str]:
        """A packed file is to be saved as it is: nobody shall unpack it on the way."""
        kind, packed = mimetypes.guess_type(name)
        content_type = f"application/{packed}" if packed else kind or "application/octet-stream"
        return {"ContentType": content_type, "CacheControl": YEAR}
