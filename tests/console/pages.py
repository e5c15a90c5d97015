"""The addresses of the console, found from what is registered."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db.models import Model
from django.urls import reverse

from integrations.admin.base import ScopedAdmin
from integrations.admin.operations import OperationsAdmin
from tests.console.staff import OURS


def our_admins() -> dict[type[Model], ScopedAdmin]:
    """Return the admin of every registered model of ours."""
    pages = {}
    for model, page in admin.site._registry.items():
        if model._meta.app_label in OURS:
            assert isinstance(page, ScopedAdmin), page
            pages[model] = page
    return pages


def lists() -> list[str]:
    """Return the addresses of all lists."""
    return [address(model, "changelist") for model in our_admins()]


def pages_of(row: Model, *, pk: str | None = None) -> Iterator[str]:
    """Yield every address of ``row``: page, history, deletion, operations. None if unregistered."""
    page = our_admins().get(type(row))
    if page is None:
        return
    quoted = quote(pk or row.pk)
    for name in ("change", "history", "delete"):
        yield address(type(row), name, quoted)
    if isinstance(page, OperationsAdmin):
        for operation in page.operations:
            yield address(type(row), "operation", quoted, operation.name)


def address(model: type[Model], name: str, *args: str) -> str:
    """Return the address of a page of ``model``."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)
