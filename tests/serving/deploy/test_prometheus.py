"""Prometheus' files by promtool where it is installed, and by a schema and a parser of ours."""

import re
import shutil
import subprocess
import urllib.request

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.serving.deploy import queries
from tests.serving.deploy.files import DEPLOY, load, metrics_path

RULES = load("prometheus/rules.yaml")
LISTED = load("prometheus/metrics.yaml")
CONFIGS = ("prometheus/prometheus.yaml", "kubernetes/monitoring/prometheus.yaml")
ALL_RULES = [rule for group in RULES["groups"] for rule in group["rules"]]


def closed(properties, *required):
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


TEXT, TEXTS = {"type": "string", "minLength": 1}, {"type": "array", "items": {"type": "string"}}
DURATION = {"type": "string", "pattern": r"^\d+(ms|s|m|h|d)$"}
MAP = {"type": "object", "additionalProperties": {"type": "string"}}
RULE = {
    "oneOf": [
        closed({"record": TEXT, "expr": TEXT, "labels": MAP}, "record", "expr"),
        closed(
            {"alert": TEXT, "expr": TEXT, "for": DURATION, "labels": MAP, "annotations": MAP},
            *("alert", "expr", "labels", "annotations"),
        ),
    ]
}
GROUP = closed(
    {"name": TEXT, "interval": DURATION, "rules": {"type": "array", "items": RULE}}, "name", "rules"
)
RULES_SCHEMA = closed({"groups": {"type": "array", "items": GROUP}}, "groups")
RELABEL = closed(
    {
        "source_labels": TEXTS,
        "action": {"enum": ["keep", "drop", "replace"]},
        "regex": TEXT,
        "target_label": TEXT,
    },
    "source_labels",
)
DISCOVERY = closed(
    {"role": {"enum": ["pod"]}, "namespaces": closed({"names": TEXTS}, "names")}, "role"
)
JOB = closed(
    {
        "job_name": TEXT,
        "metrics_path": TEXT,
        "static_configs": {"type": "array", "items": closed({"targets": TEXTS}, "targets")},
        "kubernetes_sd_configs": {"type": "array", "items": DISCOVERY},
        "relabel_configs": {"type": "array", "items": RELABEL},
    },
    "job_name",
)
CONFIG_SCHEMA = closed(
    {
        "global": closed({"scrape_interval": DURATION, "evaluation_interval": DURATION}),
        "rule_files": TEXTS,
        "scrape_configs": {"type": "array", "items": JOB},
    },
    *("global", "rule_files", "scrape_configs"),
)
ADAPTER_RULE = closed(
    {
        "seriesQuery": TEXT,
        "resources": closed(
            {
                "overrides": {
                    "type": "object",
                    "additionalProperties": closed({"resource": TEXT}, "resource"),
                }
            },
            "overrides",
        ),
        "name": closed({"matches": TEXT, "as": TEXT}, "matches", "as"),
        "metricsQuery": TEXT,
    },
    *("seriesQuery", "resources", "name", "metricsQuery"),
)
ADAPTER_SCHEMA = closed({"rules": {"type": "array", "items": ADAPTER_RULE}}, "rules")
SCHEMAS = {
    "prometheus/rules.yaml": RULES_SCHEMA,
    **dict.fromkeys(CONFIGS, CONFIG_SCHEMA),
    "kubernetes/monitoring/adapter_rules.yaml": ADAPTER_SCHEMA,
}


def errors(document, schema):
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    jsonschema.Draft202012Validator.check_schema(schema)
    return [str(error) for error in jsonschema.Draft202012Validator(schema).iter_errors(document)]


def promtool(*arguments, folder):
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed; Debian's package `prometheus` carries it")
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, cwd=folder)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def folder(tmp_path):
    """A copy of the rules, where a test may spoil them."""
    return shutil.copytree(DEPLOY / "prometheus", tmp_path / "prometheus")


# ---- Form ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SCHEMAS)
def test_the_file_meets_its_schema(path):
    assert errors(load(path), SCHEMAS[path]) == []


@pytest.mark.parametrize(
    ("path", "right", "wrong"),
    [
        ("prometheus/rules.yaml", "annotations:", "annotation:"),
        ("prometheus/rules.yaml", "for: 1m", "for: 1 minute"),
        (CONFIGS[0], "static_configs", "static_config"),
        (CONFIGS[1], "relabel_configs", "relabeling"),
        (CONFIGS[1], "kubernetes_sd_configs", "kubernetes_sd"),
        ("kubernetes/monitoring/adapter_rules.yaml", "metricsQuery", "metricQuery"),
    ],
)
def test_a_misspelt_key_is_refused(path, right, wrong):
    text = (DEPLOY / path).read_text()
    assert right in text
    assert errors(yaml.safe_load(text.replace(right, wrong)), SCHEMAS[path])


@pytest.mark.parametrize("path", CONFIGS)
def test_promtool_accepts_the_configuration(path, folder):
    config = load(path)
    for job in config["scrape_configs"]:
        # Debian's promtool is built without Kubernetes; the schema above looks at that part.
        if job.pop("kubernetes_sd_configs", None):
            job["static_configs"] = [{"targets": ["pod:8501"]}]
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    status, output = promtool("check", "config", "config.yaml", folder=folder)
    assert status == 0 and "13 rules found" in output, output
    (folder / "config.yaml").write_text(yaml.safe_dump({**config, "scrape_config": []}))
    assert promtool("check", "config", "config.yaml", folder=folder)[0] != 0


