"""Which authorities the JVM trusts: those of its own, and the one that the address of MongoDB names.

Python's driver reads `tlsCAFile` from the address; the JVM's driver has no such option and goes by the JVM's default.
"""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession


def trust_also(spark: SparkSession, ca_file: str) -> None:
    """Make the driver's JVM trust the certificates in a PEM file as well; nothing else of its defaults changes.

    In local mode that is the only JVM. The executors of a cluster are started by others: they get a trust store of
    theirs in `spark.executor.extraJavaOptions`.
    """
    jvm: Any = spark._jvm
    store = jvm.java.security.KeyStore.getInstance(jvm.java.security.KeyStore.getDefaultType())
    home = jvm.java.lang.System.getProperty("java.home")
    own = jvm.java.lang.System.getProperty("javax.net.ssl.trustStore") or f"{home}/lib/security/cacerts"
    file = jvm.java.io.FileInputStream(own)
    try:
        store.load(file, None)  # without its password: it is only read
    finally:
        file.close()
    for number, certificate in enumerate(_certificates(jvm, ca_file)):
        store.setCertificateEntry(f"newswake-{number}", certificate)
    managers = jvm.javax.net.ssl.TrustManagerFactory.getInstance(
        jvm.javax.net.ssl.TrustManagerFactory.getDefaultAlgorithm()
    )
    managers.init(store)
    context = jvm.javax.net.ssl.SSLContext.getInstance("TLS")
    context.init(None, managers.getTrustManagers(), None)
    jvm.javax.net.ssl.SSLContext.setDefault(context)


def _certificates(jvm: Any, pem: str) -> list[Any]:
    file = jvm.java.io.FileInputStream(pem)
    try:
        return list(jvm.java.security.cert.CertificateFactory.getInstance("X.509").generateCertificates(file))
    finally:
        file.close()
