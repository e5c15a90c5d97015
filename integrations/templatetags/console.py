"""Filters for the console's templates."""

from __future__ import annotations

from django import template
from django.contrib.admin.utils import quote

from integrations import moments

register = template.Library()
register.filter("when", moments.when)
register.filter("quoted", quote)
