"""Every address of Evergrant, and what is answered where Django itself finds a fault."""

import sys

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from django.views import defaults
from django.views.generic import RedirectView

from config.api import api_urls, error_response, unknown_path
from config.health import healthz, refresh_health
from config.metrics import metrics
from config.without_database import page_without_database
from integrations.database import DATABASE_AWAY

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="root"),
    path("healthz", healthz, name="healthz"),
    path("healthz/refresh", refresh_health, name="refresh_health"),
    path("metrics", metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("accounts/", include("config.sign_in.urls")),
    path("connect/", include("connections.connect.urls")),
    path("brand/", include("integrations.branding.urls")),
    path("api/v1/", api_urls()),
    re_path("^api/", unknown_path),
]


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that Django refuses, say for its Host; in the API's shape for the API."""
    if _is_api(request):
        return error_response(request, 400, "invalid_request", "The request is not valid.")
    return defaults.bad_request(request, exception)


def handler500(request: HttpRequest) -> HttpResponse:
    """Answer a crash outside the API's own error handling: of a view or of a middleware."""
    if _is_api(request):
        message = "Something went wrong on our side."
        return error_response(request, 500, "internal_error", message)
    error = sys.exception()
    if isinstance(error, DATABASE_AWAY):
        return page_without_database(request, error)
    return defaults.server_error(request)
