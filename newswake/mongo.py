"""MongoDB as its clients see it: a client in Python, and the same address for the JVM's driver."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from pymongo import AsyncMongoClient, MongoClient
from pymongo.errors import ConfigurationError, OperationFailure, PyMongoError, ServerSelectionTimeoutError

from newswake.errors import ServiceError, SettingsError
from newswake.settings import Mongo
from newswake.tls import check_certificates

UNAUTHORIZED: Final = 13
AUTHENTICATION_FAILED: Final = 18
# Options that Python's driver follows and the JVM's would leave aside with a line in the log.
NOT_FOR_THE_JVM: Final = ("tlsCertificateKeyFile", "tlsCRLFile", "tlsAllowInvalidCertificates")
CA_FILE: Final = "tlsCAFile"


def client(mongo: Mongo, timeout_ms: int | None = None) -> MongoClient[dict[str, Any]]:
    """A client that gives up looking for the server after `timeout_ms` (setting mongo.timeout_ms).

    Raises `SettingsError` for an address that cannot be used.
    """
    check_uri(mongo)
    with _address_errors():
        return MongoClient(
            mongo.uri.get_secret_value(), serverSelectionTimeoutMS=timeout_ms or mongo.timeout_ms, tz_aware=True
        )


def async_client(mongo: Mongo, timeout_ms: int, socket_timeout_ms: int) -> AsyncMongoClient[dict[str, Any]]:
    """The same for asyncio; an answer may take `socket_timeout_ms`. Raises like `client`."""
    check_uri(mongo)
    with _address_errors():
        return AsyncMongoClient(
            mongo.uri.get_secret_value(),
            serverSelectionTimeoutMS=timeout_ms,
            connectTimeoutMS=timeout_ms,
            socketTimeoutMS=socket_timeout_ms,
            tz_aware=True,
        )


@contextmanager
def _address_errors() -> Iterator[None]:
    try:
        yield
    except (ConfigurationError, ValueError) as error:  # InvalidURI is one of them; it may hold the address
        raise SettingsError(f"The address in mongo.uri cannot be used: {type(error).__name__}") from None


def check_uri(mongo: Mongo) -> None:
    """Raises `SettingsError` when both drivers could not follow the same address."""
    options = _options(mongo.uri.get_secret_value())
    unknown = [name for name in NOT_FOR_THE_JVM if name.lower() in options]
    if unknown:
        raise SettingsError(f"The address in mongo.uri has {unknown[0]}, which Spark's MongoDB driver cannot follow")
    check_certificates(ca_file(mongo), "", f"{CA_FILE} in the setting mongo.uri")


def ca_file(mongo: Mongo) -> str:
    """The PEM file of the authority that signed the server's certificate; empty for those that the machine trusts."""
    return _options(mongo.uri.get_secret_value()).get(CA_FILE.lower(), "")


def jvm_uri(mongo: Mongo) -> str:
    """The address without what the JVM's driver does not know: it goes by the authorities that its JVM trusts.

    >>> jvm_uri(Mongo(uri="mongodb://h/?tls=true&tlsCAFile=%2Fca.pem&w=1"))
    'mongodb://h/?tls=true&w=1'
    """
    address, mark, query = mongo.uri.get_secret_value().partition("?")
    kept = [(name, value) for name, value in parse_qsl(query) if name.lower() != CA_FILE.lower()]
    return f"{address}{mark}{urlencode(kept)}"


def refusal(error: PyMongoError) -> ServiceError:
    """What a server that cannot be used means, in one sentence without the address."""
    if isinstance(error, OperationFailure):
        if error.code == AUTHENTICATION_FAILED:
            return ServiceError("MongoDB refuses the user and the password in the setting mongo.uri")
        if error.code == UNAUTHORIZED:
            return ServiceError("MongoDB refuses us: the setting mongo.uri names no user, or one without the rights")
        return ServiceError(f"MongoDB refuses us, with code {error.code} (setting mongo.uri)")
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return ServiceError(f"MongoDB's certificate is not one that we trust (setting mongo.uri, option {CA_FILE})")
    if "SSL" in str(error):
        return ServiceError("MongoDB and we do not agree on TLS (setting mongo.uri, options tls and tlsCAFile)")
    if isinstance(error, ServerSelectionTimeoutError):
        return ServiceError("No MongoDB answers at the address in the setting mongo.uri")
    return ServiceError(f"MongoDB cannot be used (setting mongo.uri): {type(error).__name__}")


def _options(uri: str) -> dict[str, str]:
    """The options of an address, by their names in lower case: drivers do not mind the case."""
    return {name.lower(): value for name, value in parse_qsl(uri.partition("?")[2])}
