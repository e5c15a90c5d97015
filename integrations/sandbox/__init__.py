"""Acme Notes: the OAuth 2 and OpenID provider that ships with Evergrant, for trying and testing.

A Django project of its own, standing on ``allauth.idp.oidc``: own settings, own process, own
PostgreSQL schema. Evergrant meets it over HTTP only and never imports it. ``README.md`` in this
folder describes the pages, the protocol endpoints and the control API.
"""
