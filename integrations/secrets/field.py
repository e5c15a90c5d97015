"""A model field that stores a secret sealed and bound to its row.

django-encrypted-model-fields brings the key list and the column. Its own reading is not safe
enough for grants: text that does not open is returned as if it were the value, and a sealed text
opens in any row. So this field never decrypts while loading, opens only on `Secret.reveal`, and
carries model, field, row id, project and version inside the sealed text, checked on opening.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from django.db.models.query_utils import DeferredAttribute

from integrations.secrets import keyring
from integrations.secrets.library import EncryptedTextField
from integrations.secrets.secret import Secret

if TYPE_CHECKING:
    from django.db.models import Model


class Sealed(str):
    """The text in the column. Only this module and re-sealing make one."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Sealed(...)"


class SealedAttribute(DeferredAttribute):
    """Gives a `Secret` on reading; takes a `Secret`, `None`, or what the database gave."""

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if isinstance(value, Sealed):
            field = cast("SealedField", self.field)
            return Secret.sealed(lambda: field.open_for(instance, value))
        return value

    def __set__(self, instance: Model, value: object) -> None:
        if value is not None and not isinstance(value, Secret | Sealed):
            message = f"{self.field.name} takes a Secret, not {type(value).__name__}."
            raise TypeError(message)
        instance.__dict__[self.field.attname] = value


class SealedField(EncryptedTextField):  # type: ignore[misc]
    """Text sealed for one row.

    Args:
        version_attribute: name of a number on the row that every new text is sealed under; an
            older text of the same row then does not open. Without one the version is 0.
    """

    descriptor_class = SealedAttribute
    empty_strings_allowed = False  # so that a row without a secret holds None, not ""

    if TYPE_CHECKING:

        def __get__(self, instance: object, owner: object) -> Secret: ...
        def __set__(self, instance: object, value: Secret | None) -> None: ...

    def __init__(self, *, version_attribute: str | None = None, **kwargs: Any) -> None:
        self.version_attribute = version_attribute
        super().__init__(**(kwargs | {"editable": False}))

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("editable", None)
        if self.version_attribute:
            kwargs["version_attribute"] = self.version_attribute
        return name, path, args, kwargs

    def seal_for(self, instance: Model, secret: Secret, *, version: int | None = None) -> Sealed:
        """Return ``secret`` sealed for ``instance``, under ``version`` where one is given.

        Raises:
            ValueError: the row has no id yet, as one that the database numbers: bound to none, the
                text would never open.
        """
        if instance.pk is None:
            message = f"{self.model._meta.label}.{self.name}: the row needs its id first."
            raise ValueError(message)
        envelope = {**self._binding(instance, version), "secret": secret.reveal()}
        return Sealed(keyring.encrypt(json.dumps(envelope)))

    def open_for(self, instance: Model, sealed: Sealed) -> str:
        """Return the text sealed for ``instance``.

        Raises:
            SealBroken: it is not a sealed text or belongs to another model, field, row, project
                or version.
            KeyUnknown: its key is not configured.
        """
        return self._secret_in(keyring.decrypt(sealed), instance)

    def reseal_for(self, instance: Model, sealed: str) -> Sealed:
        """Return what ``sealed`` holds, sealed with the first key and bound as it was.

        Raises:
            SealBroken, KeyUnknown: as `open_for`; a text that opens nowhere is not made new.
        """
        opened = keyring.decrypt(sealed)
        self._secret_in(opened, instance)
        return Sealed(keyring.encrypt(opened))

    def _secret_in(self, opened: str, instance: Model) -> str:
        envelope = _parse(opened)
        secret = envelope.pop("secret", None)
        # Nobody without the key can vary the envelope, so comparing it needs no constant time.
        if envelope != self._binding(instance, None) or not isinstance(secret, str):
            message = f"Sealed for another place than {self.model._meta.label}.{self.name}."
            raise keyring.SealBroken(message)
        return secret

    def _binding(self, instance: Model, version: int | None) -> dict[str, Any]:
        if version is None:
            version = getattr(instance, self.version_attribute) if self.version_attribute else 0
        return {
            "model": self.model._meta.label_lower,
            "field": self.name,
            "row": instance.pk,
            "project": getattr(instance, "project_id", None),
            "version": version,
        }

    def to_python(self, value: Any) -> Any:
        return value

    def from_db_value(self, value: str | None, *args: object) -> Sealed | None:
        return None if value is None else Sealed(value)

    def pre_save(self, model_instance: Model, add: bool) -> Sealed | None:  # noqa: FBT001 - Django's
        value = model_instance.__dict__.get(self.attname)
        if isinstance(value, Secret):
            value = self.seal_for(model_instance, value)
            model_instance.__dict__[self.attname] = value
        return value

    def get_db_prep_save(self, value: object, connection: object) -> str | None:
        if value is None or isinstance(value, Sealed):
            return value
        message = (
            f"{self.name} is written through save() or with seal_for(), which bind it to a row."
        )
        raise TypeError(message)

    def formfield(self, *args: object, **kwargs: object) -> None:
        """Sealed fields have no form: a secret is replaced through an operation."""
        return

    def value_to_string(self, obj: Model) -> str:
        message = f"{self.name} is sealed and cannot be serialized."
        raise TypeError(message)


def _parse(opened: str) -> dict[str, Any]:
    """Read the envelope. Raises SealBroken, without the parser's error: that quotes the text."""
    try:
        envelope = json.loads(opened)
    except ValueError:
        envelope = None
    if not isinstance(envelope, dict):
        raise keyring.SealBroken(keyring.SealBroken.__doc__)
    return envelope
