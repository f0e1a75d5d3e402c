"""Reshapes, transposes, concatenations, slices, padding and gathers."""

import torch
import torch.nn.functional as F

from fixture import Rows

rows = Rows("movement")
r = rows.random

rows.add("relayout", lambda x: x * 1, [r("relayout", 2, 5, 3, 7)])
rows.add("relayout_1d", lambda x: x * 1, [r("relayout_1d", 2, 33, 18)])
rows.add("reshape", lambda x: x.reshape(2, 3, 20), [r("reshape", 2, 3, 4, 5)])
rows.add("reshape_inferred", lambda x: x.reshape(4, -1), [r("reshape_inferred", 2, 3, 4, 5)])
rows.add("flatten", lambda x: x.flatten(1), [r("flatten", 2, 3, 4, 5)])
rows.add("squeeze", lambda x: x.squeeze(2).unsqueeze(-1), [r("squeeze", 2, 3, 1, 5)])
rows.add("transpose", lambda x: x.transpose(1, 2), [r("transpose", 3, 4, 5)])
rows.add("transpose_matrix", lambda x: x.t(), [r("transpose_matrix", 37, 19)])
rows.add("permute", lambda x: x.permute(2, 0, 3, 1), [r("permute", 2, 3, 4, 5)])
rows.add("permute_to_space_last", lambda x: x.permute(0, 2, 3, 1), [r("permute_to_space_last", 2, 3, 4, 5)])
rows.add("permute_5d", lambda x: x.permute(0, 2, 1, 4, 3), [r("permute_5d", 2, 3, 4, 2, 3)])

abc = [r("cat.a", 2, 3, 4, 5), r("cat.b", 2, 16, 4, 5), r("cat.c", 2, 1, 4, 5)]
rows.add("concatenate_channels", lambda *t: torch.cat(t, 1), abc)
rows.add("concatenate_batch", lambda a, b: torch.cat([a, b], 0), [r("cb.a", 1, 3, 2, 2), r("cb.b", 2, 3, 2, 2)])
rows.add("concatenate_width", lambda a, b: torch.cat([a, b], -1), [r("cw.a", 2, 3, 2, 2), r("cw.b", 2, 3, 2, 3)])
rows.add("concatenate_matrix", lambda a, b: torch.cat([a, b], 1), [r("cm.a", 4, 3), r("cm.b", 4, 2)])
rows.add("stack", lambda a, b: torch.stack([a, b], 1), [r("st.a", 3, 4), r("st.b", 3, 4)])

rows.add("slice", lambda x: x[:, :, 1:-1, 2:6], [r("slice", 2, 3, 5, 7)])
rows.add("slice_channels", lambda x: x[:, 2:19], [r("slice_channels", 2, 20, 3, 3)])
rows.add("slice_steps", lambda x: x[:, ::2, 1::3], [r("slice_steps", 2, 5, 8)])
rows.add("slice_matrix", lambda x: x[1:3, 5:100], [r("slice_matrix", 4, 9)])

rows.add("pad_zero", lambda x: F.pad(x, (1, 2, 0, 3)), [r("pad_zero", 2, 3, 4, 5)])
rows.add("pad_value", lambda x: F.pad(x, (2, 1), value=1.5), [r("pad_value", 3, 4)])
rows.add("pad_crop", lambda x: F.pad(x, (-1, 2, 1, -2)), [r("pad_crop", 2, 3, 4, 5)])
rows.add("pad_channels", lambda x: F.pad(x, (0, 0, 0, 0, 1, 2)), [r("pad_channels", 2, 3, 4, 5)])
rows.add("pad_reflect", lambda x: F.pad(x, (3, 2, 1, 2), mode="reflect"), [r("pad_reflect", 2, 3, 4, 5)])
rows.add("pad_reflect_1d", lambda x: F.pad(x, (4, 1), mode="reflect"), [r("pad_reflect_1d", 2, 17, 6)])
rows.add("pad_replicate", lambda x: F.pad(x, (3, 0, 2, 6), mode="replicate"), [r("pad_replicate", 2, 3, 4, 5)])
rows.add(
    "pad_replicate_3d", lambda x: F.pad(x, (1, 2, 0, 1, 2, 0), mode="replicate"), [r("pad_replicate_3d", 1, 2, 2, 3, 2)]
)

