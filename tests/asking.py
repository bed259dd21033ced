"""Asks an export for everything it offers. As a program it reads paths, and knows TensorFlow alone.

Run it with `python -P`: beside this file lie folders with the names of the packages.
"""

import json
import sys

import numpy as np
import tensorflow as tf


def ask_everything(signatures):
    """Asks every signature for seven rows, and for one of them alone, which must be alike."""
    assert "describe" in signatures and len(signatures) > 2
    row = signatures["describe"](row=tf.zeros([1], tf.int64))
    described = json.loads(row["description"].numpy()[0])["fields"].values()
    fields = {n: field for signature in described for n, field in signature["inputs"].items()}
    for name, function in signatures.items():
        inputs = function.structured_input_signature[1]
        seven = {n: _rows(spec, 7, fields.get(n, {})) for n, spec in inputs.items()}
        all_rows = function(**seven)
        alone = function(**{n: rows[2:3] for n, rows in seven.items()})
        for output in all_rows:
            a, b = all_rows[output].numpy(), alone[output].numpy()
            assert len(a) == 7 and len(b) == 1, f"{name}.{output}"
            _assert_alike(a[2], b[0], f"{name}.{output}")


def _rows(spec, count, field):
    shape = [count, *(side or 5 for side in spec.shape[1:])]
    if spec.dtype == tf.string:
        return tf.fill(shape, "a")
    random = np.random.RandomState(0)
    if spec.dtype.is_integer:
        high = 2 if spec.dtype == tf.int64 else 200
        high = len(field["names"]) if field.get("kind") == "label_map" else high
        return tf.constant(random.randint(0, high, shape), spec.dtype)
    return tf.constant(random.uniform(0.1, 0.9, shape), spec.dtype)


def _assert_alike(a, b, message):
    """Within one grey level, or a hundred-thousandth: other batch sizes round otherwise."""
    if np.issubdtype(np.asarray(a).dtype, np.integer):
        assert np.abs(a.astype(int) - b.astype(int)).max(initial=0) <= 1, message
    elif np.issubdtype(np.asarray(a).dtype, np.floating):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4, err_msg=message)
    elif not message.endswith("image_bytes"):
        # PNG bytes may differ by a grey level that the pictures beside them are tested for.
        assert a == b, message


def refuse_bfloat16(signatures):
    """Looks through the operations of all signatures."""
    for function in signatures.values():
        graph = function.graph.as_graph_def()
        nodes = [*graph.node, *(n for f in graph.library.function for n in f.node_def)]
        half = [n.name for n in nodes if n.attr["T"].type == tf.bfloat16.as_datatype_enum]
        assert nodes and not half, half


def _main():
    for path in sys.stdin:
        signatures = tf.saved_model.load(path.strip()).signatures
        ask_everything(signatures)
        refuse_bfloat16(signatures)
        assert not {"trainer", "serving"} & set(sys.modules)
        print("all answered", flush=True)


if __name__ == "__main__":
    _main()
