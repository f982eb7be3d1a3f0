"""The containers' file: what no engine is needed to see. That it starts is not shown by any of this."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from newswake.settings_sources import known_keys, variable_of
from scripts.places import ROOT

DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
WANTED = {
    *("kafka", "mongo", "mongo-express", "spark-master", "spark-worker", "application", "posts", "candles", "page"),
    *("notebook", "prometheus", "grafana"),
}
SECRET = re.compile(r"PASSWORD|TOKEN|SECRET|_KEY$|URI$|URL$")

FORM = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+)(?::(?P<operator>[?-])(?P<rest>[^}]*))?\}|(?P<other>))")

every_service = pytest.mark.parametrize("name", sorted(SERVICES))


def interpolated(node: Any, environ: Mapping[str, str]) -> Any:
    """A part of the file with its variables replaced, as Compose does it. Raises `ValueError` where it would refuse."""

    def value(found: re.Match[str]) -> str:
        if found["dollar"]:
            return "$"
        if found["name"] is None:
            raise ValueError(f"{found.string!r} has a lone $")
        given = environ.get(found["name"], "")
        if given or found["operator"] is None:
            return given
        if found["operator"] == "?":
            raise ValueError(f"{found['name']}: {found['rest']}")
        return found["rest"] or ""

    if isinstance(node, dict):
        return {name: interpolated(part, environ) for name, part in node.items()}
    if isinstance(node, list):
        return [interpolated(part, environ) for part in node]
    return FORM.sub(value, node) if isinstance(node, str) else node


def example() -> dict[str, str]:
    """The variables of the example, as they are there."""
    lines = (DEPLOY / "example.env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def check(compose: Any) -> None:
    """Raises `ValueError` for what the Compose specification does not have."""
    PyCompose.from_json(json.dumps(compose)).validate()


def test_it_fits_the_specification() -> None:
    filled = interpolated(COMPOSE, dict.fromkeys(example(), "f1lled"))
    assert filled["services"]["notebook"]["environment"]["JUPYTER_TOKEN"] == "f1lled"
    assert '"$MONGO_REPLICA_KEY"' in filled["services"]["mongo"]["entrypoint"][-1]
    check(filled)


@pytest.mark.parametrize("name", sorted(set(example()) - {"CRYPTOPANIC_KEY"}))
def test_it_is_refused_without_a_password(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: set it in deploy/.env"):
        interpolated(COMPOSE, dict.fromkeys(example(), "f1lled") | {name: ""})


@pytest.mark.parametrize(
    ("place", "wrong", "says"),
    [
        ("servces", {}, "servces"),
        ("services.kafka.imge", "apache/kafka:4.1.1", "imge"),
        ("services.kafka.healthcheck.retrys", 3, "retrys"),
        ("services.kafka.healthcheck.retries", "many", "invalid type"),
        ("services.kafka.healthcheck.interval", "15 seconds", "duration"),
        ("services.page.ports", "127.0.0.1:8080:8080", "invalid type"),
        ("services.page.ports", ["127.0.0.1:80a80:8080"], "80a80"),
        ("services.page.restart", "sometimes", "sometimes"),
        ("services.page.build.contxt", "..", "contxt"),
        ("services.page.depends_on.mongo.condition", "healthy", "healthy"),
        ("services.spark-worker.deploy.replicas", "two", "invalid type"),
    ],
)
def test_the_specification_sees_a_wrong_key_or_type(place: str, wrong: Any, says: str) -> None:
    compose = copy.deepcopy(interpolated(COMPOSE, dict.fromkeys(example(), "f1lled")))
    *folders, name = place.split(".")
    part = compose
    for folder in folders:
        part = part[folder]
    part[name] = wrong
    with pytest.raises(ValueError, match=says):
        check(compose)


def test_the_services_are_those_that_are_promised() -> None:
    assert set(SERVICES) == WANTED


@every_service
def test_an_image_has_a_version(name: str) -> None:
    image, _, tag = SERVICES[name]["image"].rpartition(":")
    assert image and re.search(r"\d+\.\d+", tag), f"{name} runs whatever is newest"


@every_service
def test_a_service_has_a_healthcheck_or_says_why_not(name: str) -> None:
    service = SERVICES[name]
    assert ("healthcheck" in service) != ("x-no-healthcheck" in service)
    if "healthcheck" in service:
        assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")


@every_service
def test_ports_are_published_on_this_machine_only(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))
    assert "network_mode" not in SERVICES[name] and not SERVICES[name].get("privileged")


def test_no_two_services_publish_the_same_port() -> None:
    ports = [port.split(":")[1] for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(ports) == len(set(ports)) > 5


@every_service
def test_what_is_secret_comes_from_outside_and_has_no_default(name: str) -> None:
    for variable, value in SERVICES[name].get("environment", {}).items():
        if not SECRET.search(variable):
            continue
        in_braces = re.findall(r"\$\{(\w+)(:[?-])([^}]*)\}", value)
        assert in_braces, f"{name} has {variable} written out"
        for outer, operator, default in in_braces:
            optional = outer == "CRYPTOPANIC_KEY"
            assert (operator, default) == (":-", "") if optional else operator == ":?", f"{outer} has a default"
        address = re.sub(r"\$\{[^}]*\}", "", value)
        assert re.fullmatch(r"|mongodb://newswake:@mongo:27017/\?[\w=&]+", address), (
            f"{name} has {variable} written out"
        )


def test_the_example_names_every_variable_and_sets_none() -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    assert set(example()) == set(re.findall(r"(?<!\$)\$\{(\w+)", text))
    assert not any(example().values())


@every_service
def test_what_it_waits_for_is_there_and_can_become_healthy(name: str) -> None:
    for other, wanted in SERVICES[name].get("depends_on", {}).items():
        assert wanted == {"condition": "service_healthy"} and "healthcheck" in SERVICES[other]


@every_service
def test_volumes_are_declared_and_files_are_there(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source = volume.split(":")[0]
        if source.startswith("./"):
            assert (DEPLOY / source).is_file(), source
        elif not source.startswith(".."):
            assert source in COMPOSE["volumes"]


def test_everything_that_is_declared_is_used() -> None:
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert set(COMPOSE["volumes"]) <= used


def test_all_who_write_the_lake_see_the_same_folder_and_readers_cannot_write() -> None:
    mounts = {name: [v for v in s.get("volumes", []) if v.startswith("lake:")] for name, s in SERVICES.items()}
    writers = {name for name, found in mounts.items() if found == ["lake:/var/lib/lake"]}
    readers = {name for name, found in mounts.items() if found == ["lake:/var/lib/lake:ro"]}
    assert writers == {"application", "spark-worker"} and readers == {"page", "notebook"}
    environment = SERVICES["application"]["environment"]
    for setting in ("NEWSWAKE_LAKE__PATH", "NEWSWAKE_LAKE__CHECKPOINTS"):
        assert environment[setting].startswith("/var/lib/lake/")
    path = environment["NEWSWAKE_LAKE__PATH"]
    assert all(SERVICES[reader]["environment"]["NEWSWAKE_LAKE__PATH"] == path for reader in readers)


def test_every_setting_exists() -> None:
    groups = {group for group, _ in known_keys()}
    known = {variable_of(*key) for key in known_keys()}
    manifests = "".join(path.read_text(encoding="utf-8") for path in (DEPLOY / "kubernetes").glob("*.yaml"))
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8") + manifests
    for variable in set(re.findall(r"NEWSWAKE_\w+__\w+", text)):
        group = variable.removeprefix("NEWSWAKE_").partition("__")[0].lower()
        assert variable in known or group not in groups, f"{variable} is no setting"


def test_prometheus_and_grafana_are_pointed_at_services_of_the_file() -> None:
    scraped = yaml.safe_load((DEPLOY / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    targets = {target for job in scraped for config in job["static_configs"] for target in config["targets"]}
    environment = SERVICES["application"]["environment"]
    assert f"application:{environment['NEWSWAKE_MONITOR__PORT']}" in targets
    assert f"application:{environment['NEWSWAKE_LOCAL__SPARK_UI_PORT']}" in targets
    for name in ("datasources", "dashboards"):
        assert yaml.safe_load((DEPLOY / "grafana" / f"{name}.yml").read_text(encoding="utf-8"))["apiVersion"] == 1


def test_the_folders_of_this_repository_hold_no_filled_in_secrets() -> None:
    assert not [path for path in DEPLOY.rglob("*.env") if path.name != "example.env" and _is_kept(path)]


def _is_kept(path: Path) -> bool:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    return f"/{path.relative_to(ROOT).as_posix()}" not in ignored
