"""The manifests against the schemas of Kubernetes itself, and the names by which they refer to each other."""

from __future__ import annotations

from typing import Any

import kubernetes_validate
import pytest
import yaml

from scripts import options
from scripts.options import properties
from scripts.places import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
MANIFESTS: list[dict[str, Any]] = [
    manifest for file in sorted(FOLDER.glob("*.yaml")) for manifest in yaml.safe_load_all(file.read_text("utf-8"))
]
VERSION = kubernetes_validate.latest_version()


def named(manifest: dict[str, Any]) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


BY_NAME = {named(manifest): manifest for manifest in MANIFESTS}
PODS = {name: m["spec"]["template"]["spec"] for name, m in BY_NAME.items() if "template" in m.get("spec", {})}


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_it_fits_its_schema(name: str) -> None:
    kubernetes_validate.validate(BY_NAME[name], VERSION, strict=True)


def test_the_schema_sees_a_misspelt_field() -> None:
    wrong = {**BY_NAME["ConfigMap/newswake"], "dta": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSION, strict=True)


def test_everything_is_in_its_namespace() -> None:
    assert len(BY_NAME) == len(MANIFESTS)
    assert {m["metadata"].get("namespace") for m in MANIFESTS if m["kind"] != "Namespace"} == {"newswake"}


@pytest.mark.parametrize("name", sorted(PODS))
def test_a_pod_is_confined_and_what_it_refers_to_is_there(name: str) -> None:
    pod = PODS[name]
    assert pod["securityContext"]["runAsNonRoot"] is True
    account = pod.get("serviceAccountName")
    assert f"ServiceAccount/{account}" in BY_NAME if account else pod["automountServiceAccountToken"] is False
    volumes = {volume["name"] for volume in pod.get("volumes", [])}
    volumes |= {claim["metadata"]["name"] for claim in BY_NAME[name]["spec"].get("volumeClaimTemplates", [])}
    for container in pod["containers"]:
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["image"].rpartition(":")[2][0].isdigit() and "memory" in container["resources"]["limits"]
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
        for source in container["envFrom"]:
            ((kind, reference),) = source.items()
            assert {"configMapRef": "ConfigMap", "secretRef": "Secret"}[kind] + f"/{reference['name']}" in BY_NAME
        ports = {port["name"] for port in container.get("ports", [])}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            for how in ("httpGet", "tcpSocket"):
                assert container.get(probe, {}).get(how, {}).get("port", "") in {*ports, ""}


def test_services_choose_pods_that_there_are() -> None:
    labels = [m["spec"]["template"]["metadata"]["labels"] for name, m in BY_NAME.items() if name in PODS]
    for name, manifest in BY_NAME.items():
        if manifest["kind"] == "Service":
            assert manifest["spec"]["selector"] in labels
        if name in PODS:
            assert manifest["spec"]["selector"]["matchLabels"] == manifest["spec"]["template"]["metadata"]["labels"]


def test_spark_is_told_the_names_of_the_manifests() -> None:
    conf = properties(options.KUBERNETES)
    service = BY_NAME["Service/application"]
    place = f"{service['metadata']['name']}.{service['metadata']['namespace']}"
    assert conf["spark.kubernetes.driver.pod.name"] == f"{BY_NAME['StatefulSet/application']['metadata']['name']}-0"
    assert conf["spark.driver.host"] == f"{conf['spark.kubernetes.driver.pod.name']}.{place}.svc"
    assert conf["spark.kubernetes.namespace"] == service["metadata"]["namespace"]
    assert f"ServiceAccount/{conf['spark.kubernetes.authenticate.serviceAccountName']}" in BY_NAME
    ports = {port["name"]: str(port["port"]) for port in service["spec"]["ports"]}
    assert (conf["spark.driver.port"], conf["spark.driver.blockManager.port"]) == (ports["driver"], ports["blocks"])
    container = PODS["StatefulSet/application"]["containers"][0]
    assert container["args"][-1].startswith("k8s://")


def test_executors_run_the_spark_that_the_driver_has() -> None:
    from importlib.metadata import version

    image = properties(options.KUBERNETES)["spark.kubernetes.container.image"]
    assert image.partition(":")[2].startswith(f"{version('pyspark')}-scala2.13-java17")


def test_only_one_application_and_nothing_secret_written_out() -> None:
    assert BY_NAME["StatefulSet/application"]["spec"]["replicas"] == 1
    assert not any(BY_NAME["Secret/newswake"]["stringData"].values())
