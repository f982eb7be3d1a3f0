"""Every setting of newswake: its name, type, default and meaning.

Where a value comes from, strongest first: an environment variable `NEWSWAKE_<GROUP>__<NAME>`, the file
`conf/newswake.toml` (or the one that `NEWSWAKE_CONF` names), `services.env` in `NEWSWAKE_HOME` (which the local
services write), the default here. `python -m newswake.settings` prints what is in force and where it came from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    field_validator,
    model_validator,
)

from newswake.coins import Codes, PlainCodes

Port = Annotated[int, Field(ge=1, le=65535)]
# Bounded by far more than anybody means, so that no time that is computed from them leaves the calendar.
Seconds = Annotated[float, Field(gt=0, le=366 * 86_400)]
Minutes = Annotated[int, Field(ge=0, le=366 * 1_440)]
Hours = Annotated[int, Field(ge=1, le=100 * 8_784)]
Days = Annotated[int, Field(ge=1, le=100 * 366)]

DEFAULT_COINS = (
    "BTC", "ETH", "XRP", "SOL", "BNB", "DOGE", "ADA", "TRX", "LINK", "AVAX",
    "XLM", "SUI", "SHIB", "TON", "HBAR", "DOT", "LTC", "BCH", "UNI", "NEAR",
)  # fmt: skip


class Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)


class Kafka(Group):
    """The broker, the two topics, and how clients identify themselves."""

    bootstrap_servers: str = Field("127.0.0.1:9092", description="brokers to ask first, host:port,host:port")
    posts_topic: str = Field("CryptoPanic", description="topic of the post observations and heartbeats")
    candles_topic: str = Field("Binance", description="topic of the candle pages")
    candles_format: Literal["json", "avro"] = Field(
        "json", description="form in which our producers write candle pages; the application reads both"
    )
    posts_partitions: PositiveInt = Field(2, description="partitions of the posts topic, when we create it")
    candles_partitions: PositiveInt = Field(2, description="partitions of the candles topic, when we create it")
    replication_factor: PositiveInt = Field(1, description="replicas of a topic, when we create it")
    retention_hours: Hours = Field(24 * 14, description="how long the topics keep a message, when we create them")
    max_message_bytes: PositiveInt = Field(1_048_588, description="largest message of a topic, when we create it")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="how clients talk to the broker"
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="used with the SASL protocols"
    )
    sasl_username: str = Field("", description="used with the SASL protocols")
    sasl_password: SecretStr = Field(SecretStr(""), description="used with the SASL protocols")
    ssl_ca_location: str = Field("", description="PEM file of the authority that signed the broker's certificate")
    ssl_client_location: str = Field(
        "", description="PEM file with our certificate and its key (PKCS#8, without a password), where one is asked for"
    )

    @model_validator(mode="after")
    def _sasl_needs_a_user(self) -> Self:
        if self.security_protocol.startswith("SASL") and not self.sasl_username:
            raise ValueError("security_protocol asks for SASL, so sasl_username must be set")
        return self


class Mongo(Group):
    """The database that people look at."""

    uri: SecretStr = Field(SecretStr("mongodb://127.0.0.1:27017"), description="address, with credentials if any")
    database: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,60}$")] = Field("newswake", description="its name")
    candles_ttl_days: Days = Field(400, description="candles older than this leave MongoDB (never the lake)")
    coverage_ttl_days: Days = Field(30, description="rows of source_coverage older than this leave MongoDB")
    dead_letters_ttl_days: Days = Field(90, description="dead letters leave MongoDB after this (never the lake)")
    timeout_ms: PositiveInt = Field(5_000, description="how long a client looks for the server")


class Lake(Group):
    """The Delta tables that keep everything."""

    path: str = Field("", description="folder or URL of the tables; empty: NEWSWAKE_HOME/lake")
    checkpoints: str = Field("", description="folder or URL of the checkpoints; empty: NEWSWAKE_HOME/checkpoints")
    keep_hours: Annotated[Hours, Field(ge=24)] = Field(
        48, description="how long files that compaction has replaced are kept, for readers that still use them"
    )
    vacuum_hours: Annotated[PositiveFloat, Field(le=8_784)] = Field(
        6.0, description="time between two deletions of what is older than that"
    )

    @field_validator("path", "checkpoints")
    @classmethod
    def _hadoops_name_of_s3(cls, value: str) -> str:
        if value.startswith(("s3://", "s3n://")):
            raise ValueError("Spark reaches S3 by addresses that begin with s3a://")
        return value.rstrip("/") if "://" in value else value


class Streaming(Group):
    """The streaming application."""

    horizons_minutes: Annotated[tuple[Minutes, ...], Field(min_length=1)] = Field(
        (0, 1, 5, 15, 60, 240, 1440), description="minutes after publication at which the price is taken"
    )
    lateness_minutes: Annotated[Minutes, Field(ge=1)] = Field(
        360, description="how late a post or candle may be and still be joined"
    )
    join_posts: Literal["all", "hot", "hot_or_unknown"] = Field("all", description="which posts are joined")
    trigger_seconds: Annotated[float, Field(ge=0, le=86_400)] = Field(
        0.1, description="shortest time between two batches; of the queries beside post_prices a second, if it is less"
    )
    max_offsets_per_trigger: NonNegativeInt = Field(
        20_000, description="candle messages a batch; the join reads 3 times as many, with --once 9 times; 0: no limit"
    )
    shuffle_partitions: PositiveInt = Field(2, description="partitions of the join's state (fixed by its checkpoint)")
    count_state_rows: Literal["live", "always"] = Field(
        "live", description="count the rows of the state, for the monitor; live: not with --once, faster so"
    )
    future_tolerance_seconds: PositiveInt = Field(300, description="how far a message may lie ahead of its Kafka time")
    go_on_after_loss: bool = Field(
        False, description="start although retention deleted messages that were not read; what is gone is logged"
    )
    repair_seconds: Seconds = Field(600.0, description="longest time between two repairs")
    compact_every_batches: PositiveInt = Field(200, description="batches with rows between two compactions of a table")

    @model_validator(mode="after")
    def _horizons_rise(self) -> Self:
        if list(self.horizons_minutes) != sorted(set(self.horizons_minutes)):
            raise ValueError("horizons_minutes must rise, each named once")
        return self


class Candles(Group):
    """The candle producer."""

    exchange: str = Field("binance", description="ccxt's name of the exchange that prices the coins")
    quote: str = Field("USDT", description="currency in which coins are priced")
    coins: Annotated[PlainCodes, Field(min_length=1)] = Field(
        DEFAULT_COINS,
        description="the coins that a new home follows, the most important first; later the list is in MongoDB",
    )
    backfill_hours: Hours = Field(48, description="history that the first start fetches")
    new_coin_backfill_hours: Hours = Field(24, description="history of a coin that is followed from later on")
    max_filled_minutes: NonNegativeInt = Field(5, description="minutes without trades carried forward in a row")
    timeout_seconds: Seconds = Field(10.0, description="longest wait for an answer of the exchange")
    base_url: str = Field("", description="address in place of the exchange's own, such as the simulator's")


class Posts(Group):
    """What the post producers share."""

    poll_seconds: Seconds = Field(60.0, description="time between two polls (a quota may make it longer)")
    lookback_hours: Hours = Field(26, description="how old a post may be and still be asked for again")
    timeout_seconds: Seconds = Field(10.0, description="longest wait for an answer")
    max_body_bytes: PositiveInt = Field(8_000_000, description="longest answer that is read")
    user_agent: str = Field("newswake/0.1", description="how we name ourselves to a source")


class CryptoPanic(Group):
    """CryptoPanic's API, version 2; used when a key is set."""

    key: SecretStr = Field(SecretStr(""), description="auth token; empty: this source is off")
    plan: Annotated[str, Field(pattern=r"^[a-z_-]+$")] = Field("developer", description="plan, a part of the address")
    base_url: str = Field("https://cryptopanic.com/api", description="address of the API")
    monthly_quota: PositiveInt = Field(100, description="requests a month that the plan allows")
    delay_hours: Annotated[int, Field(ge=0, le=8_784)] = Field(
        24, description="how old the plan's newest posts are; 0: live"
    )
    currencies: Codes = Field((), description="ask only for posts of these coins; empty: all")
    max_pages: PositiveInt = Field(10, description="pages of each list read in one poll at the most, quota permitting")


