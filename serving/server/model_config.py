"""Which models and versions to serve, and from where: TF Serving's ModelServerConfig."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tensorflow_serving.config import model_server_config_pb2

from serving.errors import UsageError
from serving.server import textproto
from serving.server.status import StatusError, invalid_argument

_PLATFORMS = ("", "tensorflow")
_TYPES = (model_server_config_pb2.MODEL_TYPE_UNSPECIFIED, model_server_config_pb2.TENSORFLOW)
_MAX_PATH = 4096  # bytes: what Linux takes


@dataclass(frozen=True)
class VersionPolicy:
    """Which of the versions in a base path are served.

    Attributes:
        num_latest: how many of the newest; 0 for all of them.
        specific: these and no others; empty for no such list.
    """

    num_latest: int = 1
    specific: tuple[int, ...] = ()

    def candidates(self, versions: Sequence[int]) -> list[int]:
        """Returns the versions that may be served, the newest first."""
        wanted = versions if not self.specific else set(versions) & set(self.specific)
        return sorted(wanted, reverse=True)

    @property
    def limit(self) -> int | None:
        """How many of the candidates are served; None for every one."""
        return None if self.specific else self.num_latest or None


@dataclass(frozen=True)
class ModelConfig:
    """A model by name: its base path, the versions wanted and names for some of them."""

    name: str
    base_path: str
    policy: VersionPolicy = VersionPolicy()
    labels: Mapping[str, int] = field(default_factory=dict)


def read_file(path: str) -> list[ModelConfig]:
    """Returns the models of the text protocol buffer ModelServerConfig at `path`.

    Raises:
        UsageError: the file cannot be read, or asks for what cannot be.
    """
    message = model_server_config_pb2.ModelServerConfig()
    textproto.read(message, path, "model_config_file")
    if not message.HasField("model_config_list"):
        raise UsageError(
            f"model_config_file: {path!r} lists no models; expected "
            "model_config_list { config { name: 'pets' base_path: '/models/pets' } }."
        )
    try:
        return from_proto(message)
    except StatusError as error:
        raise UsageError(f"model_config_file: {path!r}: {error.text}") from error


def from_proto(message: model_server_config_pb2.ModelServerConfig) -> list[ModelConfig]:
    """Returns the models of a ModelServerConfig.

    Raises:
        StatusError: INVALID_ARGUMENT, where TF Serving says it in TF Serving's words.
    """
    if message.WhichOneof("config") != "model_config_list":
        raise invalid_argument(
            "ServerModelConfig type not supported by HandleReloadConfigRequest. "
            "Only ModelConfigList is currently supported"
        )
    configs = [_from_proto(config) for config in message.model_config_list.config]
    seen = set()
    for config in configs:
        if config.name in seen:
            raise invalid_argument(
                f"Illegal to list model {config.name} multiple times in config list"
            )
        seen.add(config.name)
    return configs


def _from_proto(config: model_server_config_pb2.ModelConfig) -> ModelConfig:
    if not config.name:
        raise invalid_argument("A model has no name; every model in the config list needs one.")
    if len(config.base_path.encode()) > _MAX_PATH or "\0" in config.base_path:
        raise invalid_argument(f"The base path of model {config.name} can be none of a folder.")
    if not os.path.isabs(config.base_path) and "://" not in config.base_path:
        raise invalid_argument(
            f"Expected model {config.name} to have an absolute path or URI; "
            f"got base_path()={config.base_path}"
        )
    _check_platform(config)
    return ModelConfig(config.name, config.base_path, _policy(config), dict(config.version_labels))


def _check_platform(config: model_server_config_pb2.ModelConfig) -> None:
    kind, platform = config.model_type, config.model_platform
    if kind and platform:
        raise invalid_argument(
            "Illegal setting both ModelServerConfig::model_type (deprecated) and "
            f"ModelServerConfig::model_platform, model name is {config.name}"
        )
    if kind not in _TYPES:
        text = f"ModelServerConfig::model_type choice {kind} not supported."
        raise invalid_argument(text)
    if platform not in _PLATFORMS:
        text = f"Model {config.name} requests unsupported platform {platform}"
        raise invalid_argument(text)


def _policy(config: model_server_config_pb2.ModelConfig) -> VersionPolicy:
    policy = config.model_version_policy
    match policy.WhichOneof("policy_choice"):
        case "all":
            return VersionPolicy(num_latest=0)
        case "specific" if policy.specific.versions:
            return VersionPolicy(specific=tuple(policy.specific.versions))
        case "specific":
            text = f"Model {config.name} asks for specific versions and lists none; list one."
            raise invalid_argument(text)
        case _:
            return VersionPolicy(num_latest=policy.latest.num_versions or 1)
