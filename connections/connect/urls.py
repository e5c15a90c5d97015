"""Paths of the hosted pages."""

from django.urls import path

from connections.connect.client_document import ClientDocumentView
from connections.connect.views import CallbackView, FinishedView, LinkView, VerificationView
from connections.noticing.views import NoticeView, StopView
from connections.portal.views import AccountsView, DisconnectView, DoorView, ReconnectView

app_name = "connect"

urlpatterns = [
    path("client/<slug:auth_config_id>.json", ClientDocumentView.as_view(), name="client"),
    path("callback/<slug:holder_id>", CallbackView.as_view(), name="callback"),
    path("finished/<slug:link_id>", FinishedView.as_view(), name="finished"),
    path("verification/<slug:verification_id>", VerificationView.as_view(), name="verification"),
    path("portal/<slug:token>", DoorView.as_view(), name="portal"),
    path("portal/<slug:portal_id>/accounts", AccountsView.as_view(), name="portal_accounts"),
    path(
        "portal/<slug:portal_id>/accounts/<slug:account_id>/disconnect",
        DisconnectView.as_view(),
        name="portal_disconnect",
    ),
    path(
        "portal/<slug:portal_id>/accounts/<slug:account_id>/reconnect",
        ReconnectView.as_view(),
        name="portal_reconnect",
    ),
    path("notices/<slug:token>", NoticeView.as_view(), name="notice"),
    path("notices/<slug:token>/stop", StopView.as_view(), name="notice_stop"),
    path("<slug:token>", LinkView.as_view(), name="link"),
]
