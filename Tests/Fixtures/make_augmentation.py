"""Writes augmentation.safetensors: changes of images computed by SciPy, scikit-image and Python's colorsys, and CLAHE
written from its definition (compared with OpenCV's where that is installed).

All images are float32 in [0, 1], rows from the top, channels last.
"""

import colorsys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from scipy import ndimage
from skimage import color, exposure, transform

HEIGHT, WIDTH = 29, 35
tensors = {}
generator = np.random.default_rng(5)


def picture(height, width, channels):
    """Waves with some noise, in steps of 8 bits, dark at the left."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    waves = 0.35 + 0.25 * np.sin(x / 4 + c) * np.cos(y / 5 - c) + 0.3 * x / width
    noisy = waves + generator.normal(0, 0.03, waves.shape)
    return np.round(np.clip(noisy, 0, 1) * 255) / 255


def put(name, array):
    tensors[name] = np.ascontiguousarray(array, dtype=np.float32)


grey = picture(HEIGHT, WIDTH, 1)
rgb = picture(HEIGHT, WIDTH, 3)
rgb[:4, :4] = rgb[:4, :4, :1]  # Some without a hue.
put("grey", grey)
put("rgb", rgb)


def clahe(levels, clip_limit, tiles):
    """Levels from 0 to 255, as OpenCV's CLAHE but without the rounding at its end."""
    height, width = levels.shape
    even = height % tiles == 0 and width % tiles == 0
    more = (0, 0) if even else (tiles - height % tiles, tiles - width % tiles)
    steps = np.floor(np.clip(levels, 0, 255) + 0.5).astype(int)
    padded = np.pad(steps, ((0, more[0]), (0, more[1])), mode="reflect")
    th, tw = padded.shape[0] // tiles, padded.shape[1] // tiles
    maps = np.zeros((tiles, tiles, 256))
    limit = max(int(clip_limit * th * tw / 256), 1)
    for i in range(tiles):
        for j in range(tiles):
            tile = padded[i * th : (i + 1) * th, j * tw : (j + 1) * tw]
            histogram = np.bincount(tile.ravel(), minlength=256)
            excess = np.maximum(histogram - limit, 0).sum()
            histogram = np.minimum(histogram, limit) + excess // 256
            rest = excess % 256
            if rest:
                histogram[:: max(256 // rest, 1)][:rest] += 1
            sums = np.cumsum(histogram).astype(np.float32) * (np.float32(255) / np.float32(th * tw))
            maps[i, j] = np.minimum(np.round(sums), 255)  # In float32, where halves are rounded as OpenCV's.
    ys = np.arange(height) / th - 0.5
    xs = np.arange(width) / tw - 0.5
    y0, x0 = np.floor(ys).astype(int), np.floor(xs).astype(int)
    wy, wx = (ys - y0)[:, None], (xs - x0)[None]
    y1, x1 = np.minimum(y0 + 1, tiles - 1), np.minimum(x0 + 1, tiles - 1)
    y0, x0 = np.maximum(y0, 0), np.maximum(x0, 0)
    low = np.minimum(np.floor(levels).astype(int), 254)
    part = levels - low

    def mapped(i, j):
        table = maps[i[:, None], j[None]]
        below = np.take_along_axis(table, low[..., None], -1)[..., 0]
        above = np.take_along_axis(table, low[..., None] + 1, -1)[..., 0]
        return below + (above - below) * part

    upper = mapped(y0, x0) * (1 - wx) + mapped(y0, x1) * wx
    lower = mapped(y1, x0) * (1 - wx) + mapped(y1, x1) * wx
    return upper * (1 - wy) + lower * wy


even = picture(32, 48, 1)
put("even", even)
for name, image, limit, tiles in [("clahe.odd", grey, 3, 4), ("clahe.even", even, 2, 8), ("clahe.one", grey, 40, 1)]:
    levels = np.round(image[..., 0] * 255)
    result = clahe(levels, limit, tiles)
    put(name, result[..., None] / 255)
    try:
        import cv2
    except ImportError:
        continue
    theirs = cv2.createCLAHE(limit, (tiles, tiles)).apply(levels.astype(np.uint8))
    print(name, "differs from OpenCV's by at most", np.abs(result - theirs).max(), "of 255")

lab = color.rgb2lab(rgb)
lab[..., 0] = clahe(lab[..., 0] * 2.55, 3, 4) / 2.55
put("clahe.rgb", np.clip(color.lab2rgb(lab), 0, 1))
put("lab", color.rgb2lab(rgb))

luma = (rgb * [0.299, 0.587, 0.114]).sum(-1, keepdims=True)
put("saturation", np.clip(luma + (rgb - luma) * 1.7, 0, 1))
for share in (-0.3, 0.15):
    hsv = [colorsys.rgb_to_hsv(*pixel) for pixel in rgb.reshape(-1, 3)]
    turned = [colorsys.hsv_to_rgb((h + share) % 1, s, v) for h, s, v in hsv]
    put(f"hue.{share}", np.reshape(turned, rgb.shape))
put("gamma", exposure.adjust_gamma(rgb, 1.8))

for sigma in (0.6, 2.5):
    put(f"blur.{sigma}", ndimage.gaussian_filter(rgb, (sigma, sigma, 0), mode="mirror", truncate=4))
binomial = np.outer([1, 2, 1], [1, 2, 1]) / 16
smooth = np.stack([ndimage.correlate(rgb[..., c], binomial, mode="mirror") for c in range(3)], -1)
put("sharpening", np.clip(rgb + 1.5 * (rgb - smooth), 0, 1))

# Motion blur: the mean of the interpolated image along a line, computed where the line stays inside.
length, angle, margin = 9, 0.4, 6
points = (np.arange(length) - (length - 1) / 2)[:, None] * [np.sin(angle), np.cos(angle)]
# The middle of the window, where SciPy's own edges do not matter.
y, x = np.mgrid[margin : HEIGHT - margin, margin : WIDTH - margin]
blurred = [
    np.mean([ndimage.map_coordinates(rgb[..., c], [y + dy, x + dx], order=1) for dy, dx in points], 0)
    for c in range(3)
]
put("motion", np.stack(blurred, -1))

# Geometry: where each pixel of a 26×22 window comes from, and what is there.
W, H = 26, 22
column, row = np.meshgrid(np.arange(W, dtype=float), np.arange(H, dtype=float))
place = np.stack([column, row], -1)


def resampled(name, place):
    """`place` holds x and y in the image."""
    where = [place[..., 1], place[..., 0]]
    image = [ndimage.map_coordinates(rgb[..., c], where, order=1, mode="mirror") for c in range(3)]
    put(name, np.stack(image, -1))


def affine(place, angle=0.0, shear=(0, 0), scale=(1, 1)):
    """A window's places in the image: what is done to the image, turned round."""
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    slant = np.array([[1, np.tan(shear[0])], [np.tan(shear[1]), 1]])
    inverse = np.linalg.inv(np.diag(scale) @ slant @ turn)
    covered = np.abs(inverse) @ [W, H]
    room = np.floor(np.array([WIDTH, HEIGHT]) - covered + 1e-6)
    start = np.where(room < 0, np.floor((np.array([WIDTH, HEIGHT]) - covered) / 2), 0)
    middle = start + covered / 2 - 0.5
    return (place - [(W - 1) / 2, (H - 1) / 2]) @ inverse.T + middle


stretch = np.sqrt(1.4)
resampled("affine", affine(place, 0.5, (0.2, -0.1), (1.2 * stretch, 1.2 / stretch)))

corners = np.array([[0, 0], [W - 1, 0], [W - 1, H - 1], [0, H - 1]], dtype=float)
moved = corners + np.array([[0.1, 0.05], [-0.08, 0.12], [0.03, -0.1], [-0.05, -0.02]]) * [W - 1, H - 1]
view = transform.ProjectiveTransform.from_estimate(corners, moved)
resampled("perspective", affine(view(place.reshape(-1, 2)).reshape(place.shape)))

middle = np.array([(W - 1) / 2, (H - 1) / 2])
square = ((place - middle) ** 2).sum(-1, keepdims=True) / (middle**2).sum()
resampled("optical", affine(middle + (place - middle) * (1 + 0.2 * square)))

bounds = lambda factors: np.concatenate([[0], np.cumsum(factors) / np.sum(factors)])
columns, rows = [0.5, 1.2, 0.9, 1.6], [1.3, 0.7, 1, 1.4]
even_bounds = np.linspace(0, 1, 5)
grid = np.stack(
    [
        np.interp(column / (W - 1), even_bounds, bounds(columns)) * (W - 1),
        np.interp(row / (H - 1), even_bounds, bounds(rows)) * (H - 1),
    ],
    -1,
)
resampled("grid", affine(grid))

path = Path(__file__).parent / "augmentation.safetensors"
save_file(tensors, str(path))
print(f"{path.name}: {len(tensors)} tensors, {path.stat().st_size} bytes")
