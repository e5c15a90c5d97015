"""Operations on rows: buttons on a row's page and actions of a list, each with its permission.

A GET shows what would happen and changes nothing; the POST runs. The work is an operation of the
apps: here are its words, its permission and the way of its result to the screen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from integrations.admin.base import ScopedAdmin
from integrations.audit import record
from integrations.errors import EvergrantError
from integrations.models.audit_entry import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern

    from integrations.audit import Subject
    from integrations.secrets import Secret

MAX_ROWS = 50
NOTE_LENGTH = 200


@dataclass(frozen=True, kw_only=True, repr=False)
class Done:
    """What came of an operation on one row. ``shown_once`` is what leaves here this once."""

    message: str
    shown_once: Secret | None = None
    level: int = messages.SUCCESS
    # Of the error that refused it.
    error_code: str = ""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One thing an operator can do with a row.

    Args:
        name: part of the address and the action's name.
        permission: ``app.codename``; without it the operation answers 403.
        consequence: what will happen, in words, shown before it does.
        run: does it. Raises EvergrantError, which is told to the operator.
        applies: whether it makes sense for this row; it is offered only there.
        confirm: a page in between, for what cannot be undone.
        calls_out: it calls somebody over the network, so it is in no transaction; the audit trail
            says that it began, and then what came of it.
        removes: the row has no page afterwards, so the way back leads to the list.
    """

    name: str
    title: str
    permission: str
    consequence: str
    run: Callable[[Any, HttpRequest, str], Done]
    icon: str = ""
    applies: Callable[[Any], bool] = field(default=lambda _row: True)
    confirm: bool = False
    calls_out: bool = False
    danger: bool = False
    in_lists: bool = True
    removes: bool = False


