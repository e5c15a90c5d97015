"""Sign-in of staff on top of allauth: passwords, passkeys, codes, single sign-on, sessions.

allauth has the flows. Here is what is Evergrant's own: who may come in (`sso`), when a second
factor must have been proved (`second_factor`), the page where people look after their own access
(`pages`), and the secrets of factors in sealed columns (`factors`).
"""
