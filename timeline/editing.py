"""The Markdown field in the admin: its widget, its preview and its uploads.

django-markdownx as shipped lets anybody preview and upload, so its URLs are not included: these subclasses stand at
the same paths, and the widget brings scripts of our own.
"""

from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms.widgets import Script
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.text import capfirst
from markdownx.views import ImageUploadView, MarkdownifyView
from markdownx.widgets import MarkdownxWidget

from timeline import markdown
from timeline.images import store_image
from timeline.models import Image, Publication, Term, reading_minutes

LEVELS = {"html": 2, "email": 4}  # of the shallowest heading: below the title on the item's page, and in the letter
TOLD = ("alt", "caption", "credit", "rights")  # what an upload may say of its picture


class MarkdownWidget(MarkdownxWidget):
    class Media:
        extend = False  # markdownx's own script traps the Tab key and knows no rows that were added later
        css = {"all": ["css/tokens.css", "css/editor.css"]}
        js = [Script("js/markdown-editor.js", type="module")]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None = None) -> dict[str, Any]:
        term = reverse("admin:timeline_term_add")
        return super().get_context(name, value, {**(attrs or {}), "data-term-url": term})


class StaffView:
    """For views that an editor's script calls: a sentence as JSON where the caller may not, never a redirect."""

    permission = ""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(self.permission):
            return JsonResponse({"error": "Sign in as an editor first."}, status=403)
        return super().dispatch(request, *args, **kwargs)


class Preview(StaffView, MarkdownifyView):
    """POST content, a medium (html, email or txt) and the prefix of its ids: what readers would get, and its measures.

    {"html": …} or, for txt, {"text": …}, and for email {"css": of the letter}; "problems": [{"line", "message"}, …];
    "words", "minutes"; "lines": where each block at the top of the html begins. {"error": a sentence} and 400 if not.
    """

    permission = "timeline.view_issue"

    @method_decorator(markdown.rehearsed())
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
        text = request.POST.get("content", "")
        try:
            shown = preview(text, request.POST.get("medium", "html"), request.POST.get("prefix", ""))
        except ValueError as error:
            return JsonResponse({"error": str(error)}, status=400)
        return JsonResponse(
            {
                **shown,
                "problems": [asdict(problem) for problem in markdown.problems(text)],
                "words": markdown.word_count(text),
                "minutes": reading_minutes(text),
                "lines": markdown.block_lines(text),
            }
        )


def preview(text: str, medium: str, prefix: str) -> dict[str, str]:
    """ValueError, with a sentence, where there is no such medium or the text is too long."""
    if medium == "txt":
        context = Image.objects.markdown_context([text], base_url=settings.SITE_URL)
        return {"text": markdown.to_text(text, context=context)}
    if medium not in LEVELS:
        raise ValueError("There is no such preview: ask for html, email or txt.")
    if medium == "email":
        context = Image.objects.markdown_context([text], base_url=settings.SITE_URL)
        more = {"css": render_to_string("timeline/letter.css")}
    else:
        glossary = Term.objects.glossary(Publication.objects.current().term_seals)
        context = Image.objects.markdown_context([text], glossary=glossary)
        more = {}
    html = markdown.to_html(text, level=LEVELS[medium], prefix=prefix, medium=medium, context=context)
    return {"html": html, **more}


class Upload(StaffView, ImageUploadView):
    """POST a file as "image": {"image_code": the Markdown that shows it}, or {"error": a sentence} and 400.

    It may come with what there is to say of it (TOLD). Who sends an "alt" that is empty has to send "decorative", too.
    """

    permission = "timeline.add_image"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
        file = request.FILES.get("image")
        if file is None:
            return JsonResponse({"error": "No picture came with the request."}, status=400)
        told = {name: " ".join(request.POST[name].split()) for name in TOLD if name in request.POST}
        if request.POST.get("decorative"):
            told["alt"] = ""
        elif told.get("alt") == "":
            error = "Write what the picture says to those who do not see it, or tick that it only decorates."
            return JsonResponse({"error": error}, status=400)
        try:
            image = store_image(file, editor=request.user, **told)
        except ValidationError as refused:
            return JsonResponse({"error": told_apart(refused)}, status=400)
        return JsonResponse({"image_code": f"![](media:{image.name})"})


def told_apart(error: ValidationError) -> str:
    """The sentences of `error`, each behind the name of the field of an image that it is about."""
    if not hasattr(error, "error_dict"):
        return " ".join(error.messages)
    return " ".join(
        f"{capfirst(str(Image._meta.get_field(name).verbose_name))}: {' '.join(messages)}"
        for name, messages in error.message_dict.items()
    )
