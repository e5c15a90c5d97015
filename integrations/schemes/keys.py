"""Keys that are sent with every call: API keys, bearer tokens, user names and passwords."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _

from integrations.errors import InvalidInput
from integrations.schemes.base import Scheme
from integrations.schemes.token_response import TokenSet
from integrations.schemes.verdict import Granted, Verdict
from integrations.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.catalog import KeyField, KeyForm, Toolkit

LONGEST_LINE: Final = 4096
LONGEST_TEXT: Final = 65_536


class KeyClient(Scheme):
    """One kind of key of a toolkit."""

    def __init__(self, toolkit: Toolkit, form: KeyForm) -> None:
        self.toolkit = toolkit
        self.form = form

    def check(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return the fields that a person filled in; asks nobody.

        Raises:
            InvalidInput: a value is missing or cannot be right; ``details`` say which field.
        """
        return checked(self.form, values)

    def obtain(self, values: Mapping[str, str]) -> Verdict:
        """Return the credentials that a person typed in; nobody was asked whether they work.

        Raises:
            InvalidInput: as `check`.
        """
        fields = self.check(values)
        main = fields.get(self.form.main_field, "")
        tokens = TokenSet(
            access_token=Secret(main),
            token_type=self.form.scheme,
            expires_in=math.inf,
            fields={name: Secret(value) for name, value in fields.items()},
        )
        return Granted(tokens=tokens, http_status=200)


def checked(form: KeyForm, values: Mapping[str, str]) -> dict[str, str]:
    """Return the values of ``form``'s fields, without blanks around them.

    Raises:
        InvalidInput: one is missing, not the form's, or cannot be right. What was given is not
            repeated.
    """
    found = {field.name: (values.get(field.name) or "").strip() for field in form.fields}
    problems = {field.name: problem for field in form.fields if (problem := _problem(field, found))}
    problems |= {name: _("There is no such field.") for name in values if name not in found}
    if problems:
        raise InvalidInput(
            fields=[{"field": name, "problem": text} for name, text in problems.items()]
        )
    return {name: value for name, value in found.items() if value}


def _problem(field: KeyField, found: Mapping[str, str]) -> str:
    value = found[field.name]
    if not value:
        return _("This is needed.") if field.required else ""
    if len(value) > (LONGEST_TEXT if field.lines else LONGEST_LINE):
        return _("This is too long.")
    if field.lines:
        clean = "\x00" not in value
        return "" if clean else _("This holds what no key file holds.")
    # What goes into a header: no line break, no letter beyond ASCII (RFC 9110, 5.5).
    if not value.isascii() or not value.isprintable():
        return _("This holds characters that no key has. Copy it once more.")
    if not field.fits(value):
        return _("This does not look right. Copy it once more.")
    return ""
