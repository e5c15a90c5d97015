"""Projects, logos, keys, auth configs, managed apps, tools, audit trail, second factors."""

from integrations.models.api_key import ApiKey
from integrations.models.audit_entry import AuditEntry
from integrations.models.auth_config import AuthConfig
from integrations.models.factor_secret import FactorSecret
from integrations.models.key_canary import KeyCanary
from integrations.models.managed_app import ManagedApp
from integrations.models.project import Project
from integrations.models.project_logo import ProjectLogo
from integrations.models.scoping import ProjectScopedModel, ProjectScopedQuerySet
from integrations.models.tool import Tool

__all__ = [
    "ApiKey",
    "AuditEntry",
    "AuthConfig",
    "FactorSecret",
    "KeyCanary",
    "ManagedApp",
    "Project",
    "ProjectLogo",
    "ProjectScopedModel",
    "ProjectScopedQuerySet",
    "Tool",
]
