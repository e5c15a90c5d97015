"""The forms of a project: a name for a new one, all settings for one that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminTextInputWidget

from integrations.admin.form_fields import LinesField
from integrations.branding.contrast import normalize
from integrations.branding.logos import LARGEST_BYTES, draw_anew, remove_logo, store_logo
from integrations.errors import LogoRefused
from integrations.models import Project

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

# How the fields are called where the page says what was saved.
LABELS: Final = {
    "name": "name",
    "accent_color": "accent colour",
    "logo": "logo",
    "remove_logo": "logo",
    "allowed_callback_urls": "callback URLs",
    "privacy_url": "privacy policy",
    "support_url": "support",
    "verification_url": "verification",
    "sends_expiry_notices": "expiry notices",
}
_PLACEHOLDERS: Final = {
    "accent_color": "#14643d",
    "privacy_url": "https://app.example.com/privacy",
    "support_url": "mailto:help@example.com",
    "verification_url": "https://app.example.com/connections/verify",
}


class ColorField(forms.CharField):
    """A colour, however it is written; it has not changed where it is the same colour."""

    widget = UnfoldAdminTextInputWidget

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        try:
            return normalize(text) if text else ""
        except ValueError as error:
            raise ValidationError(str(error)) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool((initial or "") != self.to_python(data))
        except ValidationError:
            return True


class ProjectForm(forms.ModelForm[Project]):
    """What a project says of itself."""

    accent_color = ColorField(required=False, max_length=40)
    logo = forms.FileField(
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
        help_text="PNG, JPEG or WebP of up to 256 KB, shown 56 pixels high. Square ones look best.",
    )
    remove_logo = forms.BooleanField(required=False, label="Remove the logo")
    allowed_callback_urls = LinesField(
        label="Allowed callback URLs",
        help_text="One per line. Scheme, host, port and path have to be the same; the query may "
        "differ. https, or http on localhost.",
    )

    class Meta:
        model = Project
        fields = (
            "name",
            "accent_color",
            "allowed_callback_urls",
            "privacy_url",
            "support_url",
            "verification_url",
            "sends_expiry_notices",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.png: bytes | None = None
        for name, text in _PLACEHOLDERS.items():
            if name in self.fields:
                self.fields[name].widget.attrs |= {"placeholder": text, "spellcheck": "false"}

    def clean_logo(self) -> UploadedFile[Any] | None:
        """Draw what was uploaded anew."""
        given: UploadedFile[Any] | None = self.cleaned_data["logo"]
        if given is None:
            return None
        try:
            # One byte more than is allowed tells that there is more; the rest is not read.
            self.png = draw_anew(given.read(LARGEST_BYTES + 1))
        except LogoRefused as error:
            raise ValidationError(error.message) from None
        return given

    def save_logo(self) -> None:
        """Store or remove the logo of the saved project."""
        if self.png is not None:
            store_logo(project=self.instance, png=self.png)
        elif self.cleaned_data.get("remove_logo"):
            remove_logo(project=self.instance)

    def told_changes(self) -> list[str]:
        """Return what changed, as people call it."""
        return list(dict.fromkeys(LABELS.get(name, name) for name in self.changed_data))


class NewProjectForm(forms.ModelForm[Project]):
    """A project begins with its name; its page has the rest."""

    class Meta:
        model = Project
        fields = ("name",)
