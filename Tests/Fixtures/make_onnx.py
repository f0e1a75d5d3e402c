"""Models in the ONNX format and what others make of them: a selection of the ONNX project's own test cases, and small
networks that PyTorch's two exporters wrote, with ONNX Runtime's outputs and PyTorch's gradients.

A file holds several: `NAME/model` are the bytes of an ONNX file, `NAME/input.X` and `NAME/output.X` its tensors by name.
"""

import io
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from safetensors.numpy import save_file
from torch import nn

warnings.filterwarnings("ignore")
folder = Path(__file__).parent

# One or two cases a family, and those with the most delicate rules.
CASES = """
test_conv_with_autopad_same test_conv_with_strides_and_asymmetric_padding test_convtranspose_output_shape
test_convtranspose_autopad_same test_convtranspose_dilations test_convtranspose_group_2
test_maxpool_2d_ceil test_maxpool_2d_dilations test_maxpool_with_argmax_2d_precomputed_pads
test_maxpool_with_argmax_2d_precomputed_strides test_maxpool_2d_precomputed_same_upper test_averagepool_2d_ceil
test_averagepool_2d_precomputed_same_upper test_averagepool_2d_dilations test_lppool_2d_dilations
test_globalmaxpool_precomputed test_maxunpool_export_without_output_shape test_maxunpool_export_with_output_shape
test_batchnorm_epsilon test_batchnorm_example_training_mode test_instancenorm_example test_group_normalization_example
test_layer_normalization_2d_axis1 test_lrn test_mvn
test_resize_upsample_sizes_nearest_ceil_half_pixel test_resize_downsample_scales_cubic_A_n0p5_exclude_outside
test_resize_tf_crop_and_resize test_resize_downsample_sizes_linear_antialias
test_resize_upsample_sizes_nearest_not_larger test_resize_upsample_scales_linear_half_pixel_symmetric
test_upsample_nearest test_gemm_all_attributes test_matmul_4d test_einsum_batch_diagonal test_einsum_batch_matmul
test_reduce_log_sum_exp_negative_axes_keepdims_random test_reduce_sum_empty_axes_input_noop
test_argmax_negative_axis_keepdims_example_select_last_index test_softmax_axis_1 test_hardmax_default_axis
test_split_variable_parts_2d_opset18 test_slice_negative_axes test_slice_neg_steps test_constant_pad_negative_axes
test_reflect_pad test_edge_pad test_wrap_pad test_reshape_zero_and_negative_dim test_reshape_allowzero_reordered
test_unsqueeze_unsorted_axes test_gather_negative_indices test_gather_elements_negative_indices
test_gathernd_example_int32_batch_dim1 test_scatter_elements_with_axis test_scatternd_add test_expand_dim_changed
test_tile_precomputed test_cast_FLOAT_to_DOUBLE test_range_int32_type_negative_delta test_depthtospace_crd_mode_example
test_cumsum_1d_reverse_exclusive test_triu_neg test_top_k_smallest test_onehot_negative_indices test_nonzero_example
test_mod_int64_fmod test_div_int32_trunc test_pow_types_int64_float32 test_clip_default_max test_prelu_broadcast
test_hardsigmoid test_celu test_where_example test_dropout_default_mask_ratio
""".split()


def flat(model):
    return np.frombuffer(model.SerializeToString(), dtype=np.uint8)


def array(value):
    return np.array(numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value, order="C")


def operator_cases():
    from onnx.backend.test.case.node import collect_testcases

    tensors = {}
    found = {case.name: case for case in collect_testcases(None)}
    for name in CASES:
        if name not in found:
            print("no case", name)
            continue
        case = found[name]
        inputs, outputs = case.data_sets[0]
        key = name.removeprefix("test_")
        model = case.model
        model.graph.doc_string = model.doc_string = ""
        tensors[f"{key}/model"] = flat(model)
        for value, given in zip(model.graph.input, inputs):
            tensors[f"{key}/input.{value.name}"] = array(given)
        for value, expected in zip(model.graph.output, outputs):
            tensors[f"{key}/output.{value.name}"] = array(expected)
        tensors[f"{key}/tolerance"] = np.array([case.rtol, case.atol], dtype=np.float64)
    return tensors


def layer(kind, **attributes):
    """A node from `x`, and weights where it has some, to `y`."""
    inputs = {"Conv": ["x", "w", "b"], "ConvTranspose": ["x", "w", "b"]}.get(kind, ["x"])
    return [helper.make_node(kind, inputs, ["y", "i"] if attributes.pop("indices", False) else ["y"], **attributes)]


