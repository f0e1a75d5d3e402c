"""A worker for bench.py: the forward pass of a convolution, an ONNX model of one node, in ONNX Runtime or OpenVINO.

Weights are constants of the model and prepared once. Input and output memory is made once too.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper

import convolution
import worker


def model(conv, weight):
    node = helper.make_node(
        "ConvTranspose" if conv.transposed else "Conv",
        ["x", "weight"],
        ["y"],
        kernel_shape=conv.kernel,
        strides=conv.stride,
        pads=conv.padding * 2,
        dilations=conv.dilation,
        group=conv.groups,
    )
    graph = helper.make_graph(
        [node],
        "convolution",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, conv.input_shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, conv.output_shape)],
        [onnx.numpy_helper.from_array(weight, "weight")],
    )
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


def onnxruntime(options, content, x, y):
    import onnxruntime as ort

    def prepare():
        settings = ort.SessionOptions()
        settings.intra_op_num_threads = options.threads
        session = ort.InferenceSession(content, settings, providers=["CPUExecutionProvider"])
        binding = session.io_binding()
        binding.bind_ortvalue_input("x", ort.OrtValue.ortvalue_from_numpy(x))
        output = ort.OrtValue.ortvalue_from_numpy(y)
        binding.bind_ortvalue_output("y", output)

        def infer():
            session.run_with_iobinding(binding)
            return output.numpy()

        return infer

    return f"ONNX Runtime {ort.__version__}", prepare


def openvino(options, content, x, y):
    import openvino as ov

    def prepare():
        settings = {
            "INFERENCE_NUM_THREADS": options.threads,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
        }
        core = ov.Core()
        request = core.compile_model(core.read_model(content), "CPU", settings).create_infer_request()
        request.set_input_tensor(ov.Tensor(x, shared_memory=True))
        request.set_output_tensor(ov.Tensor(y, shared_memory=True))

        def infer():
            request.infer()
            return y

        return infer

    return f"OpenVINO {ov.__version__.split('-')[0]}", prepare


def main():
    runtimes = {"onnxruntime": onnxruntime, "openvino": openvino}
    conv, options = convolution.arguments(__doc__, modes=tuple(runtimes))
    numbers = np.random.default_rng(0)
    x, weight = (numbers.standard_normal(s, dtype=np.float32) for s in (conv.input_shape, conv.weight_shape))
    y = np.zeros(conv.output_shape, np.float32)
    worker.serve(*runtimes[options.mode](options, model(conv, weight), x, y), lambda made: float(made.sum()))


if __name__ == "__main__":
    main()
