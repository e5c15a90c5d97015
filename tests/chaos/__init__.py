"""``python -m tests.chaos``: kill everything at random, then account for every grant.

``plan`` draws what will happen, ``world`` starts it all, ``deeds`` does it, ``people`` and
``readers`` use the service meanwhile, ``evidence`` collects what everybody saw, ``explaining``
holds it against what may be, ``report`` says it. See docs/explanation/chaos.md.
"""
