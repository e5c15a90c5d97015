"""One route."""

from django.urls import path

from tests.bench.by_hand.views import credentials

urlpatterns = [path("grants/<int:grant_id>/credentials", credentials)]
