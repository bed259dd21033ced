"""Answers in the protocol buffers of TF Serving's interface, which REST prints as JSON."""

from collections.abc import Sequence

from google.protobuf.message import Message
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, model_pb2

from serving.server.core import Core, ModelQuery
from serving.server.models import VersionStatus
from serving.server.status import invalid_argument

METADATA_FIELD = "signature_def"


def metadata_response(
    core: Core, query: ModelQuery | None, fields: Sequence[str]
) -> get_model_metadata_pb2.GetModelMetadataResponse:
    """Returns the signatures of a model in the interface's form.

    Raises:
        StatusError: no model spec, no field, an unknown field, or an unknown model.
    """
    if query is None:
        raise invalid_argument("Missing ModelSpec")
    if not fields:
        raise invalid_argument("GetModelMetadataRequest must specify at least one metadata_field")
    for field in fields:
        if field != METADATA_FIELD:
            raise invalid_argument(f"Metadata field {field} is not supported")
    version, signatures = core.signature_defs(query)
    response = get_model_metadata_pb2.GetModelMetadataResponse(
        model_spec=model_spec(query.name, version, "")
    )
    table = get_model_metadata_pb2.SignatureDefMap(signature_def=signatures)
    response.metadata[METADATA_FIELD].Pack(table)
    return response


def status_response(
    statuses: list[VersionStatus],
) -> get_model_status_pb2.GetModelStatusResponse:
    """Returns the statuses of a model's versions in the interface's form."""
    response = get_model_status_pb2.GetModelStatusResponse()
    for status in statuses:
        entry = response.model_version_status.add(version=status.version, state=status.state.value)
        entry.status.error_code = status.error_code.value
        entry.status.error_message = status.error_message
    return response


def model_query(request: Message) -> ModelQuery | None:
    """Returns what the request's model spec asks for; None when it has no model spec."""
    if not request.HasField("model_spec"):
        return None
    spec: model_pb2.ModelSpec = request.model_spec
    choice = spec.WhichOneof("version_choice")
    return ModelQuery(
        spec.name,
        spec.version.value if choice == "version" else None,
        spec.version_label if choice == "version_label" else None,
    )


def model_spec(name: str, version: int, signature: str) -> model_pb2.ModelSpec:
    """Returns the spec that says who answered."""
    spec = model_pb2.ModelSpec(name=name, signature_name=signature)
    spec.version.value = version
    return spec
