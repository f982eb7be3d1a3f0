"""Spark's history server over what the application left: `python -m scripts.history`, in the foreground."""

from __future__ import annotations

import os
import sys

from newswake.errors import NewswakeError, ServiceError
from newswake.settings import Settings, load
from newswake.settings_sources import variable_of
from scripts.checks import check_port, java_command
from scripts.places import CONF, JVM
from scripts.submit import environment, event_logs, spark_home

SERVER = "org.apache.spark.deploy.history.HistoryServer"


def options(settings: Settings) -> list[str]:
    """The JVM's options: where the logs are and where the server listens."""
    return [
        f"-Dspark.history.fs.logDirectory={event_logs(settings.home).as_uri()}",
        f"-Dspark.history.ui.port={settings.local.history_port}",
        "-Dspark.history.fs.update.interval=10s",
        "-Dspark.history.fs.cleaner.enabled=false",  # streaming/event_log.py bounds them, server or not
        f"-Dlog4j2.configurationFile={(CONF / 'log4j2.properties').as_uri()}",
        "-Duser.timezone=UTC",
    ]


def main() -> None:
    try:
        settings = load()
        events = event_logs(settings.home)
        if not events.is_dir() or not any(events.iterdir()):
            raise ServiceError(f"{settings.home} has no history yet: run the application first (make run)")
        check_port(settings.local.history_port, variable_of("local", "history_port"), "the history server")
        environ = environment(os.environ, settings, "local", java_command())
    except NewswakeError as error:
        print(f"newswake: {error}", file=sys.stderr)
        sys.exit(2)
    environ["SPARK_HISTORY_OPTS"] = " ".join(options(settings))
    environ["SPARK_DAEMON_CLASSPATH"] = f"{JVM / 'spark'}/*"  # the connectors' own metrics are in the log
    environ.setdefault("SPARK_DAEMON_MEMORY", "1g")
    print(f"Spark's history: http://127.0.0.1:{settings.local.history_port} (Ctrl-C ends it)", flush=True)
    os.execve(spark_home() / "bin" / "spark-class", ["spark-class", SERVER], environ)


if __name__ == "__main__":
    main()
