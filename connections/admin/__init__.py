"""Pages of entities, connected accounts, links and what happened to them."""

from connections.admin import accounts, entities, links, records

__all__ = ["accounts", "entities", "links", "records"]
