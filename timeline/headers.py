"""The headers that tell a browser what an answer may do: on every answer, files and errors too.

They are set outside of all that answers. Django's SecurityMiddleware alone is not enough: it comes second, to redirect
to HTTPS, and a wrong Host fails in it, so that this answer would go without.
"""

from django.http import HttpRequest, HttpResponse
from django.middleware.security import SecurityMiddleware

PERMISSIONS = ", ".join(
    f"{name}=()"
    for name in (
        "accelerometer",
        "browsing-topics",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "payment",
        "usb",
    )
)
# What is made to be shown elsewhere: pictures (share images, figures) and feeds. All else of ours is nobody's.
SHARED = ("image/", "application/atom+xml", "application/rss+xml", "application/feed+json")


class HeadersMiddleware(SecurityMiddleware):
    def process_request(self, request: HttpRequest) -> None:
        """Redirects are made further in."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response = super().process_response(request, response)
        is_shared = response.get("Content-Type", "").startswith(SHARED) or "Access-Control-Allow-Origin" in response
        response.headers.setdefault("Cross-Origin-Resource-Policy", "cross-origin" if is_shared else "same-origin")
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        return response
