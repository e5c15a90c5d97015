"""Changes a project's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import ValidationError

from integrations.errors import InvalidInput

if TYPE_CHECKING:
    from integrations.models import Project

# What a project can say of itself; whose it is, is said elsewhere.
SETTINGS: Final = frozenset(
    {
        "name",
        "accent_color",
        "allowed_callback_urls",
        "privacy_url",
        "support_url",
        "verification_url",
        "sends_expiry_notices",
    }
)


def update_project(*, project: Project, **changes: Any) -> Project:
    """Change some settings; what is not given stays.

    Args:
        changes: of `SETTINGS`.

    Raises:
        InvalidInput: ``details`` say which field, and why; nothing is changed.
    """
    if unknown := changes.keys() - SETTINGS:
        raise TypeError(f"not a setting of a project: {', '.join(sorted(unknown))}")
    for name, value in changes.items():
        setattr(project, name, value)
    try:
        project.full_clean()
    except ValidationError as error:
        fields = [
            {"field": field, "problem": " ".join(messages)}
            for field, messages in error.message_dict.items()
        ]
        raise InvalidInput(fields=fields) from None
    project.save(update_fields=sorted(changes))
    return project