# What the suite has no case of: padding that differs from side to side, and layouts that change after a convolution.
OWN = {
    "own_conv_asymmetric": ((2, 4, 7, 6), (6, 2, 3, 2), layer("Conv", pads=[0, 1, 2, 3], strides=[2, 1], dilations=[1, 2], group=2)),
    "own_conv_same_lower": ((1, 2, 7, 6), (3, 2, 4, 2), layer("Conv", auto_pad="SAME_LOWER", strides=[2, 3])),
    "own_conv1d_asymmetric": ((2, 3, 9), (4, 3, 4), layer("Conv", pads=[2, 1], strides=[2])),
    "own_conv3d_asymmetric": ((1, 2, 4, 5, 3), (2, 2, 2, 3, 2), layer("Conv", pads=[1, 0, 0, 0, 2, 1])),
    "own_convtranspose_asymmetric": ((2, 4, 4, 3), (4, 3, 3, 3), layer("ConvTranspose", pads=[1, 0, 0, 2], strides=[2, 3], output_padding=[1, 2], group=2)),
    "own_convtranspose_same_upper": ((1, 2, 3, 4), (2, 2, 3, 4), layer("ConvTranspose", auto_pad="SAME_UPPER", strides=[2, 3])),
    "own_maxpool_asymmetric": ((1, 3, 6, 5), None, layer("MaxPool", kernel_shape=[3, 2], pads=[0, 1, 2, 0], strides=[2, 1], indices=True)),
    "own_maxpool_column_major": ((2, 2, 4, 5, 3), None, layer("MaxPool", kernel_shape=[2, 2, 2], strides=[2, 1, 1], storage_order=1, indices=True)),
    "own_averagepool_asymmetric": ((1, 3, 6, 5), None, layer("AveragePool", kernel_shape=[3, 2], pads=[0, 1, 2, 0], strides=[2, 2], ceil_mode=1, count_include_pad=1)),
    "own_lppool_asymmetric": ((1, 2, 5, 4), None, layer("LpPool", kernel_shape=[2, 2], pads=[1, 0, 0, 1], p=3)),
    "own_tokens": ((1, 3, 4, 5), (4, 3, 3, 3), [
        helper.make_node("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Transpose", ["c"], ["t"], perm=[0, 2, 3, 1]),
        helper.make_node("Flatten", ["t"], ["f"], axis=3),
        helper.make_node("Transpose", ["f"], ["g"], perm=[1, 0]),
        helper.make_node("MatMul", ["f", "g"], ["m"]),
        helper.make_node("Softmax", ["m"], ["s"], axis=-1),
        helper.make_node("MatMul", ["s", "f"], ["y"]),
    ]),
    "own_layouts": ((1, 2, 4, 6), (8, 2, 1, 1), [
        helper.make_node("Conv", ["x", "w", "b"], ["c"]),
        helper.make_node("Split", ["c"], ["one", "two"], axis=1, num_outputs=2),
        helper.make_node("DepthToSpace", ["c"], ["d"], blocksize=2, mode="CRD"),
        helper.make_node("SpaceToDepth", ["d"], ["e"], blocksize=2),
        helper.make_node("Concat", ["one", "e", "two"], ["j"], axis=1),
        helper.make_node("ReduceMax", ["j"], ["r"], keepdims=1),
        helper.make_node("ArgMax", ["j"], ["a"], axis=1, keepdims=1),
        helper.make_node("Cast", ["a"], ["ac"], to=1),
        helper.make_node("Div", ["j", "r"], ["q"]),
        helper.make_node("Add", ["q", "ac"], ["z"]),
        helper.make_node("Flatten", ["z"], ["y"]),
    ]),
}  # fmt: skip


