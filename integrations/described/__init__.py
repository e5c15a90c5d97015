"""Services that are in no catalog: an auth config describes them by the fields of a toolkit file.

``describing`` checks a description and puts it over what was discovered; ``patterns`` and
``sending`` look at what pydantic cannot judge, ``vetting`` at where it would have Evergrant call.
``naming`` finds a slug, ``columns`` makes what a row holds, ``written`` reads and writes
descriptions as text.
"""
