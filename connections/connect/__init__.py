"""The hosted pages: a person opens a link, consents at the provider and comes back.

``starting`` begins a trip to the provider, ``answering`` takes its answer in, once, ``pages`` say
what happened in the person's words, ``views`` parse and respond.
"""