def own_cases():
    """The same, with ONNX Runtime's outputs."""
    tensors = {}
    generator = np.random.default_rng(11)
    draw = lambda shape: generator.standard_normal(shape).astype(np.float32)
    for key, (shape, kernel, nodes) in OWN.items():
        weights = []
        if kernel:
            groups = next((a.i for a in nodes[0].attribute if a.name == "group"), 1)
            outputs = kernel[1] * groups if nodes[0].op_type == "ConvTranspose" else kernel[0]
            weights = [numpy_helper.from_array(draw(kernel), "w"), numpy_helper.from_array(draw((outputs,)), "b")]
        names = [name for name in nodes[-1].output]
        values = [helper.make_tensor_value_info(n, 7 if n == "i" else 1, None) for n in names]
        graph = helper.make_graph(nodes, key, [helper.make_tensor_value_info("x", 1, shape)], values, weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        x = draw(shape)
        tensors[f"{key}/model"] = flat(model)
        tensors[f"{key}/input.x"] = x
        for name, value in zip(names, session.run(None, {"x": x})):
            tensors[f"{key}/output.{name}"] = value
        tensors[f"{key}/tolerance"] = np.array([1e-4, 1e-5])
    return tensors


class Residual(nn.Module):
    """A small residual network with a classifier."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(8)
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.a, self.b = nn.Conv2d(8, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1, groups=2)
        self.norm_a, self.norm_b = nn.BatchNorm2d(8), nn.BatchNorm2d(8)
        self.down, self.skip = nn.Conv2d(8, 12, 3, stride=2, padding=1), nn.Conv2d(8, 12, 1, stride=2)
        self.head = nn.Linear(12, 5)

    def forward(self, x):
        x = self.pool(torch.relu(self.bn(self.stem(x))))
        x = torch.relu(x + self.norm_b(self.b(torch.relu(self.norm_a(self.a(x))))))
        x = nn.functional.leaky_relu(self.down(x) + self.skip(x), 0.1)
        return self.head(torch.flatten(nn.functional.adaptive_avg_pool2d(x, 1), 1))


class UShaped(nn.Module):
    """A small U-Net, with a transposed convolution, an interpolation to the skip's size, and a squeeze-and-excitation."""

    def __init__(self):
        super().__init__()
        block = lambda i, o: nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.SiLU())
        self.one, self.two, self.three = block(3, 6), block(6, 8), block(8, 10)
        self.squeeze, self.excite = nn.Linear(10, 4), nn.Linear(4, 10)
        self.up = nn.ConvTranspose2d(10, 8, 2, stride=2)
        self.left, self.right = block(16, 8), block(14, 6)
        self.head = nn.Conv2d(6, 2, 1)

    def forward(self, x):
        one = self.one(x)
        two = self.two(nn.functional.max_pool2d(one, 2))
        three = self.three(nn.functional.avg_pool2d(two, 2))
        weight = torch.sigmoid(self.excite(torch.relu(self.squeeze(three.mean((2, 3))))))
        three = three * weight[:, :, None, None]
        y = self.left(torch.cat([self.up(three), two], 1))
        y = nn.functional.interpolate(y, size=one.shape[2:], mode="bilinear", align_corners=False)
        y = self.right(torch.cat([y, one], 1))
        return self.head(y).log_softmax(1)


def warmed(model, size):
    """Weights and running statistics that mean something."""
    torch.manual_seed(3)
    model = model()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) * (2 / max(parameter[0].numel(), 1)) ** 0.5 * 0.7)
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.add_(1)
        for _ in range(4):
            model(torch.randn(4, *size))
    return model.eval()


def exported(model, example, dynamo, fold):
    file = io.BytesIO()
    arguments = dict(input_names=["image"], output_names=["scores"])
    if dynamo:
        torch.onnx.export(model, (example,), dynamo=True, **arguments).save(file)
    else:
        torch.onnx.export(
            model, (example,), file, dynamo=False, opset_version=17, do_constant_folding=fold,
            training=torch.onnx.TrainingMode.EVAL if fold else torch.onnx.TrainingMode.PRESERVE,
            dynamic_axes={"image": {0: "n", 2: "h", 3: "w"}, "scores": {0: "n"}}, **arguments,
        )  # fmt: skip
    result = onnx.load_from_string(file.getvalue())
    for node in result.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    del result.graph.value_info[:]
    del result.graph.metadata_props[:]
    return result


def networks():
    tensors = {}
    for name, make, shape in [("residual", Residual, (3, 17, 20)), ("u-shaped", UShaped, (3, 12, 20))]:
        model = warmed(make, shape)
        image = torch.randn(2, *shape)
        tensors[f"{name}/input.image"] = image.numpy()
        for kind, dynamo, fold in [("legacy", False, True), ("plain", False, False), ("dynamo", True, True)]:
            proto = exported(model, image, dynamo, fold)
            onnx.checker.check_model(proto)
            session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
            scores = session.run(None, {"image": image.numpy()})[0]
            tensors[f"{name}/model.{kind}"] = flat(proto)
            known = tensors.setdefault(f"{name}/output.scores", scores)
            np.testing.assert_allclose(scores, known, rtol=1e-5, atol=1e-5)
    # A step of training in PyTorch: outputs, gradients and running statistics.
    wide = warmed(Residual, (3, 17, 20)).double().train()
    scores = wide(torch.from_numpy(tensors["residual/input.image"]).double())
    seed = torch.randn(scores.shape, generator=torch.Generator().manual_seed(5)).double()
    (scores * seed).sum().backward()
    tensors["residual/training.seed"] = seed.float().numpy()
    tensors["residual/training.scores"] = scores.detach().float().numpy()
    for parameter, value in wide.named_parameters():
        tensors[f"residual/gradient.{parameter}"] = value.grad.float().numpy()
    for buffer, value in wide.named_buffers():
        if "running" in buffer:
            tensors[f"residual/buffer.{buffer}"] = value.float().numpy()
    return tensors


for stem, tensors in [("onnx_cases", operator_cases() | own_cases()), ("onnx_networks", networks())]:
    path = folder / f"{stem}.safetensors"
    save_file({key: np.array(value, order="C") for key, value in tensors.items()}, str(path))
    print(f"{path.name}: {len(tensors)} tensors, {path.stat().st_size} bytes")
