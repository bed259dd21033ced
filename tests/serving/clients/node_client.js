// @grpc/grpc-js against an endpoint: node node_client.js DESCRIPTORS HOST:PORT MODEL
//
// DESCRIPTORS is a FileDescriptorSet of TF Serving's .proto files. Prints one JSON document.
const fs = require("fs");
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const [descriptors, address, model] = process.argv.slice(2);
const options = { keepCase: true, longs: String, enums: String, defaults: true, bytes: Buffer };
const definition = loader.loadFileDescriptorSetFromBuffer(fs.readFileSync(descriptors), options);
const serving = grpc.loadPackageDefinition(definition).tensorflow.serving;
const credentials = grpc.credentials.createInsecure();
const predictions = new serving.PredictionService(address, credentials);
const models = new serving.ModelService(address, credentials);

function call(client, method, request) {
  return new Promise((resolve) =>
    client[method](request, { deadline: Date.now() + 20000 }, (error, reply) =>
      resolve(error ? { error: { code: grpc.status[error.code], text: error.details } } : reply),
    ),
  );
}

// From a descriptor set, proto-loader knows a map as the list of its entries.
function predict(signature, named) {
  const spec = { name: model, signature_name: signature };
  const inputs = Object.entries(named).map(([key, value]) => ({ key, value }));
  return call(predictions, "Predict", { model_spec: spec, inputs });
}

function byName(entries) {
  return Object.fromEntries(entries.map(({ key, value }) => [key, value]));
}

function int64(values) {
  return {
    dtype: "DT_INT64",
    tensor_shape: { dim: [{ size: String(values.length) }] },
    int64_val: values.map(String),
  };
}

// A server may send numbers as a list or as bytes: TF Serving does the first by default.
function numbers(tensor) {
  if (tensor.tensor_content.length === 0) {
    return (tensor.dtype === "DT_INT64" ? tensor.int64_val : tensor.int_val).map(Number);
  }
  const bytes = tensor.tensor_content;
  if (tensor.dtype === "DT_UINT8") return [...bytes];
  return Array.from({ length: bytes.length / 8 }, (_, i) => Number(bytes.readBigInt64LE(8 * i)));
}

async function main() {
  const name = { name: model };
  const status = await call(models, "GetModelStatus", { model_spec: name });
  const metadata = await call(predictions, "GetModelMetadata", {
    model_spec: name,
    metadata_field: ["signature_def"],
  });
  const reply = await predict("", { seed: int64([0, 1, 2, 3, 4]) });
  if (reply.error) throw new Error(JSON.stringify(reply.error));
  const outputs = byName(reply.outputs);
  const shape = outputs.image.tensor_shape.dim.map((dim) => Number(dim.size));
  const unknown = await predict("", { sed: int64([0]) });
  const label = await predict("generate_conditional", { seed: int64([0]), label: int64([10]) });
  const absent = await call(predictions, "Predict", { model_spec: { name: "nobody" } });
  const answer = {
    states: status.model_version_status.map((entry) => entry.state),
    metadata: Object.keys(byName(metadata.metadata)),
    spec: reply.model_spec,
    shape,
    image: numbers(outputs.image),
    label: numbers(outputs.label),
    errors: { unknown: unknown.error, label: label.error, absent: absent.error },
  };
  process.stdout.write(JSON.stringify(answer));
}

main().then(() => process.exit(0));
