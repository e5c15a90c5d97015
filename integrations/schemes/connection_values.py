"""Finds what an account brings for the toolkit's URLs: a shop's name, a tenant's host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from integrations import outbound
from integrations.catalog import as_text, fill, is_scalar, value_at
from integrations.errors import InvalidInput
from integrations.schemes.base import AppliedAuth
from integrations.schemes.identity import IdentityUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.catalog import ConnectionParameter, Toolkit
    from integrations.schemes.token_response import TokenSet


def from_person(toolkit: Toolkit, given: Mapping[str, str]) -> dict[str, str]:
    """Return what a person gave of the toolkit's connection parameters, or her key tells of them.

    Args:
        given: the fields of the form, those of a key among them.

    Raises:
        InvalidInput: one is missing, or does not fit; ``details`` say which field.
    """
    found, problems = {}, {}
    for name, parameter in toolkit.connection_parameters.items():
        if parameter.source not in {"person", "key"}:
            continue
        field = parameter.path or name
        value = parameter.part_of(given.get(field, "").strip()) or parameter.default or ""
        if parameter.fits(value):
            found[name] = value
        else:
            problems[field] = _("This does not look right.") if value else _("This is needed.")
    if problems:
        raise InvalidInput(
            fields=[{"field": name, "problem": text} for name, text in problems.items()]
        )
    return found


def from_provider(
    toolkit: Toolkit,
    *,
    redirect: Mapping[str, str],
    tokens: TokenSet,
    before: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return what the provider tells of the toolkit's connection parameters.

    Args:
        toolkit: with what the person gave filled in.
        redirect: the query with which the person came back.
        before: what the account had, where it is reconnected.

    Raises:
        IdentityUnavailable: one is missing, or is not what the toolkit allows. A call to such an
            address might carry the token to somebody else.
    """
    found = from_redirect(toolkit, redirect)
    for name, parameter in toolkit.connection_parameters.items():
        if parameter.source == "token_response":
            found[name] = _fitting(parameter, tokens.connection_values.get(name, ""))
        elif parameter.source == "call":
            found[name] = _fitting(parameter, _ask(parameter, toolkit, tokens, before or {}))
    return found


def from_redirect(toolkit: Toolkit, redirect: Mapping[str, str]) -> dict[str, str]:
    """Return what the person came back with, which may say where the code is to be traded.

    Args:
        redirect: the query with which the person came back.

    Raises:
        IdentityUnavailable: as `from_provider`.
    """
    return {
        name: _fitting(parameter, redirect.get(parameter.path or "", ""))
        for name, parameter in toolkit.connection_parameters.items()
        if parameter.source == "redirect"
    }


def _fitting(parameter: ConnectionParameter, told: str) -> str:
    value = told or parameter.default or ""
    if not parameter.fits(value):
        raise IdentityUnavailable("connection_parameter_missing")
    return value


def _ask(
    parameter: ConnectionParameter,
    toolkit: Toolkit,
    tokens: TokenSet,
    before: Mapping[str, str],
) -> str:
    try:
        response = outbound.send(
            role=outbound.Role.IDENTITY,
            method="GET",
            url=parameter.url or "",
            headers={"Accept": "application/json"},
            auth=AppliedAuth(toolkit.apply.apply(tokens.parts())),
        )
        body = response.json()
    except outbound.OutboundError as error:
        raise IdentityUnavailable(error.code) from None
    paths = (fill(parameter.path_again or "", before), parameter.path or "")
    found = (value_at(body, path) for path in paths if path)
    return next((as_text(value) for value in found if is_scalar(value)), "")
