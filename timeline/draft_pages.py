"""Of every form of content in the admin: what is typed is kept, offered again, and merged with what others saved."""

import re
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.admin.templatetags.admin_urls import admin_urlname
from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_http_methods, require_POST

from timeline.differences import differences, labels
from timeline.drafts import Meeting, Stamp, drafts_of, drop, form_data, keep, meeting, revision, save_merged, see
from timeline.history import current, versions
from timeline.models import Content, Draft, Item, PendingChange, Version
from timeline.pending import Data, change_of, hold, is_held, issue_of, rehearsal, shown, working

# Fields of the form that are no content: what it shows, and which form it is.
OWN = {"csrfmiddlewaretoken", "revision", "draft", "sheet", "turn", "replaces"}


BASE = re.compile("[0-9]{1,18}")


def parsed(uuid: str | None) -> UUID | None:
    try:
        return UUID(uuid or "")
    except ValueError:
        return None


def stamp(text: str) -> Stamp | None:
    """Of a text such as Draft.stamp."""
    sheet, _, turn = text.partition("/")
    uuid = parsed(sheet)
    return Stamp(uuid, int(turn)) if uuid and BASE.fullmatch(turn) else None


def stamp_of(posted: QueryDict) -> Stamp | None:
    """Which form was posted."""
    return stamp(f"{posted.get('sheet')}/{posted.get('turn')}")


def can_be_merged(formset: Any) -> bool:
    """Whether it has no fault but that rows have gone since it was shown: others wrote them anew."""
    gone = {formset.model._meta.pk.name, NON_FIELD_ERRORS}
    return formset.is_valid() or (
        formset.management_form.is_valid() and all(set(errors) <= gone for errors in formset.errors)
    )


class Unsaved:
    """A form that shows what was typed, with its faults, and saves nothing."""

    def is_valid(self) -> bool:
        super().is_valid()  # type: ignore[misc]
        return False


