"""NIfTI files of every kind, their headers laid out from nifti1.h and nifti2.h with numpy alone, and what they hold."""

import gzip
import json
import pathlib

import numpy as np

folder = pathlib.Path(__file__).parent / "volumes"
folder.mkdir(exist_ok=True)
expected = {}

CODES = {
    "uint8": 2, "int16": 4, "int32": 8, "float32": 16, "float64": 64, "int8": 256, "uint16": 512, "uint32": 768,
    "int64": 1024, "uint64": 1280,
}


def first(order):
    return np.dtype([
        ("sizeof_hdr", "i4"), ("unused1", "S35"), ("dim_info", "u1"), ("dim", "i2", 8), ("intent_p", "f4", 3),
        ("intent_code", "i2"), ("datatype", "i2"), ("bitpix", "i2"), ("slice_start", "i2"), ("pixdim", "f4", 8),
        ("vox_offset", "f4"), ("scl_slope", "f4"), ("scl_inter", "f4"), ("slice_end", "i2"), ("slice_code", "u1"),
        ("xyzt_units", "u1"), ("cal", "f4", 2), ("slice_duration", "f4"), ("toffset", "f4"), ("unused2", "i4", 2),
        ("descrip", "S80"), ("aux_file", "S24"), ("qform_code", "i2"), ("sform_code", "i2"), ("quatern", "f4", 3),
        ("qoffset", "f4", 3), ("srow", "f4", 12), ("intent_name", "S16"), ("magic", "S4"),
    ]).newbyteorder(order)


def second(order):
    return np.dtype([
        ("sizeof_hdr", "i4"), ("magic", "S8"), ("datatype", "i2"), ("bitpix", "i2"), ("dim", "i8", 8),
        ("intent_p", "f8", 3), ("pixdim", "f8", 8), ("vox_offset", "i8"), ("scl_slope", "f8"), ("scl_inter", "f8"),
        ("cal", "f8", 2), ("slice_duration", "f8"), ("toffset", "f8"), ("slice_start", "i8"), ("slice_end", "i8"),
        ("descrip", "S80"), ("aux_file", "S24"), ("qform_code", "i4"), ("sform_code", "i4"), ("quatern", "f8", 3),
        ("qoffset", "f8", 3), ("srow", "f8", 12), ("slice_code", "i4"), ("xyzt_units", "i4"), ("intent_code", "i4"),
        ("intent_name", "S16"), ("dim_info", "u1"), ("unused", "S15"),
    ]).newbyteorder(order)


def write(name, kind="int16", version=1, order="<", shape=(4, 3, 2), slope=0.0, inter=0.0, extension=0, pair=False,
          **fields):
    """Voxels count upwards in the file's order, x fastest."""
    count = int(np.prod(shape))
    low = 0 if kind.startswith("u") else -count // 2
    voxels = (np.arange(count) + low).astype(np.dtype(kind).newbyteorder(order))
    if kind.startswith("f"):
        voxels = voxels / 4
        voxels = voxels.astype(np.dtype(kind).newbyteorder(order))
    layout = first(order) if version == 1 else second(order)
    assert layout.itemsize == (348 if version == 1 else 540)
    header = np.zeros((), layout)
    header["sizeof_hdr"] = layout.itemsize
    header["dim"] = ([len(shape)] + list(shape) + [1] * 7)[:8]
    header["datatype"], header["bitpix"] = CODES[kind], voxels.itemsize * 8
    header["pixdim"] = [1, 0.5, 0.75, 2.5, 1, 1, 1, 1]
    offset = 0 if pair else layout.itemsize + 4 + extension
    header["vox_offset"], header["scl_slope"], header["scl_inter"] = offset, slope, inter
    header["xyzt_units"] = 2
    header["magic"] = ("ni" if pair else "n+") .encode() + str(version).encode() + (b"" if version == 1 else b"\0\r\n\x1a\n")
    for field, value in fields.items():
        header[field] = value
    head = header.tobytes()
    data = voxels.tobytes()
    if pair:
        (folder / name).with_suffix(".img").write_bytes(data)
        (folder / name).write_bytes(head)
    else:
        # The first of the four bytes says whether an extension follows.
        content = head + bytes([1 if extension else 0, 0, 0, 0]) + b"\x20" * extension + data
        (folder / name).write_bytes(gzip.compress(content, mtime=0) if name.endswith(".gz") else content)
    values = voxels.astype(np.float64) * (slope or 1) + (inter if slope else 0)
    expected[name] = {
        "shape": list(reversed([s for s in shape[:3]])), "channels": int(np.prod(shape[3:])),
        "values": values.tolist(),
    }
    return header


for kind in CODES:
    write(f"{kind}.nii", kind)
    write(f"{kind}_big.nii", kind, order=">")
write("second.nii", "int16", version=2)
write("second_big.nii.gz", "float64", version=2, order=">")
write("scaled.nii.gz", "uint8", slope=0.5, inter=-10)
write("channels.nii.gz", "int16", shape=(3, 2, 2, 2))
write("vector.nii", "float32", shape=(3, 2, 2, 1, 2))
write("slice.nii", "uint8", shape=(4, 3))
write("extension.nii.gz", "uint8", extension=32)
write("pair.hdr", "int16", order=">", pair=True)

# A rotation by 30 degrees about z and 20 about x, left-handed, as qform and as sform.
a, b = np.radians(30), np.radians(20)
rz = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
rx = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
rotation = rz @ rx
w = np.sqrt(1 + np.trace(rotation)) / 2
quaternion = [
    (rotation[2, 1] - rotation[1, 2]) / (4 * w), (rotation[0, 2] - rotation[2, 0]) / (4 * w),
    (rotation[1, 0] - rotation[0, 1]) / (4 * w),
]
affine = rotation @ np.diag([0.5, 0.75, -2.5])
offset = [-10.5, 20.25, 3.0]
full = np.concatenate([affine, np.array(offset)[:, None]], axis=1)
write("qform.nii.gz", "uint8", qform_code=1, quatern=quaternion, qoffset=offset,
      pixdim=[-1, 0.5, 0.75, 2.5, 1, 1, 1, 1])
expected["qform.nii.gz"]["affine"] = full.ravel().tolist()
write("sform.nii.gz", "uint8", version=2, sform_code=2, srow=full.ravel(), qform_code=1, quatern=[0, 0, 0])
expected["sform.nii.gz"]["affine"] = full.ravel().tolist()

(folder / "expected.json").write_text(json.dumps(expected))
