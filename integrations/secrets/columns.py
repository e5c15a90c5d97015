"""Every column that holds sealed texts, found by asking the models.

A list of them would be forgotten at the next model, and what re-sealing forgets is lost with the
old key.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import Count
from django.db.models.functions import Left

from integrations.models.key_canary import KeyCanary
from integrations.secrets.field import SealedField
from integrations.secrets.keyring import PREFIX_LENGTH, key_of

if TYPE_CHECKING:
    from django.apps.registry import Apps
    from django.db.models import Model, QuerySet

    from integrations.secrets.field import Sealed


@dataclass(frozen=True)
class SealedColumn:
    """One sealed field of one model."""

    model: type[Model]
    field: SealedField

    def __str__(self) -> str:
        return f"{self.model._meta.label}.{self.field.name}"

    def count_by_key(self) -> Counter[str]:
        """Return how many texts are sealed with which key; under ``""`` what is not sealed.

        One pass over the table: about a second for a million rows.
        """
        texts = self._rows().filter(**{f"{self.field.name}__isnull": False})
        prefixes = texts.annotate(prefix=Left(self.field.name, PREFIX_LENGTH)).order_by()
        counted: Counter[str] = Counter()
        for prefix, count in prefixes.values_list("prefix").annotate(Count("pk")):
            counted[key_of(prefix)] += count
        return counted

    def rows_sealed_with(self, key_id: str) -> QuerySet[Any]:
        """Return the rows whose text names ``key_id``, with no more than opening it needs."""
        return self._openable().filter(**{f"{self.field.name}__startswith": f"{key_id}."})

    def rows_not_sealed_with(self, key_id: str) -> QuerySet[Any]:
        """Return the rows with another text than one of ``key_id``, as `rows_sealed_with`."""
        texts = self._openable().filter(**{f"{self.field.name}__isnull": False})
        return texts.exclude(**{f"{self.field.name}__startswith": f"{key_id}."})

    def text_in(self, row: Model) -> Sealed:
        """Return what stands in ``row``'s column."""
        text: Sealed = row.__dict__[self.field.attname]
        return text

    def _openable(self) -> QuerySet[Any]:
        bound = {"project_id", self.field.version_attribute, self.model._meta.pk.attname}
        needed = [
            field.name
            for field in self.model._meta.concrete_fields
            if field is self.field or field.attname in bound
        ]
        return self._rows().only(*needed)

    def _rows(self) -> QuerySet[Any]:
        return self.model._base_manager.all()  # noqa: SLF001 - documented; sees every row


def sealed_columns(registry: Apps = apps) -> list[SealedColumn]:
    """Return every sealed column but the canaries': those stay under their own keys."""
    columns = [
        SealedColumn(model, field)
        for model in registry.get_models(include_auto_created=True)
        for field in model._meta.local_fields
        if isinstance(field, SealedField) and model is not KeyCanary
    ]
    return sorted(columns, key=str)