class Rss(Group):
    """RSS and Atom feeds, which need no key."""

    feeds: tuple[str, ...] | None = Field(None, description="addresses; unset: the list in conf/feeds.toml")


class Alerts(Group):
    """What the page tells at once. Rules, and more channels, are set on the page."""

    urls: SecretStr = Field(
        SecretStr(""), description="apprise addresses between blanks (tgram://…, mailto://…, json://…, dbus://…)"
    )
    log_days: Days = Field(90, description="how long the log of alerts is kept")


class ClockSettings(Group):
    """The clock that the producers go by."""

    url: str = Field("", description="the simulator's clock; empty: the machine's own")


class Simulator(Group):
    """The local server that speaks the exchange's and the news API."""

    port: Port = Field(8790, description="port on 127.0.0.1")
    seed: int = Field(1, description="seed of the generator, the delays and the votes")


class Local(Group):
    """Services on this machine, for those who have none."""

    kafka_port: Port = Field(9092, description="port of the local broker")
    kafka_controller_port: Port = Field(9093, description="port of the local broker's controller")
    mongo_port: Port = Field(27017, description="port of the local mongod")
    mongod: str = Field("", description="path of a mongod; empty: the one on PATH, else the packaged one")
    spark_ui_port: Port = Field(4040, description="port of the Spark UI")
    history_port: Port = Field(18080, description="port of Spark's history server (make history)")
    driver_memory: Annotated[str, Field(pattern=r"^\d+[mg]$")] = Field("2g", description="heap of the application")
    report_seconds: Seconds = Field(15.0, description="time between two lines of what arrived and came out")