def test_promtool_finds_that_the_rules_do_what_they_should(folder):
    status, output = promtool("test", "rules", "rules_test.yaml", folder=folder)
    assert status == 0, output


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("/ 1e6\n          / clamp_min", "/ 1e3\n          / clamp_min"),
        ("max by (namespace, instance, model_name)", "min by (namespace, model_name)"),
        ("INTERNAL|UNAVAILABLE", "INTERNAL|INVALID_ARGUMENT"),
        ('API=~"(?i:predict)"', 'API="predict|classify"'),
        ("record: saddlepoint:queue_seconds:mean2m", "recrod: saddlepoint:queue_seconds:mean2m"),
        ("clamp_min(sum by", "clamp_min(sum bi"),
    ],
)
def test_promtool_finds_a_rule_that_was_spoilt(folder, right, wrong):
    text = (folder / "rules.yaml").read_text()
    assert right in text
    (folder / "rules.yaml").write_text(text.replace(right, wrong))
    assert promtool("test", "rules", "rules_test.yaml", folder=folder)[0] != 0


def test_every_alert_says_what_is_the_matter_and_how_bad_it_is():
    alerts = [rule for rule in ALL_RULES if "alert" in rule]
    assert len(alerts) >= 5
    assert all(rule["labels"]["severity"] in ("critical", "warning") for rule in alerts)
    assert all(rule["annotations"]["summary"] for rule in alerts)


# ---- Metrics -------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.get("record", rule.get("alert")))
def test_rules_use_metrics_and_labels_that_are_exported(rule):
    queries.require_known(rule["expr"])


@pytest.mark.parametrize(
    "expression",
    [
        "rate(:tensorflow:serving:request_counts[1m])",
        ":tensorflow:serving:request_latency",
        'saddlepoint_queue_seconds_sum{model="digits"}',
        "sum by (modelname) (saddlepoint_requests_waiting)",
    ],
)
def test_an_unknown_metric_or_label_is_noticed(expression):
    with pytest.raises(queries.UnknownError):
        queries.require_known(expression)


def exported_families(page):
    """The type and the labels of every metric on a page in Prometheus' text format."""
    families = {}
    for family in text_string_to_metric_families(page):
        labels = set().union(*(sample.labels for sample in family.samples)) - {"le"}
        families[family.name] = (family.type, labels)
    return families


def test_the_list_agrees_with_what_the_endpoint_exports(start_server, half_plus_two):
    """Calls an endpoint with these very files once, so that every metric has a sample."""
    server = start_server(
        half_plus_two,
        enable_batching=True,
        batching_parameters_file=str(DEPLOY / "config/batching_parameters.txt"),
        monitoring_config_file=str(DEPLOY / "config/monitoring.config"),
    )
    address = f"http://127.0.0.1:{server.rest_api_port}"
    body = b'{"instances": [1.0]}'
    urllib.request.urlopen(f"{address}/v1/models/default:predict", body).read()
    page = urllib.request.urlopen(address + metrics_path()).read().decode()
    exported = exported_families(page)
    for name, entry in LISTED["embedded"].items():
        assert exported[name] == (entry["type"], set(entry["labels"])), name


def test_what_both_export_is_listed_alike():
    for name in set(LISTED["tf_serving"]) & set(LISTED["embedded"]):
        assert LISTED["tf_serving"][name] == LISTED["embedded"][name]


# ---- The way to the autoscaler -------------------------------------------------------------------


def test_the_adapter_reads_a_series_that_is_recorded_per_pod():
    (rule,) = load("kubernetes/monitoring/adapter_rules.yaml")["rules"]
    series = re.match(r"[\w:]+", rule["seriesQuery"])[0]
    recorded = {entry["record"]: entry["expr"] for entry in ALL_RULES if "record" in entry}
    labels = set(rule["resources"]["overrides"])
    assert all(
        labels <= set(found.split(", "))
        for found in re.findall(r"by \(([^)]*)\)", recorded[series])
    )
    assert re.match(rule["name"]["matches"], series)
    filled = (
        rule["metricsQuery"]
        .replace("<<.Series>>", series)
        .replace("<<.LabelMatchers>>", 'namespace="saddlepoint",pod=~"a|b"')
        .replace("<<.GroupBy>>", "pod")
    )
    queries.require_known(filled)
    queries.require_known(rule["seriesQuery"])


def test_the_autoscaler_asks_for_the_adapters_metric():
    (rule,) = load("kubernetes/monitoring/adapter_rules.yaml")["rules"]
    metric = load("kubernetes/base/autoscaler.yaml")["spec"]["metrics"][0]["pods"]["metric"]
    assert metric["name"] == rule["name"]["as"]


def test_scraping_gives_the_labels_that_the_rules_group_by():
    (job,) = load(CONFIGS[1])["scrape_configs"]
    targets = {entry.get("target_label") for entry in job["relabel_configs"]}
    assert {"namespace", "pod", "__metrics_path__"} <= targets
    assert job["job_name"] == load(CONFIGS[0])["scrape_configs"][0]["job_name"] == "saddlepoint"
