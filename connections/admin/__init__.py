"""Pages of entities, connected accounts, links, what happened to them, and who refreshes."""

from connections.admin import (
    accounts,
    auth_configs,
    breakers,
    bulk_jobs,
    entities,
    links,
    notices,
    portal_links,
    projects,
    records,
    workers,
)

__all__ = [
    "accounts",
    "auth_configs",
    "breakers",
    "bulk_jobs",
    "entities",
    "links",
    "notices",
    "portal_links",
    "projects",
    "records",
    "workers",
]
