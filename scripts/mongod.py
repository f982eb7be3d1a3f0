"""The local mongod: `python -m scripts.mongod` runs it in the foreground.

A replica set of one member (change streams need one) on 127.0.0.1, with a user whose password is made here. Its files
are in NEWSWAKE_HOME/mongo.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import sys
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from newswake.errors import NewswakeError, ServiceError, SetupError
from newswake.settings import Settings, load
from scripts.checks import check_disk, port_is_free

REPLICA_SET = "newswake"
USER = "newswake"
CACHE_GB = 0.25
# How much of the cache may be changed and not yet written out, in per cent. At WiredTiger's own 5 and 20 (updates: 2.5
# and 10) whoever writes to a cache this small spends most of his time writing out pages that he will change again.
CHANGED = "eviction_dirty_target=60,eviction_dirty_trigger=80,eviction_updates_target=30,eviction_updates_trigger=40"
# What a killed server does again at its start, before it answers, is what came behind the last of these, in seconds.
CHECKPOINTS = "15"
NEEDED_BYTES = 64_000_000  # with less it would end again, in the middle of something
# Codes of the server's answers.
AUTHENTICATION_FAILED = 18
UNAUTHORIZED = 13
ALREADY_INITIALIZED = 23

Client = MongoClient[dict[str, Any]]


def binary(setting: str = "") -> str:
    """The mongod to run: that of the setting, else the one on the PATH, else the packaged one."""
    if setting:
        if not os.access(setting, os.X_OK):
            raise SetupError(f"{setting} (setting local.mongod) is no program that can be run")
        return setting
    if on_path := shutil.which("mongod"):
        return on_path
    package = importlib.util.find_spec("fiftyone")
    for folder in (package.submodule_search_locations or []) if package else []:
        packaged = Path(folder) / "db" / "bin" / "mongod"
        if packaged.is_file():
            return str(packaged)
    raise SetupError(
        "There is no mongod: install MongoDB, name one with NEWSWAKE_LOCAL__MONGOD, or use NEWSWAKE_MONGO__URI"
    )


def folder(home: Path) -> Path:
    return home / "mongo"


def uri(settings: Settings) -> str:
    """Address with the user's credentials; there is none before `prepare`."""
    password = (folder(settings.home) / "password").read_text(encoding="ascii").strip()
    return (
        f"mongodb://{USER}:{password}@127.0.0.1:{settings.local.mongo_port}/"
        f"?authSource=admin&replicaSet={REPLICA_SET}&directConnection=true"
    )


def prepare(home: Path) -> None:
    """Make the folders, the password and the key of the replica set, where they are missing."""
    (folder(home) / "data").mkdir(parents=True, exist_ok=True)
    for name, size in (("password", 24), ("keyfile", 48)):
        file = folder(home) / name
        if not file.is_file():
            draft = file.with_suffix(".draft")
            draft.unlink(missing_ok=True)
            draft.touch(mode=0o600)
            # The key of a replica set is base64, so without the two characters in which the URL-safe form differs.
            draft.write_text(secrets.token_urlsafe(size).replace("-", "A").replace("_", "B") + "\n", encoding="ascii")
            draft.replace(file)


def command(settings: Settings) -> list[str]:
    base = folder(settings.home)
    return [
        binary(settings.local.mongod),
        *("--dbpath", str(base / "data"), "--bind_ip", "127.0.0.1", "--port", str(settings.local.mongo_port)),
        *("--replSet", REPLICA_SET, "--oplogSize", "512", "--keyFile", str(base / "keyfile")),
        *("--wiredTigerCacheSizeGB", str(CACHE_GB), "--wiredTigerEngineConfigString", CHANGED),
        *("--syncdelay", CHECKPOINTS, "--nounixsocket", "--quiet", "--slowms", "1000"),
    ]


def answers(settings: Settings, timeout_seconds: float = 2.0) -> bool:
    """Whether this home's mongod, and no other, answers on the port and can be written to.

    Does what its first start still lacks: forms the replica set, creates the user, follows a changed port.
    """
    if not (folder(settings.home) / "password").is_file() or port_is_free(settings.local.mongo_port):
        return False
    try:
        with _client(settings, timeout_seconds, credentials=True) as client:
            if not client.admin.command("hello").get("isWritablePrimary"):
                _form(client, settings.local.mongo_port)
                return False
            client.admin.command("listDatabases", nameOnly=True)
            return True
    except OperationFailure as error:
        if error.code not in (AUTHENTICATION_FAILED, UNAUTHORIZED):
            return False
    except PyMongoError:
        return False
    _first_start(settings, timeout_seconds)
    return False


def _client(settings: Settings, timeout_seconds: float, credentials: bool) -> Client:
    milliseconds = int(timeout_seconds * 1000)
    local = f"mongodb://127.0.0.1:{settings.local.mongo_port}/?directConnection=true"
    # Without the name of the set: a member that is not in it yet, or whose port changed, must answer us too.
    address = uri(settings).replace(f"&replicaSet={REPLICA_SET}", "") if credentials else local
    return MongoClient(address, serverSelectionTimeoutMS=milliseconds, socketTimeoutMS=milliseconds * 5)


def _form(client: Client, port: int) -> None:
    """Form the replica set, or take it to the port of today."""
    wanted = {"_id": 0, "host": f"127.0.0.1:{port}"}
    try:
        config = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure:
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [wanted]})
        return
    if config["members"][0]["host"] != wanted["host"]:
        config["members"][0]["host"] = wanted["host"]
        config["version"] += 1
        client.admin.command("replSetReconfig", config, force=True)


def _first_start(settings: Settings, timeout_seconds: float) -> None:
    """Through the exception that mongod makes for local clients as long as it has no user.

    Raises `ServiceError` when it has one, which is not ours.
    """
    with _client(settings, timeout_seconds, credentials=False) as client:
        try:
            if not client.admin.command("hello").get("isWritablePrimary"):
                client.admin.command(
                    "replSetInitiate",
                    {"_id": REPLICA_SET, "members": [{"_id": 0, "host": f"127.0.0.1:{settings.local.mongo_port}"}]},
                )
                return
            password = (folder(settings.home) / "password").read_text(encoding="ascii").strip()
            client.admin.command("createUser", USER, pwd=password, roles=["root"])
        except OperationFailure as error:
            if error.code == ALREADY_INITIALIZED:
                return  # it is about to elect itself
            raise ServiceError(
                f"The mongod on port {settings.local.mongo_port} (setting local.mongo_port) does not accept the "
                f"password in {folder(settings.home) / 'password'}: it is not this home's"
            ) from error
        except PyMongoError:
            return  # not up yet; asked again


def main() -> None:
    try:
        settings = load()
        check_disk(settings.home, NEEDED_BYTES, f"the local mongod in {folder(settings.home)}")
        prepare(settings.home)
        line = command(settings)
    except NewswakeError as error:
        print(f"newswake: {error}", file=sys.stderr)
        sys.exit(2)
    os.execv(line[0], line)


if __name__ == "__main__":
    main()
