"""The library of pictures and films in the admin."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse

from timeline import variants
from timeline.content_admin import ContentAdmin
from timeline.image_uses import uses
from timeline.images import Clean, plan_sweep, prepare, prepare_captions, prepare_poster
from timeline.models import Content, Image, User, Version
from timeline.references import FILMS
from timeline.restoring import Restored


class ImageForm(forms.ModelForm):
    chosen: Clean | None = None  # a new picture or film

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file and "file" in self.changed_data:
            self.chosen = prepare(file)
            return self.chosen.file
        return file

    def clean_poster(self) -> Any:
        file = self.cleaned_data["poster"]
        return prepare_poster(file) if file and "poster" in self.changed_data else file

    def clean_captions(self) -> Any:
        file = self.cleaned_data["captions"]
        return prepare_captions(file) if file and "captions" in self.changed_data else file

    def clean(self) -> None:
        file = self.cleaned_data.get("file")
        if self.instance.poster and not self.chosen and file and self.cleaned_data.get("poster") is False:
            self.add_error("poster", "What moves needs a still: choose another one instead.")
        if not file or PurePath(file.name).suffix not in FILMS:
            for name in {"poster", "captions"} & set(self.changed_data):
                if self.cleaned_data.get(name):
                    self.add_error(name, "Only a film has this: choose an MP4 or WebM as its file.")

    def save(self, commit: bool = True) -> Image:
        if self.chosen:
            poster = self.cleaned_data["poster"] if "poster" in self.changed_data else None
            replace(self.chosen, poster=poster or self.chosen.poster).put(self.instance)
        elif "file" in self.changed_data:  # taken away
            self.instance.width = self.instance.height = self.instance.poster = self.instance.captions = None
            self.instance.variants = {}
        return super().save(commit)


def find_uses(request: HttpRequest, images: Iterable[Any]) -> None:
    """Give each its `places`: (what shows it, the address of its form or "" where this editor may not see that)."""
    shown: dict[Any, list[Content]] = {**uses(images)}
    for image, rows in shown.items():
        image.places = []
        for row in rows:
            app, model = row._meta.app_label, row._meta.model_name
            may = request.user.has_perm(f"{app}.view_{model}")
            image.places.append((row, reverse(f"admin:{app}_{model}_change", args=[row.pk]) if may else ""))


class ImageList(ChangeList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        find_uses(request, self.result_list)


class Missing(admin.SimpleListFilter):
    title = "what is missing"
    parameter_name = "missing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("alt", "Alternative text"), ("rights", "Rights"), ("credit", "Credit"), ("file", "File")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        name = self.value()
        return queryset.filter(**{name: ""}) if name and name in dict(self.lookup_choices) else queryset


class ImageAdmin(ContentAdmin):
    form = ImageForm
    list_display = ["thumbnail", "name", "alt", "caption", "rights", "shown_in"]
    list_display_links = ["name"]
    list_filter = [Missing]
    list_per_page = 50
    search_fields = ["name", "caption", "alt", "credit"]
    fields = ["name", "file", "alt", "caption", "credit", "rights", "captions", "poster"]

    @admin.display(description="picture")
    def thumbnail(self, obj: Image) -> str:
        figure = obj.figure
        lightest = min(figure.variants, key=lambda variant: variant.width, default=None)
        src = lightest.src if lightest else figure.still
        return render_to_string("admin/timeline/image/thumbnail.html", {"src": src})

    @admin.display(description="shown in")
    def shown_in(self, obj: Any) -> str:
        return render_to_string("admin/timeline/image/shown_in.html", {"places": obj.places})

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ImageList

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Image | None:
        image = super().get_object(request, *args, **kwargs)
        if image:
            find_uses(request, [image])
        return image

    def get_fields(self, request: HttpRequest, obj: Image | None = None) -> Any:
        fields = super().get_fields(request, obj)
        return ["thumbnail", "shown_in", *fields] if obj else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Image | None = None) -> list[str]:
        return ["thumbnail", "shown_in", "name"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: texts refer to it by name, unseen by the database. What nothing refers to is swept by itself."""
        return False

    @transaction.atomic
    def restore_version(self, version: Version, editor: User) -> Restored:
        restored = super().restore_version(version, editor)
        variants.plan(restored.row)
        return restored

    def save_related(self, request: HttpRequest, form: forms.ModelForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if not change:
            plan_sweep()
        if "file" in form.changed_data:
            variants.plan(form.instance)