draw = torch.Generator().manual_seed(5)
ids = torch.randint(0, 11, (3, 6), generator=draw)
ids[0, 2] = 3
rows.add("embedding", lambda w, i: F.embedding(i, w), [r("embedding", 11, 20), ids])
rows.add("embedding_padding", lambda w, i: F.embedding(i, w, padding_idx=3), [r("embedding_padding", 11, 20), ids])
rows.add(
    "index_select", lambda x, i: torch.index_select(x, 1, i), [r("index_select", 2, 5, 3), torch.tensor([4, 0, 0, 2])]
)
rows.add(
    "index_select_int32",
    lambda x, i: torch.index_select(x, 0, i),
    [r("index_select_int32", 5, 3), torch.tensor([1, 1, 4], dtype=torch.int32)],
)
rows.add(
    "gather",
    lambda x, i: torch.gather(x, 1, i),
    [r("gather", 3, 5, 4), torch.randint(0, 5, (3, 7, 2), generator=draw)],
)
rows.add(
    "gather_last",
    lambda x, i: torch.gather(x, -1, i),
    [r("gather_last", 6, 5), torch.randint(0, 5, (6, 1), generator=draw)],
)

rows.add("slice_backwards", lambda x: x.flip((1, 2))[:, :, ::2], [r("slice_back", 2, 19, 5, 4)])
rows.add("slice_several", lambda x: x[:, 1:, 1:4:2].flip(1), [r("slice_several", 3, 5, 6, 2)])
rows.add("flip_last", lambda x: x.flip(-1), [r("flip_last", 2, 3, 4, 5)])
rows.add("split", lambda x: x.split([1, 3, 2], 1), [r("split", 2, 6, 3)])
rows.add("concatenate_integers", lambda a, b: torch.cat([a, b], 1), [ids, ids + 1], differentiable=False)

rows.add("pad_wrap", lambda x: F.pad(x, (3, 2, 1, 2), mode="circular"), [r("pad_wrap", 2, 17, 4, 5)])
rows.add("pad_reflect_batch", lambda x: x[[1, 0, 1, 2, 1]], [r("pad_reflect_batch", 3, 4, 2)])
rows.add("pad_edge_matrix", lambda x: x[[0, 0, 1, 2, 2]][:, [0, 0, 0, 1, 2, 3]], [r("pad_edge_matrix", 3, 4)])
rows.add("pad_wrap_integers", lambda x: x[:, [4, 5, 0, 1, 2, 3, 4, 5, 0]], [ids], differentiable=False)
rows.add("pad_reflect_crop", lambda x: F.pad(x[..., 1:], (0, 3), mode="reflect"), [r("pad_reflect_crop", 2, 3, 6)])

rows.add("tile", lambda x: x.tile(2, 1, 3), [r("tile", 2, 3, 4)])
rows.add("tile_image", lambda x: x.tile(1, 2, 1, 2), [r("tile_image", 2, 3, 2, 2)])
rows.add("expand", lambda x: x.expand(2, 3, 4), [r("expand", 3, 1)])
rows.add("depth_to_space_crd", lambda x: F.pixel_shuffle(x, 2), [r("pixel_shuffle", 2, 12, 3, 2)])
rows.add(
    "depth_to_space_dcr",
    lambda x: F.pixel_shuffle(x.reshape(2, 9, 2, 3, 2).transpose(1, 2).reshape(2, 18, 3, 2), 3),
    [r("depth_to_space", 2, 18, 3, 2)],
)
rows.add("space_to_depth_crd", lambda x: F.pixel_unshuffle(x, 2), [r("pixel_unshuffle", 2, 3, 4, 6)])
rows.add(
    "space_to_depth_dcr",
    lambda x: F.pixel_unshuffle(x, 2).reshape(2, 3, 4, 2, 3).transpose(1, 2).reshape(2, 12, 2, 3),
    [r("space_to_depth", 2, 3, 4, 6)],
)
rows.add("triu", lambda x: x.triu(1), [r("triu", 2, 4, 5)])
rows.add("tril", lambda x: x.tril(-1), [r("tril", 5, 4)])
rows.add("tril_beyond", lambda x: x.tril(100), [r("tril_beyond", 3, 4)])

