"""Where the things of a run are, as it tells them once they are up."""

from __future__ import annotations

from newswake.settings import Dashboard, Settings
from newswake.settings_sources import Resolved
from scripts import mongod, page
from scripts.services import local_services
from scripts.sources import Source


def text(source: Source, resolved: Resolved, settings: Settings) -> str:
    """A line each for the source, the broker, the database, the Spark UI, the lake and the logs."""
    kafka, mongo = settings.kafka, settings.mongo
    database = f"{masked(mongo.uri.get_secret_value())}, database {mongo.database}"
    if "mongod" in local_services(resolved):
        database += f" (password in {mongod.folder(source.home) / 'password'})"
    rows = {
        "source": source.label,
        "page": page_line(settings.dashboard, page.why_absent()),
        "broker": f"{kafka.bootstrap_servers}, topics {kafka.posts_topic} and {kafka.candles_topic}",
        "MongoDB": database,
        "Spark UI": f"http://127.0.0.1:{settings.local.spark_ui_port} (once the streaming job is up)",
        "health": f"http://{settings.monitor.address}:{settings.monitor.port}/ready, and /metrics (make monitor)",
        "lake": settings.lake_path,
        "logs": str(source.home / "logs"),
    }
    return "\n".join(f"  {name:9} {value}" for name, value in rows.items())


def page_line(dashboard: Dashboard, absent: str) -> str:
    """Where the page is; where it is not built, that only its API is there, and why.

    >>> page_line(Dashboard(), "There is no Node")
    'http://127.0.0.1:8080, only its API: There is no Node'
    """
    address = page_address(dashboard)
    return f"{address}, only its API: {absent}" if absent else address


def page_address(dashboard: Dashboard) -> str:
    """Where a browser finds the page.

    >>> page_address(Dashboard(port=8081)), page_address(Dashboard(host="::1"))
    ('http://127.0.0.1:8081', 'http://[::1]:8080')
    """
    host = f"[{dashboard.host}]" if ":" in dashboard.host else dashboard.host
    return f"http://{host}:{dashboard.port}"


def masked(uri: str) -> str:
    """An address without its password.

    >>> masked("mongodb://me:secret@h:1/?a=b"), masked("mongodb://h:1")
    ('mongodb://me:********@h:1/?a=b', 'mongodb://h:1')
    """
    scheme, _, rest = uri.partition("://")
    credentials, at, address = rest.rpartition("@")
    return f"{scheme}://{credentials.partition(':')[0]}:********@{address}" if at else uri
