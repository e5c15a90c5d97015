"""Pages of entities, connected accounts, links, what happened to them, and who refreshes."""

from connections.admin import accounts, breakers, entities, links, records, workers

__all__ = ["accounts", "breakers", "entities", "links", "records", "workers"]
