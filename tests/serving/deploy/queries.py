"""What a PromQL expression refers to, and whether anything exports it."""

import pytest

from tests.serving.deploy.files import load

# Labels that do not come from the endpoint but from Prometheus.
TARGET_LABELS = {"job", "instance", "namespace", "pod"}
_SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}


class UnknownError(ValueError):
    """An expression uses what nothing exports."""


def known_series():
    """The labels of every series that the endpoints export or the rules record, by name."""
    listed = load("prometheus/metrics.yaml")
    series = {"up": set()}
    for name, entry in [*listed["tf_serving"].items(), *listed["embedded"].items()]:
        for suffix in _SUFFIXES[entry["type"]]:
            bucket = {"le"} if suffix == "_bucket" else set()
            series[name + suffix] = {*entry["labels"], *bucket}
    for group in load("prometheus/rules.yaml")["groups"]:
        for rule in group["rules"]:
            if "record" in rule:
                series[rule["record"]] = parts(rule["expr"])[1] - {"le"}
    return {name: labels | TARGET_LABELS for name, labels in series.items()}


def require_known(expression):
    """Parses an expression; refuses metrics and labels that no series of it has."""
    series, used = known_series(), set()
    selectors, grouping = parts(expression)
    for name, labels in selectors:
        if name not in series:
            raise UnknownError(f"{name}: nothing exports it; metrics.yaml lists what is exported.")
        if unknown := labels - series[name]:
            raise UnknownError(f"{name}: has no label {sorted(unknown)}.")
        used |= series[name]
    if unknown := grouping - used:
        raise UnknownError(f"{expression}: groups by {sorted(unknown)}, which no series has.")


def parts(expression):
    """The selectors of an expression, as (name, labels), and the labels it groups by."""
    promql = pytest.importorskip("promql_parser", reason="promql-parser is not installed")
    selectors, grouping = [], set()

    def visit(node):
        if isinstance(node, promql.VectorSelector):
            selectors.append((node.name, {matcher.name for matcher in node.matchers.matchers}))
        if isinstance(node, promql.AggregateExpr) and node.modifier is not None:
            grouping.update(node.modifier.labels)
        for name in ("expr", "lhs", "rhs", "vector_selector", "param"):
            child = getattr(node, name, None)
            if isinstance(child, promql.Expr):
                visit(child)
        for child in getattr(node, "args", None) or []:
            visit(child)

    visit(promql.parse(expression))
    return selectors, grouping
