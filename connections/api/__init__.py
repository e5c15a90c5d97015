"""Routes of connected accounts, and of the people who connected them."""

from ninja import Router

from connections.api.accounts import router as accounts
from connections.api.bulk_jobs import router as bulk_jobs
from connections.api.entities import router as entities
from connections.api.portal_links import router as portal_links
from connections.api.using import router as using
from connections.api.verifying import router as verifying

router = Router()
router.add_router("/connected_accounts", accounts)
router.add_router("/connected_accounts", using)
router.add_router("/connected_accounts", verifying)
router.add_router("/entities", entities)
router.add_router("/bulk_jobs", bulk_jobs)
router.add_router("/portal_links", portal_links)

__all__ = ["router"]
