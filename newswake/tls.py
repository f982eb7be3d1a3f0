"""Certificates in PEM files, looked at before a client gets them: what a client says of a bad file helps nobody."""

from __future__ import annotations

import ssl

from newswake.errors import SettingsError


def check_certificates(authority: str, own: str, settings: str) -> None:
    """Read the file of an authority's certificates, and that of our certificate and key; either may be empty.

    Raises `SettingsError` naming the file and `settings`.
    """
    context = ssl.create_default_context()
    path = authority
    try:
        if authority:
            context.load_verify_locations(authority)
        if own:
            path = own
            # The JVM's client reads no key that has a password; without one here, a person would be asked for it.
            context.load_cert_chain(own, password="none")
    except OSError as error:  # SSLError is one of them
        if not isinstance(error, ssl.SSLError):
            raise SettingsError(f"{path} ({settings}) cannot be read: {error.strerror}") from None
        what = "the certificate and key that it should hold, without a password" if path == own else "certificates"
        raise SettingsError(f"{path} ({settings}) does not hold {what}") from None
