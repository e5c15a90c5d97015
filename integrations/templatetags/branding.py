"""Where a template finds what a project's pages look like. Nothing asks the database."""

from django import template

from integrations.branding import logo_path, stylesheet_path

register = template.Library()
register.filter("logo_path", logo_path)
register.filter("stylesheet_path", stylesheet_path)
