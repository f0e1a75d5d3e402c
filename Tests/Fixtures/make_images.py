"""Writes images/: small image files by Pillow, an encoder that is not Martlet's, for the codec tests.

Sample (x, y, c) of every file is (17 x + 31 y + 53 c + 7) modulo its range, unless said otherwise.
Lossy files have a PNG beside them that holds what Pillow decodes.
"""

import io
import struct
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

FOLDER = Path(__file__).parent / "images"
WIDTH, HEIGHT = 13, 7


def values(channels, range_, scale=1):
    y, x, c = np.meshgrid(np.arange(HEIGHT), np.arange(WIDTH), np.arange(channels), indexing="ij")
    array = (17 * x + 31 * y + 53 * c + 7) * scale % range_
    return array[..., 0] if channels == 1 else array


def smooth(width, height, channels):
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    array = np.uint8(127 + 60 * np.sin(x / 5 + c) + 60 * np.cos(y / 7 - c))
    return array[..., 0] if channels == 1 else array


def save(image, name, **options):
    image.save(FOLDER / name, **options)


FOLDER.mkdir(exist_ok=True)
grey = Image.fromarray(np.uint8(values(1, 256)))
rgb = Image.fromarray(np.uint8(values(3, 256)))
rgba = Image.fromarray(np.uint8(values(4, 256)))
# 16 bits: the values times 263, so that both bytes of a sample differ.
grey16 = Image.fromarray(np.uint16(values(1, 65536, 263)))

for kind, suffix, options in [("png", "png", {}), ("tiff", "tif", {"compression": "tiff_lzw"})]:
    save(grey, f"grey8.{suffix}", **options)
    save(rgb, f"rgb8.{suffix}", **options)
    save(rgba, f"rgba8.{suffix}", **options)
    save(grey16, f"grey16.{suffix}", **options)

bits = Image.fromarray(np.uint8(values(1, 2)) * 255).convert("1", dither=Image.Dither.NONE)
save(bits, "grey1.png")
save(bits, "grey1.tif", compression="group4")

indexed = Image.fromarray(np.uint8(values(1, 5)), mode="P")
indexed.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120, 255, 0, 128])
save(indexed, "indexed.png")
save(indexed, "indexed.tif", compression="tiff_deflate")
save(indexed, "translucent.png", transparency=bytes([255, 0, 128]))

save(Image.fromarray(np.float32(values(1, 256))), "float32.tif")
save(Image.fromarray(np.int32(values(1, 256))), "int32.tif")
save(Image.fromarray(smooth(24, 16, 4), mode="CMYK"), "cmyk.tif")

for name, image, options in [
    ("grey.jpg", Image.fromarray(smooth(37, 21, 1)), {}),
    ("color.jpg", Image.fromarray(smooth(37, 21, 3)), {"subsampling": "4:2:0"}),
    ("progressive.jpg", Image.fromarray(smooth(37, 21, 3)), {"progressive": True, "subsampling": "4:4:4"}),
]:
    save(image, name, quality=80, **options)
    save(Image.open(FOLDER / name), name.replace(".jpg", ".decoded.png"))
save(Image.fromarray(smooth(24, 16, 4), mode="CMYK"), "cmyk.jpg")

# All eight orientations, grey, and what Pillow turns the first of them into.
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    name = f"orientation{orientation}.jpg"
    save(Image.fromarray(smooth(21, 10, 1)), name, quality=60, exif=exif)
    turned = ImageOps.exif_transpose(Image.open(FOLDER / name))
    save(turned, f"orientation{orientation}.decoded.png")
    save(grey, f"orientation{orientation}.tif", tiffinfo={274: orientation})

# A picture resized by Pillow, smaller and larger.
picture = Image.open(FOLDER / "color.decoded.png")
for width, height in [(16, 9), (61, 40), (20, 33)]:
    save(picture.resize((width, height), Image.Resampling.BILINEAR), f"bilinear{width}x{height}.png")


