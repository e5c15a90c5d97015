"""The Django application of the sandbox provider."""

from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """Installed by ``integrations.sandbox.settings`` and by nothing else."""

    name = "integrations.sandbox"
    label = "sandbox"
    verbose_name = "Acme Notes sandbox"
    default_auto_field = "django.db.models.BigAutoField"
