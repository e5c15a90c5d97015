"""Routes of connected accounts, and of the people who connected them."""

from ninja import Router

from connections.api.accounts import router as accounts
from connections.api.bulk_jobs import router as bulk_jobs
from connections.api.entities import router as entities
from connections.api.using import router as using
from connections.api.verifying import router as verifying

router = Router()
router.add_router("/connected_accounts", accounts)
router.add_router("/connected_accounts", using)
router.add_router("/connected_accounts", verifying)
router.add_router("/entities", entities)
router.add_router("/bulk_jobs", bulk_jobs)

__all__ = ["router"]
