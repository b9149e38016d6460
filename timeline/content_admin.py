"""What the admin of every kind of content has in common: history, order, Markdown fields, previews."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db import models
from django.forms import BaseInlineFormSet, ModelForm
from django.forms.widgets import Script
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import cached_property

from timeline.arranging import Changes, by_hand
from timeline.draft_pages import DraftPages
from timeline.editing import MarkdownWidget
from timeline.fields import MarkdownField
from timeline.history import record, record_all
from timeline.history_pages import HistoryPages
from timeline.models import Content, Issue, Item
from timeline.pending import add, forget
from timeline.preview_pages import PreviewPages
from timeline.rewriting import relate
from timeline.sections import section

ORDER_SCRIPT = Script("js/order.js", type="module")
DRAFT_SCRIPT = Script("js/draft.js", type="module")


class ContentAdmin(DraftPages, HistoryPages, admin.ModelAdmin):
    """Every save leaves a Version, in the transaction of the save."""

    class Media:
        js = [DRAFT_SCRIPT]

    formfield_overrides = {MarkdownField: {"widget": MarkdownWidget}}
    show_full_result_count = False

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(db_field, MarkdownField):
            field.widget.attrs["data-prefix"] = db_field.name  # of the ids in its preview: as on the site
        return field

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        self.keep_versions(request, form.instance, {form.instance: "saved" if change else "added"})

    def keep_versions(self, request: HttpRequest, row: Content, changes: Changes) -> None:
        """`row` is saved; of a rehearsal nothing is kept."""
        if getattr(request, "is_rehearsed", False):
            request.saved_row = row
        else:
            record_all(changes, request.user)

    def delete_model(self, request: HttpRequest, obj: Content) -> None:
        record(obj, "deleted", request.user)
        forget(obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        for obj in queryset:
            self.delete_model(request, obj)


class PublicContentAdmin(PreviewPages, ContentAdmin):
    """For what readers see once an issue is out: only a Publisher takes it away from them."""

    class Media:
        js = [Script("js/form-preview.js", type="module")]

    change_form_template = "admin/public_change_form.html"

    def is_public(self, obj: Any) -> bool:
        raise NotImplementedError

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        if allowed and obj is not None and self.is_public(obj):
            return request.user.has_perm("timeline.publish_issue")
        return allowed

    def view_on_site(self, obj: Any) -> str | None:
        has_address = getattr(obj, "slug", True)  # a form with faults may have taken it away
        return obj.get_absolute_url() if has_address and self.is_public(obj) else None


class OrderedInline(admin.TabularInline):
    """Rows in an order: dragged, stepped by buttons, or numbered by hand where no script runs."""

    classes = ["ordered"]
    ordering = ["position", "pk"]
    extra = 0

    class Media:
        css = {"all": ["css/order.css"]}
        js = [ORDER_SCRIPT]


class AuthorSelect(AutocompleteSelect):
    """Does not ask the database for the names of authors that are known: fifteen would be fifteen queries."""

    known: Mapping[str, Any] = {}

    def optgroups(self, name: str, value: list[str], attrs: dict[str, Any] | None = None) -> Any:
        if value and value[0] in self.known:
            return [(None, [self.create_option(name, value[0], str(self.known[value[0]]), True, 0)], 0)]
        return super().optgroups(name, value, attrs)


class AuthorField(forms.ModelChoiceField):
    """Finds all authors of a form with one query, which its formset has asked: `known`, by primary key."""

    known: Mapping[str, Any] = {}

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        if str(value) not in self.known:
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice", params={"value": value})
        return self.known[str(value)]


class BylineForm(ModelForm):
    """A place that is nobody's is left out, and one without a number is the last."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = False

    def clean(self) -> dict[str, Any]:
        return self.cleaned_data  # that nobody stands here twice is the formset's affair, not the database's

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() | {"author"}  # the field has found it


