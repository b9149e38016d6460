"""The action of the admin that makes one of several rows with names: authors, benchmarks, models."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.templatetags.admin_urls import admin_urlname
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from timeline.content_admin import ContentAdmin
from timeline.models import Named, User


class MergeForm(forms.Form):
    kept = forms.ModelChoiceField(None, label="Keep", widget=forms.RadioSelect, empty_label=None)

    def __init__(self, *args: Any, rows: QuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kept"].queryset = rows


class NamedAdmin(ContentAdmin):
    """Of what has a name and other spellings; a subclass says how two become one."""

    list_display = ["name", "slug"]
    search_fields = ["name", "spellings__name"]
    actions = ["merge_chosen"]

    def merge(self, kept: Named, double: Named, editor: User) -> Named:
        raise NotImplementedError

    @admin.action(description="Merge the chosen %(verbose_name_plural)s into one", permissions=["change"])
    def merge_chosen(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        if not self.has_delete_permission(request):
            raise PermissionDenied
        rows = queryset.order_by("name", "pk")
        if len(rows) < 2:
            messages.error(request, "Choose two or more.")
            return None
        form = MergeForm(request.POST if "kept" in request.POST else None, rows=rows)
        if form.is_valid():
            kept = form.cleaned_data["kept"]
            try:
                with transaction.atomic():
                    for double in rows:
                        if double != kept:
                            kept = self.merge(kept, double, request.user)
            except ValidationError as error:
                messages.error(request, " ".join(error.messages))
            else:
                messages.success(request, f"One {self.opts.verbose_name} now: {kept}.")
            return redirect(admin_urlname(self.opts, "changelist"))
        return render(
            request,
            "admin/merge.html",
            {
                **self.admin_site.each_context(request),
                "title": f"Merge {self.opts.verbose_name_plural}",
                "opts": self.opts,
                "rows": rows,
                "form": form,
                "action_name": "merge_chosen",
            },
        )


class SpellingInline(admin.TabularInline):
    extra = 0
    fields = ["name"]
    verbose_name_plural = "other spellings"