class Dashboard(Group):
    """The live page and its API."""

    host: str = Field("127.0.0.1", min_length=1, description="address that it listens on")
    port: Port = Field(8080, description="port of the page")
    names: tuple[str, ...] = Field((), description="names by which a browser may reach it, beside this machine's own")
    query_seconds: Seconds = Field(5.0, description="longest time that the database may take for one question")
    max_period_days: Days = Field(400, description="longest period that may be asked for")
    max_clients: PositiveInt = Field(200, description="live connections at the most")


class Monitor(Group):
    """The health endpoint and the metrics of the application, on one port."""

    address: str = Field("127.0.0.1", description="where it listens; 0.0.0.0 for a Prometheus on another machine")
    port: Port = Field(9809, description="port of /live, /ready, /health and /metrics")


class Cluster(Group):
    """A Spark standalone cluster on this machine (`make cluster`)."""

    port: Port = Field(7077, description="port of the master, as in spark://127.0.0.1:7077")
    ui_port: Port = Field(8180, description="port of the master's page")
    worker_ui_port: Port = Field(8181, description="port of the first worker's page; the next worker has the next port")
    workers: PositiveInt = Field(2, description="how many workers")
    worker_cores: PositiveInt = Field(1, description="cores that each worker offers")
    worker_memory: Annotated[str, Field(pattern=r"^\d+[mg]$")] = Field(
        "1200m", description="memory that each worker offers (an executor takes what conf/spark-cluster.conf says)"
    )


class Settings(Group):
    """All groups, and `home`: the folder that holds all state."""

    home: Path
    kafka: Kafka = Kafka()
    mongo: Mongo = Mongo()
    lake: Lake = Lake()
    streaming: Streaming = Streaming()
    candles: Candles = Candles()
    posts: Posts = Posts()
    cryptopanic: CryptoPanic = CryptoPanic()
    rss: Rss = Rss()
    alerts: Alerts = Alerts()
    clock: ClockSettings = ClockSettings()
    simulator: Simulator = Simulator()
    local: Local = Local()
    dashboard: Dashboard = Dashboard()
    monitor: Monitor = Monitor()
    cluster: Cluster = Cluster()

    @property
    def lake_path(self) -> str:
        return self.lake.path or str(self.home / "lake")

    @property
    def checkpoints_path(self) -> str:
        return self.lake.checkpoints or str(self.home / "checkpoints")

    @property
    def on_s3(self) -> bool:
        """Whether tables or checkpoints are on an S3-compatible store."""
        return any(path.startswith("s3a://") for path in (self.lake_path, self.checkpoints_path))


def load(conf: Path | None = None) -> Settings:
    """The settings in force. Raises `SettingsError` for an unknown key or a value that does not fit."""
    from newswake.settings_sources import resolve

    return resolve(conf=conf).settings


if __name__ == "__main__":
    from newswake.settings_sources import main

    main()