class BylineFormSet(BaseInlineFormSet):
    """The authors of an item in their order. A row is known by its author, never by a primary key: what was typed
    means the same when the rows were made anew meanwhile, or in a transaction that is rolled back.
    """

    def __init__(self, data: Any = None, files: Any = None, instance: Any = None, **kwargs: Any) -> None:
        rows = kwargs.pop("queryset", self.model._default_manager.all())
        self.places = list(rows.filter(**{self.fk.name: instance})) if instance and instance.pk else []
        if data is None:
            kwargs["initial"] = [{"position": place.position, "author": place.author_id} for place in self.places]
        super().__init__(data, files, instance, queryset=self.model._default_manager.none(), **kwargs)
        self.extra = len(self.places)

    def initial_form_count(self) -> int:
        return 0

    @cached_property
    def authors(self) -> dict[str, Any]:
        """Those that stand in the rows, and those that were posted, by primary key."""
        known = {str(place.author_id): place.author for place in self.places}
        if self.is_bound:
            names = (self.add_prefix(index) + "-author" for index in range(self.total_form_count()))
            wanted = {value for name in names if (value := self.data.get(name, "")).isdecimal() and len(value) < 19}
            found = self.model._meta.get_field("author").related_model._default_manager.filter(pk__in=wanted - {*known})
            known |= {str(author.pk): author for author in found}
        return known

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if field := form.fields.get("author"):
            field.known = field.widget.widget.known = self.authors

    def save(self, commit: bool = True) -> list[Any]:
        self.new_objects, self.changed_objects, self.deleted_objects = [], [], []
        had = {place.author: place.position for place in self.places}
        kept = [form for form in self.forms if not form.cleaned_data.get("DELETE")]
        told = [form.cleaned_data for form in kept if form.cleaned_data.get("author")]
        kept = [
            (each["author"], each.get("position"), had.get(each["author"])) for each in told if not each.get("DELETE")
        ]
        relate(self.instance, self.model, by_hand(kept), self.places)
        return []


class BylineInline(OrderedInline):
    """The authors of an item; a kind with authors names its model."""

    form = BylineForm
    formset = BylineFormSet
    autocomplete_fields = ["author"]
    fields = ["position", "author"]
    verbose_name = "author"
    verbose_name_plural = "authors, in order"

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return super().get_queryset(request).select_related("author")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "author":
            kwargs |= {"widget": AuthorSelect(db_field, self.admin_site), "form_class": AuthorField}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class ItemForm(ModelForm):
    """Asks the database nothing that is known: its fields have found the rows that they name."""

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() | {"issue", "lead_image"}

    def validate_unique(self) -> None:
        if "slug" in self.changed_data:  # nobody else can have the one that this item has
            super().validate_unique()

    def _save_m2m(self) -> None:
        if "topics" in self.changed_data:
            super()._save_m2m()


class ItemAdmin(PublicContentAdmin):
    """Of every kind of item; a kind adds its own fields and inlines."""

    form = ItemForm

    list_display = ["label", "emoji", "issue", "position", "updated_at"]
    list_display_links = ["label"]
    list_select_related = ["issue"]
    search_fields = ["title", "short_title", "slug"]
    autocomplete_fields = ["issue", "topics", "lead_image"]
    save_on_top = True
    common = [
        (None, {"fields": [("emoji", "short_title"), "title", "body"]}),
        ("Place", {"fields": ["issue", "slug", "topics", "lead_image"]}),
    ]

    @admin.display(description="title", ordering="title")
    def label(self, obj: Item) -> str:
        return obj.label

    def get_form(self, request: HttpRequest, obj: Item | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj is not None and "body" in form.base_fields:
            form.base_fields["body"].widget.attrs["data-prefix"] = obj.anchor
        return form

    def is_public(self, obj: Item) -> bool:
        return obj.issue is not None and obj.issue.is_public

    def get_readonly_fields(self, request: HttpRequest, obj: Item | None = None) -> Any:
        """The place of what readers see is the issue's affair: it changes on its desk."""
        own = super().get_readonly_fields(request, obj)
        return [*own, "issue"] if obj is not None and self.is_held(request, obj) else own

    def save_model(self, request: HttpRequest, obj: Item, form: ModelForm, change: bool) -> None:
        if "issue" in form.changed_data:
            obj.position = 0  # the end of its new issue
            if obj.issue and obj.issue.is_public:
                request.waits_for, obj.issue = obj.issue, None
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        item = form.instance
        issues = []
        if "issue" in form.changed_data:
            issues = list(Issue.objects.filter(pk__in={item.issue_id, form.initial.get("issue")} - {None}))
            for issue in issues:
                section(item.kind).renumber(issue)
            item.refresh_from_db(fields=["position"])
        super().save_related(request, form, formsets, change)
        if getattr(request, "is_rehearsed", False):
            return
        record_all(dict.fromkeys(issues, "items changed"), request.user)
        if issue := getattr(request, "waits_for", None):
            add(Issue.objects.select_for_update().get(pk=issue.pk), item, request.user)
            messages.info(request, f"“{item}” waits on the shelf: readers see it when issue {issue.number} is updated.")

    def response_post_save_change(self, request: HttpRequest, obj: Item) -> HttpResponse:
        """Back to the desk, from where one came."""
        if obj.issue_id and request.user.has_perm("timeline.view_issue"):
            return redirect("admin:timeline_issue_change", obj.issue_id)
        return super().response_post_save_change(request, obj)

    def response_post_save_add(self, request: HttpRequest, obj: Item) -> HttpResponse:
        return self.response_post_save_change(request, obj)

    def delete_model(self, request: HttpRequest, obj: Item) -> None:
        super().delete_model(request, obj)
        if obj.issue:
            record(obj.issue, "items changed", request.user)
