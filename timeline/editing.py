"""The Markdown field in the admin: its widget, its preview and its uploads.

django-markdownx as shipped lets anybody preview and upload, so its URLs are not included: these subclasses stand at
the same paths, and the widget brings a script of our own.
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.forms.widgets import Script
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from markdownx.views import ImageUploadView, MarkdownifyView
from markdownx.widgets import MarkdownxWidget

from timeline import markdown
from timeline.images import store_image
from timeline.models import Image, Publication, Term

PREVIEW_LEVEL = 2  # of the shallowest heading: as on the item's own page, below its title


class MarkdownWidget(MarkdownxWidget):
    class Media:
        extend = False  # markdownx's own script traps the Tab key and knows no rows that were added later
        css = {"all": ["css/tokens.css", "css/editor.css"]}
        js = [Script("js/markdown-editor.js", type="module")]


class StaffView:
    """For views that an editor's script calls: a sentence as JSON where the caller may not, never a redirect."""

    permission = ""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(self.permission):
            return JsonResponse({"error": "Sign in as an editor first."}, status=403)
        return super().dispatch(request, *args, **kwargs)


class Preview(StaffView, MarkdownifyView):
    """POST content, and the prefix of its ids: {"html": what the site would show, "problems": [sentence, …]}."""

    permission = "timeline.view_issue"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
        text = request.POST.get("content", "")
        glossary = Term.objects.glossary(Publication.objects.current().term_seals)
        try:
            html = markdown.to_html(
                text,
                level=PREVIEW_LEVEL,
                prefix=request.POST.get("prefix", ""),
                context=Image.objects.markdown_context([text], glossary=glossary),
            )
        except markdown.TextTooLong as error:
            return JsonResponse({"error": str(error)}, status=400)
        problems = [f"Line {problem.line}: {problem.message}" for problem in markdown.problems(text)]
        return JsonResponse({"html": html, "problems": problems})


class Upload(StaffView, ImageUploadView):
    """POST a file as "image": {"image_code": the Markdown that shows it}, or {"error": a sentence} and 400."""

    permission = "timeline.add_image"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
        file = request.FILES.get("image")
        if file is None:
            return JsonResponse({"error": "No picture came with the request."}, status=400)
        try:
            image = store_image(file, editor=request.user)
        except ValidationError as error:
            return JsonResponse({"error": " ".join(error.messages)}, status=400)
        return JsonResponse({"image_code": f"![](media:{image.name})"})
