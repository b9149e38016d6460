"""Pages packed for their way: one of 60 KB is 14, and so whole with the first packets that a server sends."""

import re
from typing import Any

import brotli
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

QUALITY = 6  # of 11: as fast as gzip, and smaller; 9 needs seven times as long for 0.4 %, and more memory
SHORT = 200  # bytes that are not worth it, as in Django
REFUSED = r"(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))"
BROTLI = re.compile(rf"\bbr\b{REFUSED}")
GZIP = re.compile(rf"\bgzip\b{REFUSED}")


def best(accepted: str) -> str:
    """The encoding for who sends that Accept-Encoding: "br", "gzip", or "" for none."""
    return "br" if BROTLI.search(accepted) else "gzip" if GZIP.search(accepted) else ""


def packed(plain: bytes, quality: int = QUALITY) -> bytes:
    """By Brotli, with a window of the size of the page: a larger one costs memory and time, and finds nothing."""
    window = min(22, max(16, len(plain).bit_length()))
    return bytes(brotli.compress(plain, quality=quality, lgwin=window))


class CompressionMiddleware(GZipMiddleware):
    """Brotli for who takes it; all else, streams too, is Django's."""

    def process_response(self, request: HttpRequest, response: Any) -> HttpResponseBase:
        accepted = request.headers.get("Accept-Encoding", "")
        is_ready = response.streaming or len(response.content) < SHORT or response.has_header("Content-Encoding")
        if is_ready or not BROTLI.search(accepted):
            return super().process_response(request, response)
        patch_vary_headers(response, ("Accept-Encoding",))
        body = packed(response.content)
        if len(body) < len(response.content):
            response.content = body
            response.headers["Content-Length"] = str(len(body))
            response.headers["Content-Encoding"] = "br"
            if (etag := response.get("ETag", "")).startswith('"'):
                response.headers["ETag"] = f"W/{etag}"  # the same text in other bytes
        return response
