"""The pictures in docs/img/: demo data at a fixed moment, shown by the real pages.

``python -m tests.screenshots`` takes all of them anew, ``... overview portal`` those two. Taken
twice on one machine they are the same.
"""