class DraftPages:
    change_form_template = "admin/content_change_form.html"

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path("draft/", self.draft_view, name=f"{name}_draft"),
            path("<int:pk>/merge/", self.admin_site.admin_view(self.merge_view), name=f"{name}_merge"),
            *super().get_urls(),
        ]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (Unsaved, form), {}) if getattr(request, "shows_draft", False) else form

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Once for each request: we ask for it before Django does."""
        if not hasattr(request, "content_row"):
            request.content_row = super().get_object(request, object_id, from_field)
        return request.content_row

    @method_decorator(require_POST)
    def draft_view(self, request: HttpRequest) -> JsonResponse:
        """What the form's script calls: with the whole form to keep it, with `draft` alone to say that it is open,
        with `discard`, the stamp of a draft, to drop that. JSON, and never a redirect to where one signs in.
        """
        if not self.admin_site.has_permission(request):
            return JsonResponse({"error": "Sign in again to go on."}, status=403)
        uuid, base = parsed(request.POST.get("draft")), request.POST.get("revision", "0")
        is_typed = bool(set(request.POST) - OWN)
        wanted = stamp(request.POST["discard"]) if "discard" in request.POST else stamp_of(request.POST)
        if uuid is None or not BASE.fullmatch(base) or (is_typed and wanted is None):
            return JsonResponse({"error": "Which text is this? Load the page again."}, status=400)
        row = self.model._base_manager.filter(uuid=uuid).first()
        if not (self.has_change_permission(request, row) if row else self.has_add_permission(request)):
            return JsonResponse({"error": "You may not change this."}, status=403)
        if "discard" in request.POST:
            drop(self.opts.label_lower, uuid, request.user, wanted)
        elif is_typed:
            self.keep(request, row, uuid, int(base))
        others = see(self.opts.label_lower, uuid, request.user) if row else []
        newest = versions(row).first() if row else None
        is_own = newest is not None and newest.editor_id == request.user.pk
        return JsonResponse({"revision": newest.pk if newest else 0, "is_own": is_own, "others": others})

    def keep(self, request: HttpRequest, row: Content | None, uuid: UUID, base: int) -> tuple[Draft, bool]:
        """The draft of the form that was posted, and whether it could be merged."""
        fields = flatten_fieldsets(self.get_fieldsets(request, row))
        form = self.get_form(request, row, change=bool(row), fields=fields)(request.POST, instance=row)
        formsets, _ = self._create_formsets(request, form.instance, change=bool(row))
        is_valid = all([form.is_valid(), *(can_be_merged(formset) for formset in formsets)])
        typed = {name: values for name, values in request.POST.lists() if name not in OWN}
        values = {"base": base, "data": form_data(form, formsets), "typed": typed}
        own, replaced = stamp_of(request.POST) or Stamp(uuid4(), 0), stamp(request.POST.get("replaces", ""))
        return keep(self.opts.label_lower, uuid, request.user, own, replaced, **values), is_valid

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if request.method == "POST":
            return self.save_form_or_merge(request, object_id, form_url, {**(extra_context or {})})
        # Before the row: a save in between makes the form look older than it is, never newer.
        context = {**(extra_context or {}), "revision": self.revision_of(object_id) if object_id else 0}
        row = self.get_object(request, unquote(object_id)) if object_id else None
        context |= {"draft_key": row.uuid if row else uuid4(), "sheet": uuid4()}
        if row:
            drafts = drafts_of(self.opts.label_lower, row.uuid, request.user)
        else:
            drafts = Draft.objects.filter(model=self.opts.label_lower, editor=request.user)
            drafts = drafts.exclude(object_uuid__in=self.model._base_manager.values("uuid"))
        sheet = parsed(request.GET.get("draft"))
        if sheet and (draft := drafts.filter(sheet=sheet).first()):
            return self.show_draft(request, draft, row, object_id, form_url, context)
        context["drafts"] = drafts
        if row:
            issue = issue_of(row)
            context["is_public"] = issue is not None and issue.is_public
            if change := change_of(row):
                return self.show_change(request, change, object_id, form_url, context)
        return super().changeform_view(request, object_id, form_url, context)

    def revision_of(self, object_id: str) -> int:
        try:
            pk = self.opts.pk.to_python(unquote(object_id))
        except ValidationError:
            return 0
        uuids = self.model._base_manager.filter(pk=pk).values("uuid")
        found = Version.objects.filter(model=self.opts.label_lower, object_uuid__in=uuids)
        return found.values_list("pk", flat=True).first() or 0

    def show_change(
        self, request: HttpRequest, change: PendingChange, object_id: Any, form_url: str, context: dict[str, Any]
    ) -> HttpResponse:
        """The form of what waits for an update."""
        context["pending_change"] = change
        try:
            with shown([change]):
                del request.content_row
                answer = super().changeform_view(request, object_id, form_url, context)
                return answer.render() if isinstance(answer, TemplateResponse) else answer
        except ValidationError as error:
            messages.error(request, f"What waits cannot be shown: {' '.join(error.messages)} This is what readers see.")
            del request.content_row
            return super().changeform_view(request, object_id, form_url, context)

    def show_draft(
        self, request: HttpRequest, draft: Draft, row: Any, object_id: Any, form_url: str, context: dict[str, Any]
    ) -> HttpResponse:
        """The form with what was typed; where somebody saved meanwhile, what both made of it."""
        if row and draft.base != context["revision"]:
            return self.to_merge(draft, row)
        context |= {"draft_key": draft.object_uuid, "replaces": draft.stamp, "shown_draft": draft}
        typed = QueryDict(mutable=True)
        _ = request.FILES  # read once, or Django would read all of the request anew, and find nothing
        for name, values in draft.typed.items():
            typed.setlist(name, values)
        request.method, request.POST, request.shows_draft = "POST", typed, True
        return super().changeform_view(request, object_id, form_url, context)

    def save_form_or_merge(
        self, request: HttpRequest, object_id: str | None, form_url: str, context: dict[str, Any]
    ) -> HttpResponse:
        """Save, unless somebody else has since the form was shown: compare and swap, under the row's lock."""
        key, base = parsed(request.POST.get("draft")), request.POST.get("revision", "")
        own = stamp_of(request.POST)
        with transaction.atomic():
            row = request.content_row = self.locked(request, object_id) if object_id else None
            key = row.uuid if row else key or uuid4()
            # Where it cannot be saved, the form with its faults is shown: another one, which goes on from this.
            context |= {"draft_key": key, "revision": base, "sheet": uuid4()}
            context |= {"replaces": f"{own.sheet}/{own.turn}" if own else ""}
            if not object_id:
                added = self.model._base_manager.select_for_update().order_by("pk").filter(uuid=key).first()
                if added:
                    return self.add_again(request, added)
            if row and BASE.fullmatch(base) and int(base) != revision(row) and self.has_change_permission(request, row):
                draft, is_valid = self.keep(request, row, row.uuid, int(base))
                if is_valid:
                    return self.merge(request, draft, type(row)._base_manager.get(pk=row.pk))
            save = self.save_change if row and self.is_held(request, row) else self._changeform_view
            answer = save(request, object_id, form_url, context)
            if answer.status_code == 302:
                for each in filter(None, [own, stamp(request.POST.get("replaces", ""))]):
                    drop(self.opts.label_lower, key, request.user, each)
            return answer

    def locked(self, request: HttpRequest, object_id: str) -> Any:
        """The row, as get_object() gives it; locked until the transaction ends."""
        rows = self.get_queryset(request).select_for_update(of=("self",))
        if issubclass(self.model, Item):
            rows = rows.select_related("issue")
        try:
            return rows.filter(pk=self.opts.pk.to_python(unquote(object_id))).first()
        except ValidationError:
            return None

    def is_held(self, request: HttpRequest, row: Content) -> bool:
        """Asked once for each request."""
        if not hasattr(request, "holds_row"):
            request.holds_row = is_held(row)
        return request.holds_row

    def save_change(self, request: HttpRequest, object_id: str, form_url: str, context: dict[str, Any]) -> HttpResponse:
        """What is saved of a row that readers see waits for an update: it is written, read and rolled back."""
        answer, data = self.rehearse(request, object_id, form_url, context)
        if data is None:
            return answer
        row = self.locked(request, object_id)
        held = hold(row, data, request.user)
        request.is_rehearsed = False
        self.log_change(request, row, "Changed, for the next update")
        told = "Readers see it when the issue is updated." if held else "It is what readers see: nothing waits."
        messages.success(request, f"“{row}” was saved. {told}")
        return answer

    def rehearse(
        self, request: HttpRequest, object_id: str | None, form_url: str = "", context: Any = None
    ) -> tuple[HttpResponse, Data | None]:
        """Save the form that was posted, and roll back: the answer, and what the row became.

        None in the place of that if the form has faults, which the answer shows. Whoever wants to see more of what
        was saved gives the request a function `look`, which is called with the row.
        """
        request.is_rehearsed, request.saved_row, data = True, None, None
        with rehearsal():
            answer = self._changeform_view(request, object_id, form_url, context)
            if isinstance(answer, TemplateResponse):
                answer.render()
            if request.saved_row:
                row = self.model._base_manager.get(pk=request.saved_row.pk)
                data = current(row)
                if look := getattr(request, "look", None):
                    look(row)
        return answer, data

    def log_change(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return None if getattr(request, "is_rehearsed", False) else super().log_change(request, *args, **kwargs)

    def log_addition(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return None if getattr(request, "is_rehearsed", False) else super().log_addition(request, *args, **kwargs)

    def message_user(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        if not getattr(request, "is_rehearsed", False):  # nothing was changed yet
            super().message_user(request, *args, **kwargs)

    def add_again(self, request: HttpRequest, row: Any) -> HttpResponse:
        """A row that was added, but the browser never heard and adds it again: what was typed since is merged."""
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        first = versions(row).filter(action="added", editor=request.user).last()
        draft, _ = self.keep(request, None, row.uuid, first.pk if first else 0)
        return self.merge(request, draft, row)

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """A new row gets the uuid under which it was drafted, so that it is not added again."""
        row = super().save_form(request, form, change)
        key = parsed(request.POST.get("draft"))
        if key and not change:
            row.uuid = key
        return row

    def to_merge(self, draft: Draft, row: Any) -> HttpResponse:
        return redirect(f"{reverse(admin_urlname(self.opts, 'merge'), args=[row.pk])}?draft={draft.sheet}")

    def merge(self, request: HttpRequest, draft: Draft, row: Any) -> HttpResponse:
        """What does not contradict is saved at once; else the editor settles it."""
        met = meeting(draft, row)
        if not met.conflicts:
            try:
                return self.save_meeting(request, draft, row, met)
            except ValidationError as error:
                messages.error(request, " ".join(error.messages))
        return self.to_merge(draft, row)

    def save_meeting(self, request: HttpRequest, draft: Draft, row: Any, met: Meeting) -> HttpResponse:
        restored = save_merged(draft, row, met.data, request.user)
        self.log_change(request, restored.row, "Merged")
        messages.success(request, f"“{restored.row}” was saved: what you changed, and what others saved meanwhile.")
        for note in restored.notes:
            messages.warning(request, note)
        return redirect(admin_urlname(self.opts, "change"), row.pk)

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def merge_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What both sides changed, side by side, to choose or to combine."""
        row = get_object_or_404(self.model._base_manager, pk=pk)
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        drafts = drafts_of(self.opts.label_lower, row.uuid, request.user)
        draft = drafts.filter(sheet=parsed(request.GET.get("draft"))).first()
        if draft is None:
            messages.info(request, "There is nothing to merge.")
            return redirect(admin_urlname(self.opts, "change"), row.pk)
        with transaction.atomic():
            row = self.model._base_manager.select_for_update().get(pk=pk)
            newest, met = revision(row), meeting(draft, row)
            if request.method == "POST":
                if request.POST.get("revision") != str(newest):
                    messages.warning(request, "It was saved again meanwhile. Look once more.")
                elif self.settle(request, met):
                    try:
                        return self.save_meeting(request, draft, row, met)
                    except ValidationError as error:
                        messages.error(request, " ".join(error.messages))
                else:
                    messages.error(request, "Choose for each field.")
        fields = [
            {
                "field": field,
                "label": labels(self.model, [field.name])[0],
                "difference": each,
                "text": request.POST.get(f"text-{field.name}", field.both if field.merged else ""),
                "choice": request.POST.get(f"choice-{field.name}", ""),
            }
            for field in met.conflicts
            for each in differences(self.model, {field.name: field.theirs}, {field.name: field.mine})
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": f"Two versions of {row}",
            "is_own": versions(row).filter(editor=request.user, pk=newest).exists(),
            "opts": self.opts,
            "row": row,
            "draft": draft,
            "revision": newest,
            "fields": fields,
            "differences": differences(self.model, working(row), met.data),
        }
        return render(request, "admin/merge_draft.html", context)

    def settle(self, request: HttpRequest, met: Meeting) -> bool:
        """Put the choices into the data; whether there was one for each conflict."""
        for field in met.conflicts:
            choice = request.POST.get(f"choice-{field.name}")
            if choice == "both" and field.merged:
                met.data[field.name] = request.POST.get(f"text-{field.name}", "").replace("\r\n", "\n")
            elif choice in {"mine", "theirs"}:
                met.data[field.name] = field.mine if choice == "mine" else field.theirs
            else:
                return False
        return True
