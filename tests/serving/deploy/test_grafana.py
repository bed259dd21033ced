"""Grafana's files against its own models, and the dashboard's queries against what is exported."""

import copy
import json

import pytest

from tests.serving.deploy import queries
from tests.serving.deploy.files import load

DASHBOARD = load("grafana/dashboards/endpoint.json")
PANELS = DASHBOARD["panels"]
SOURCES = "grafana/provisioning/datasources/prometheus.yaml"
PROVIDERS = "grafana/provisioning/dashboards/endpoint.yaml"


def lost(before, after, path=""):
    """The places of a document that are not the same in another."""
    if isinstance(before, dict) and isinstance(after, dict):
        missing = [f"{path}/{key}" for key in before if key not in after]
        kept = [key for key in before if key in after]
        return missing + [x for key in kept for x in lost(before[key], after[key], f"{path}/{key}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return [x for i, (one, other) in pairs for x in lost(one, other, f"{path}/{i}")]
    return [] if before == after else [path]


@pytest.fixture(scope="module")
def through_grafana():
    """Reads a dashboard into Grafana's own classes and writes it again: what they lack is lost."""
    reason = "grafana-foundation-sdk is not installed"
    models = pytest.importorskip("grafana_foundation_sdk.models.dashboard", reason=reason)
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins

    register_default_plugins()

    def write(dashboard):
        return json.loads(JSONEncoder().encode(models.Dashboard.from_json(dashboard)))

    return write


def test_grafanas_classes_hold_the_whole_dashboard(through_grafana):
    assert lost(DASHBOARD, through_grafana(copy.deepcopy(DASHBOARD))) == []


@pytest.mark.parametrize(
    ("path", "right", "wrong"),
    [
        ([], "schemaVersion", "schemaVersoin"),
        (["panels", 4], "targets", "target"),
        (["panels", 4, "targets", 0], "legendFormat", "legend"),
        (["panels", 4, "fieldConfig", "defaults"], "unit", "units"),
        (["panels", 0, "options"], "reduceOptions", "reduceOption"),
        (["templating", "list", 0], "includeAll", "all"),
    ],
)
def test_a_misspelt_key_is_noticed(through_grafana, path, right, wrong):
    spoilt = copy.deepcopy(DASHBOARD)
    place = spoilt
    for key in path:
        place = place[key]
    place[wrong] = place.pop(right)
    assert any(entry.endswith(f"/{wrong}") for entry in lost(spoilt, through_grafana(spoilt)))


def expressions():
    for panel in PANELS:
        for target in panel["targets"]:
            yield pytest.param(target["expr"], id=f"{panel['title']}-{target['refId']}")


@pytest.mark.parametrize("expression", expressions())
def test_queries_use_metrics_and_labels_that_are_exported(expression):
    queries.require_known(expression.replace("$model", "digits"))


def test_legends_name_labels_that_the_query_keeps():
    known = queries.known_series()
    for panel in PANELS:
        for target in panel["targets"]:
            selectors, grouping = queries.parts(target["expr"].replace("$model", "digits"))
            kept = grouping or set().union(*(known[name] for name, _ in selectors))
            for label in target["legendFormat"].split("{{")[1:]:
                assert label.split("}}")[0] in kept, (panel["title"], label)


def test_what_the_dashboard_must_show_is_there():
    text = " ".join(target["expr"] for panel in PANELS for target in panel["targets"])
    for series in (
        "requests:rate2m",
        "request_latency_seconds:p50",
        "request_latency_seconds:p99",
        'status!="OK"',
        "queue_seconds",
        "batch_rows",
        "saddlepoint_version_available",
        ":tensorflow:cc:saved_model:load_attempt_count",
    ):
        assert series in text


def test_panels_have_numbers_of_their_own_and_do_not_overlap():
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    taken = set()
    for panel in PANELS:
        box = panel["gridPos"]
        cells = {(box["x"] + i, box["y"] + j) for i in range(box["w"]) for j in range(box["h"])}
        assert not cells & taken and box["x"] + box["w"] <= 24, panel["title"]
        taken |= cells


def test_the_variable_reads_a_metric_that_is_exported():
    (variable,) = DASHBOARD["templating"]["list"]
    metric, label = variable["query"].removeprefix("label_values(").rstrip(")").split(", ")
    assert label in queries.known_series()[metric]


def test_the_provisioned_source_is_the_one_that_panels_ask():
    (source,) = load(SOURCES)["datasources"]
    asked = {entry["datasource"]["uid"] for panel in PANELS for entry in (panel, *panel["targets"])}
    assert asked == {source["uid"]}
    host, port = source["url"].removeprefix("http://").split(":")
    service = load("compose.yaml")["services"][host]
    assert service["ports"] == [f"127.0.0.1:{port}:{port}"]


def test_the_provisioned_folder_is_where_the_dashboard_is_mounted():
    (provider,) = load(PROVIDERS)["providers"]
    grafana = load("compose.yaml")["services"]["grafana"]
    targets = {entry["source"]: entry["target"] for entry in grafana["configs"]}
    assert targets["dashboard"] == provider["options"]["path"] + "/endpoint.json"
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == targets["dashboard"]


# Grafana publishes no schema of its provisioning files; these are the keys of its documentation.
SOURCE_KEYS = {"name", "uid", "type", "access", "url", "isDefault", "editable", "jsonData"}
PROVIDER_KEYS = {
    *("name", "type", "options"),
    *("disableDeletion", "allowUiUpdates", "updateIntervalSeconds"),
}


@pytest.mark.parametrize(
    ("path", "entries", "keys"),
    [(SOURCES, "datasources", SOURCE_KEYS), (PROVIDERS, "providers", PROVIDER_KEYS)],
)
def test_provisioning_files_have_the_documented_keys(path, entries, keys):
    document = load(path)
    assert set(document) == {"apiVersion", entries} and document["apiVersion"] == 1
    assert all(set(entry) <= keys for entry in document[entries])