class OperationsAdmin(ScopedAdmin):
    """Offers `operations` on the list and on each row's page."""

    operations: tuple[Operation, ...] = ()

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_operation"
        view = self.admin_site.admin_view(self.operation_view)
        own = path("<path:object_id>/do/<slug:operation>/", view, name=name)
        return [own, *super().get_urls()]

    def operation_view(self, request: HttpRequest, object_id: str, operation: str) -> HttpResponse:
        """GET: say what would happen. POST: do it, and go back to the row."""
        chosen = self.permitted(request, operation)
        row = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        if request.method != "POST":
            return self._ask(request, chosen, [row], action=request.path)
        back = self._list() if chosen.removes else self.page_of(row)
        return self._run(request, chosen, [row], back=back)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        for operation in self.operations:
            if operation.in_lists and request.user.has_perm(operation.permission):
                actions[operation.name] = (_run_in_list, operation.name, operation.title)
        return actions

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        wanted = request.POST.get("action", "")
        if wanted in {operation.name for operation in self.operations}:
            self.permitted(request, wanted)
        return super().changelist_view(request, extra_context)

    def permitted(self, request: HttpRequest, name: str) -> Operation:
        """Return the operation. Raises Http404 or PermissionDenied."""
        for operation in self.operations:
            if operation.name == name:
                if not request.user.has_perm(operation.permission):
                    raise PermissionDenied
                return operation
        raise Http404

    def run_in_list(
        self, request: HttpRequest, operation: Operation, rows: QuerySet[Any]
    ) -> HttpResponse | None:
        """Run ``operation`` on the selected rows, after the page in between where it has one."""
        chosen = list(rows[: MAX_ROWS + 1])
        if len(chosen) > MAX_ROWS:
            messages.error(request, f"At most {MAX_ROWS} rows at a time.")
            return None
        if not chosen:
            messages.warning(request, "Nothing of what you chose is in this list any more.")
            return None
        if operation.confirm and "confirmed" not in request.POST:
            return self._ask(request, operation, chosen, action=request.get_full_path())
        return self._run(request, operation, chosen, back=request.get_full_path())

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = kwargs.get("obj")
        context["operations"] = list(self._offered(request, row)) if row is not None else []
        return super().render_change_form(request, context, *args, **kwargs)

    def show_once(
        self,
        request: HttpRequest,
        title: str,
        explanation: str,
        shown: list[tuple[str, Secret]],
        back: str,
    ) -> TemplateResponse:
        """Show secrets in the answer itself: they are kept in no session, message or address.

        Every page of the admin is sent with ``Cache-Control: no-store``.
        """
        context = self._context(request) | {
            "title": title,
            "explanation": explanation,
            "shown": [(label, secret.reveal()) for label, secret in shown],
            "back": back,
        }
        response = TemplateResponse(request, "admin/shown_once.html", context)
        # Rendered here, so that the secret's text stands in no object that outlives this call.
        response.render()
        return response

    def _offered(self, request: HttpRequest, row: Any) -> Iterable[dict[str, Any]]:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_operation"
        for operation in self.operations:
            if request.user.has_perm(operation.permission) and operation.applies(row):
                url = reverse(name, args=[quote(row.pk), operation.name])
                yield {"operation": operation, "url": url}

    def _ask(
        self, request: HttpRequest, operation: Operation, rows: list[Any], *, action: str
    ) -> TemplateResponse:
        context = self._context(request) | {
            "title": operation.title,
            "operation": operation,
            "rows": rows,
            "action": action,
            "checkbox_name": ACTION_CHECKBOX_NAME,
            "note_length": NOTE_LENGTH,
            "back": self.page_of(rows[0]) if len(rows) == 1 else request.get_full_path(),
        }
        return TemplateResponse(request, "admin/operation.html", context)

    def _run(
        self, request: HttpRequest, operation: Operation, rows: list[Any], *, back: str
    ) -> HttpResponse:
        note = request.POST.get("note", "").replace("\0", "").strip()[:NOTE_LENGTH]
        shown = []
        for row in rows:
            done = self.carry_out(request, operation, row, note)
            messages.add_message(request, done.level, f"{row}: {done.message}")
            if done.shown_once is not None:
                shown.append((str(row), done.shown_once))
        if shown:
            return self.show_once(request, operation.title, operation.consequence, shown, back)
        return HttpResponseRedirect(back)

    def carry_out(
        self, request: HttpRequest, operation: Operation, row: Any, note: str = ""
    ) -> Done:
        """Run ``operation`` on ``row`` and record it, in one transaction unless it calls out."""
        # Before it runs: some rows are gone afterwards.
        entry: Entry = {
            "request": request,
            "actor": request.user,
            "action": operation.name,
            "title": operation.title,
            "note": note,
        }
        subjects = self.subjects_of(row)
        if operation.calls_out:
            _record(entry, subjects, Outcome.BEGUN)
            return _recorded(_attempt(operation, row, request, note), entry, subjects)
        with transaction.atomic():
            return _recorded(_attempt(operation, row, request, note), entry, subjects)

    def page_of(self, row: Any) -> str:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return reverse(name, args=[quote(row.pk)])

    def _list(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts}


class Entry(TypedDict):
    """What is known of an audit entry before the operation runs."""

    request: HttpRequest
    actor: AbstractBaseUser | AnonymousUser
    action: str
    title: str
    note: str


def _attempt(operation: Operation, row: Any, request: HttpRequest, note: str) -> Done:
    try:
        return operation.run(row, request, note)
    except EvergrantError as error:
        return Done(message=error.message, level=messages.ERROR, error_code=error.code)


def _recorded(done: Done, entry: Entry, subjects: list[Subject]) -> Done:
    outcome = Outcome.DONE if done.level < messages.WARNING else Outcome.FAILED
    _record(entry, subjects, Outcome.REFUSED if done.error_code else outcome, done.error_code)
    return done


def _record(entry: Entry, subjects: list[Subject], outcome: Outcome, error_code: str = "") -> None:
    for subject in subjects:
        record(**entry, subject=subject, outcome=outcome, error_code=error_code)


def _run_in_list(
    model_admin: OperationsAdmin, request: HttpRequest, rows: QuerySet[Any]
) -> HttpResponse | None:
    operation = model_admin.permitted(request, request.POST["action"])
    return model_admin.run_in_list(request, operation, rows)
