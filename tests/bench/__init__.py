"""``make bench``: what Evergrant does per second, beside what a person would write by hand.

Everything is measured through the same doors that users have: worker processes, the HTTP API, the
admin's pages. Value and baseline are measured in turn within one run, so that the ratio holds on
any machine; the numbers themselves do not. `docs/explanation/performance.md` says what they mean.
"""
