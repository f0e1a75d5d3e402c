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
rows.save()
