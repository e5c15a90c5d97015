"""The catalogs of translations: found, brought up to date, compiled; ``make messages`` runs it.

Needs Python only: Django's own ``makemessages`` calls programs of GNU gettext.
"""
