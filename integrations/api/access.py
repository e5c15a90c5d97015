"""Who calls, and what the key may do."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from django.http import HttpRequest
from ninja.utils import contribute_operation_callback

from integrations.errors import MissingScope, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from ninja.operation import Operation

    from integrations.models import ApiKey, ProjectScopedModel, ProjectScopedQuerySet
    from integrations.models.api_key import Scope

P = ParamSpec("P")
R = TypeVar("R")
Row = TypeVar("Row", bound="ProjectScopedModel")


class ApiRequest(HttpRequest):
    """A request that carried a valid API key."""

    auth: ApiKey
    id: str
    # Of which toolkits the instance has an app of its own; for the answers that say so.
    managed_toolkits: frozenset[str]


def requires(
    scope: Scope,
) -> Callable[[Callable[Concatenate[ApiRequest, P], R]], Callable[Concatenate[ApiRequest, P], R]]:
    """Mark a route as needing ``scope``; without it the answer is 403 ``insufficient_scope``.

    Every route carries this mark; a contract test walks them.
    """

    def decorate(view: Callable[Concatenate[ApiRequest, P], R]) -> Any:
        @wraps(view)
        def guarded(request: ApiRequest, *args: P.args, **kwargs: P.kwargs) -> R:
            if scope not in request.auth.scopes:
                message = f"This API key lacks the scope '{scope}'."
                raise MissingScope(message, scope=scope)
            return view(request, *args, **kwargs)

        guarded.required_scope = scope  # type: ignore[attr-defined]
        contribute_operation_callback(guarded, _say_in_schema(scope))
        return guarded

    return decorate


def _say_in_schema(scope: Scope) -> Callable[[Operation], None]:
    def say(operation: Operation) -> None:
        extra = operation.openapi_extra or {}
        operation.openapi_extra = extra | {"x-required-scope": str(scope)}

    return say


def get_or_404(request: ApiRequest, rows: ProjectScopedQuerySet[Row], row_id: str) -> Row:
    """Return the row of the caller's project with that id.

    Raises:
        NotFound: it does not exist, or belongs to another project: the answers are the same.
    """
    # PostgreSQL would refuse a NUL with an error; no id holds one.
    known = "\x00" not in row_id
    row = rows.in_project(request.auth.project).filter(pk=row_id).first() if known else None
    if row is None:
        message = f"There is no {rows.model._meta.verbose_name} {row_id!r} in this project."
        raise NotFound(message)
    return row
