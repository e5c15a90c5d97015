"""Form fields for values that people write one per line, and for secrets."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextareaWidget


class LinesField(forms.Field):
    """A list of texts, one per line. Blank lines and repetitions are dropped."""

    def __init__(self, *, rows: int = 4, **kwargs: Any) -> None:
        kwargs |= {"required": False, "widget": UnfoldAdminTextareaWidget(attrs={"rows": rows})}
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return self._lines(value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the text means something else than before, however it is laid out."""
        try:
            return bool((initial or type(self.to_python(""))()) != self.to_python(data))
        except ValidationError:
            return True

    def _lines(self, value: str | None) -> list[str]:
        if "\0" in (value or ""):
            raise ValidationError(ProhibitNullCharactersValidator.message)
        lines = (line.strip() for line in (value or "").splitlines())
        return list(dict.fromkeys(line for line in lines if line))


class PairsField(LinesField):
    """Named values, one ``name=value`` per line."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return "\n".join(f"{name}={text}" for name, text in value.items())
        return value

    def to_python(self, value: Any) -> Any:
        pairs: dict[str, str] = {}
        for line in self._lines(value):
            name, equals, text = line.partition("=")
            if not equals or not name.strip():
                raise ValidationError("Write one name=value per line.")
            pairs[name.strip()] = text.strip()
        return pairs


class SecretInput(UnfoldAdminPasswordWidget):
    """A password input that is never filled in: what is stored does not go to a browser."""

    def __init__(self) -> None:
        super().__init__(attrs={"autocomplete": "new-password"}, render_value=False)
