"""The operators' console: base classes for every app's admin, and this app's own pages."""

from integrations.admin import api_keys, audit, auth_configs, managed_apps, projects, staff, tools

__all__ = ["api_keys", "audit", "auth_configs", "managed_apps", "projects", "staff", "tools"]
