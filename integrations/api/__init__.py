"""What the API routers of all apps share, and the routes of this app. Assembled in `config.api`."""

from integrations.api.routes import router

__all__ = ["router"]