rows.add("gather_negative", lambda x, i: torch.gather(x, 1, i % 5), [r("gather_n", 3, 5, 4), torch.randint(-5, 5, (3, 7, 4), generator=draw)])
rows.add("take_negative", lambda x, i: x[:, i], [r("take_n", 2, 5, 3), torch.tensor([[-1, 0], [2, -5]])])
pairs = torch.randint(-3, 3, (4, 2, 2), generator=draw)
rows.add("gather_nd", lambda x, i: x[i[..., 0], i[..., 1]], [r("gather_nd", 3, 3, 5), pairs])
rows.add("gather_nd_all", lambda x, i: x[i[:, 0], i[:, 1]], [r("gather_nd_all", 3, 4), pairs[:, 0].contiguous()])
rows.add(
    "gather_nd_batch",
    lambda x, i: torch.stack([x[b, i[b, :, 0], i[b, :, 1]] for b in range(2)]),
    [r("gather_nd_batch", 2, 3, 3, 4), pairs.reshape(2, 4, 2)],
)
places = torch.stack([torch.randperm(5, generator=draw)[:3] for _ in range(8)]).reshape(2, 4, 3).transpose(1, 2).contiguous()
rows.add(
    "scatter", lambda x, i, s: x.scatter(1, i, s), [r("scatter", 2, 5, 4), places, r("scatter.s", 2, 3, 4)]
)
repeated = torch.randint(0, 5, (2, 8, 4), generator=draw)
rows.add(
    "scatter_add",
    lambda x, i, s: x.scatter_add(1, i, s),
    [r("scatter_add", 2, 5, 4), repeated, r("scatter_add.s", 2, 8, 4)],
)
for name, reduction in {"multiply": "prod", "minimum": "amin", "maximum": "amax"}.items():
    rows.add(
        f"scatter_{name}",
        lambda x, i, s: x.scatter_reduce(1, i, s, reduction),
        [r(f"scatter_{name}", 2, 5, 4), repeated, r(f"scatter_{name}.s", 2, 8, 4)],
        differentiable=False,
    )
    whole = torch.randint(-9, 9, (2, 5, 4), generator=draw)
    rows.add(
        f"scatter_{name}_integers",
        lambda x, i, s: x.scatter_reduce(1, i, s, reduction),
        [whole, repeated, torch.randint(-9, 9, (2, 8, 4), generator=draw)],
        differentiable=False,
    )
rows.add(
    "scatter_nd",
    lambda x, i, s: x.index_put((i[:, 0], i[:, 1]), s),
    [r("scatter_nd", 3, 4, 5), torch.tensor([[0, 1], [2, -1], [-2, 0]]), r("scatter_nd.s", 3, 5)],
)
rows.add(
    "scatter_nd_add",
    lambda x, i, s: x.index_put((i[..., 0],), s, accumulate=True),
    [r("scatter_nd_add", 4, 3), torch.tensor([[[0], [3]], [[0], [1]]]), r("scatter_nd_add.s", 2, 2, 3)],
)

rows.add("top", lambda x: x.topk(3, 1), [r("top", 2, 7, 4, 3)])
rows.add("top_last", lambda x: x.topk(2), [r("top_last", 5, 9)])
rows.add("top_smallest", lambda x: x.topk(9, 0, largest=False), [r("top_smallest", 9, 2)])
rows.add("top_integers", lambda x: x.topk(3, 1), [torch.stack([torch.randperm(8, generator=draw) for _ in range(3)])], differentiable=False)
classes = torch.tensor([[0, 2, -1], [1, 5, -4]])
hot = F.one_hot(torch.tensor([[0, 2, 3], [1, 4, 0]]), 5)[..., :4]  # index 5 of 4 is no class
rows.add("one_hot_last", lambda i: hot.double() * 2 - 0.5, [classes], differentiable=False)
rows.add("one_hot_first", lambda i: hot.permute(2, 0, 1), [classes], differentiable=False)
flat = F.max_pool2d(r("unpool", 2, 3, 4, 6), 2, return_indices=True)[1] + (torch.arange(6) * 24).reshape(2, 3, 1, 1)
rows.add(
    "unpool_at",
    lambda x, i: torch.zeros(144, dtype=x.dtype).scatter(0, i.flatten(), x.flatten()).reshape(2, 3, 4, 6),
    [r("unpool_at", 2, 3, 2, 3), flat],
)
rows.save()
