"""A Python gRPC server that answers every Predict with the same image: what gRPC alone costs."""

import asyncio
import json
import sys

import grpc
import numpy as np
from tensorflow_serving.apis import predict_pb2

from serving.server.tensors import to_proto

_SERVICE = "tensorflow.serving.PredictionService"


async def main(shape: list[int]) -> None:
    """Answers until the process is ended."""
    image = np.random.default_rng(0).integers(0, 256, [1, *shape], np.uint8)
    reply = predict_pb2.PredictResponse(outputs={"image": to_proto(image)}).SerializeToString()

    async def predict(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
        return reply

    handler = grpc.unary_unary_rpc_method_handler(predict)
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(_SERVICE, {"Predict": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(json.dumps({"port": port}), flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
