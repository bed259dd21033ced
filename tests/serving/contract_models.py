"""The contract's models on a disk, and the configuration with which TF Serving serves them.

`python -m tests.serving.contract_models FOLDER` writes both, for a container that sees FOLDER as
/models; then `SADDLEPOINT_TFSERVING=host:8500,http://host:8501` runs the contract's cases, and the
client's, against it.
"""

import sys
from pathlib import Path

_MODELS = """model_config_list {{
  config {{ name: "half_plus_two" base_path: "{at}/half_plus_two" model_platform: "tensorflow"
            version_labels {{ key: "stable" value: 123 }} }}
  config {{ name: "half_plus_five" base_path: "{at}/half_plus_five" model_platform: "tensorflow" }}
{others}}}
"""
_MONITORING = 'prometheus_config { enable: true path: "/monitoring/prometheus/metrics" }\n'


def configure(folder, at, *others):
    """Writes models.config and monitoring.config into `folder`, which the server sees at `at`.

    Args:
        folder: a path.
        at: where the server finds it.
        others: names of further models in it.
    """
    further = (
        f'  config {{ name: "{name}" base_path: "{at}/{name}" model_platform: "tensorflow" }}\n'
        for name in others
    )
    (folder / "models.config").write_text(_MODELS.format(at=at, others="".join(further)))
    (folder / "monitoring.config").write_text(_MONITORING)


def write(folder):
    """The models of the contract beside the folder "digits", which is an export's."""
    from tests.serving.conftest import HalfPlus

    folder.mkdir(parents=True, exist_ok=True)
    HalfPlus().save(folder / "half_plus_two" / "123")
    HalfPlus(5.0).save(folder / "half_plus_five" / "7")
    configure(folder, "/models", "digits")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
