"""Paths of the hosted pages."""

from django.urls import path

from connections.connect.client_document import ClientDocumentView
from connections.connect.views import CallbackView, FinishedView, LinkView

app_name = "connect"

urlpatterns = [
    path("client/<slug:auth_config_id>.json", ClientDocumentView.as_view(), name="client"),
    path("callback/<slug:holder_id>", CallbackView.as_view(), name="callback"),
    path("finished/<slug:link_id>", FinishedView.as_view(), name="finished"),
    path("<slug:token>", LinkView.as_view(), name="link"),
]