def jpeg_segments(data):
    """The parts of a JPEG file: its tables, its frame header, and its scan with the end marker."""
    tables, frame, position = b"", b"", 2
    while True:
        marker, length = data[position + 1], int.from_bytes(data[position + 2 : position + 4], "big")
        if marker == 0xDA:
            return tables, frame, data[position:]
        segment = data[position : position + 2 + length]
        if marker in (0xDB, 0xC4):
            tables += segment
        elif marker == 0xC0:
            frame = segment
        position += 2 + length


def tiff(width, height, rows_per_strip, blocks, tables=b"", tile=None):
    """A grey TIFF of strips, or tiles, that are compressed as JPEG, with `tables` for those that bring none."""
    fields = [(256, 4, [width]), (257, 4, [height]), (258, 3, [8]), (259, 3, [7]), (262, 3, [1]), (277, 3, [1])]
    fields += [(322, 4, [tile[0]]), (323, 4, [tile[1]])] if tile else [(278, 4, [rows_per_strip])]
    count = len(fields) + 2 + (len(tables) > 0)
    offsets_at = 8 + 2 + 12 * count + 4
    counts_at = offsets_at + 4 * len(blocks)
    tables_at = counts_at + 4 * len(blocks)
    offsets, position = [], tables_at + len(tables)
    for block in blocks:
        offsets.append(position)
        position += len(block)
    entries = [
        struct.pack("<HHIHH" if kind == 3 else "<HHII", tag, kind, 1, values[0], *([0] if kind == 3 else []))
        for tag, kind, values in fields
    ]
    entries.append(struct.pack("<HHII", 324 if tile else 273, 4, len(blocks), offsets_at))
    entries.append(struct.pack("<HHII", 325 if tile else 279, 4, len(blocks), counts_at))
    if tables:
        entries.append(struct.pack("<HHII", 347, 7, len(tables), tables_at))
    entries.sort(key=lambda entry: struct.unpack("<H", entry[:2]))
    arrays = struct.pack(f"<{len(blocks)}I", *offsets) + struct.pack(f"<{len(blocks)}I", *map(len, blocks))
    return b"".join([b"II*\0", struct.pack("<IH", 8, count), *entries, bytes(4), arrays, tables, *blocks])


# Strips compressed as JPEG, by libtiff.
save(Image.fromarray(smooth(37, 45, 3)), "jpeg.tif", compression="jpeg", quality=80, tiffinfo={278: 16})
save(Image.open(FOLDER / "jpeg.tif"), "jpeg.decoded.png")

# Three strips, the second with tables of its own that are coarser than those of the file. They are for no other strip.
strips, shared, decoded = [], b"", []
for y, quality in [(0, 90), (16, 10), (32, 90)]:
    stream = io.BytesIO()
    Image.fromarray(smooth(24, 48, 1)[y : y + 16]).save(stream, "JPEG", quality=quality)
    decoded.append(np.asarray(Image.open(stream)))
    tables, frame, scan = jpeg_segments(stream.getvalue())
    if quality == 90:
        shared = b"\xff\xd8" + tables + b"\xff\xd9"
    strips.append(b"\xff\xd8" + (tables if quality == 10 else b"") + frame + scan)
(FOLDER / "jpeg.tables.tif").write_bytes(tiff(24, 48, 16, strips, shared))
save(Image.fromarray(np.concatenate(decoded)), "jpeg.tables.decoded.png")

# Four tiles that bring tables of their own, no two alike.
picture = smooth(32, 32, 1)
tiles, decoded = [], np.zeros_like(picture)
for number, quality in enumerate([90, 10, 50, 70]):
    y, x = 16 * (number // 2), 16 * (number % 2)
    stream = io.BytesIO()
    Image.fromarray(picture[y : y + 16, x : x + 16]).save(stream, "JPEG", quality=quality)
    decoded[y : y + 16, x : x + 16] = np.asarray(Image.open(stream))
    tables, frame, scan = jpeg_segments(stream.getvalue())
    tiles.append(b"\xff\xd8" + tables + frame + scan)
(FOLDER / "jpeg.tiles.tif").write_bytes(tiff(32, 32, 0, tiles, tile=(16, 16)))
save(Image.fromarray(decoded), "jpeg.tiles.decoded.png")
