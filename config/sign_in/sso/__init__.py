"""OIDC single sign-on: one identity provider, named by settings.

`provider` is allauth's OpenID Connect with one fixed callback and calls through the outbound door
(`door`); `claims` reads what the provider says of a person, `rules` decides who may come in and
with which roles, `adapter` is where allauth asks for that, `views` the way out and back.
"""
