"""The functions of ``tf.image``: TensorFlow's values, and what it knows of shapes."""

import numpy as np
import pytest

from ckpt_magics.compat import v1
from tests.tensorflow.programs.side_by_side import compare

pytestmark = pytest.mark.tensorflow

RNG = np.random.default_rng(7)
PIXELS = RNG.integers(0, 256, (2, 7, 9, 3)).astype(np.uint8)
FRACTIONS = RNG.random((2, 7, 9, 3)).astype(np.float32)

RESIZES = {
    f"{method} to {size}{' corners' if corners else ''}": lambda tf, x, method=method, size=size, corners=corners: (
        tf.image.resize_images(x, size, method=getattr(tf.image.ResizeMethod, method), align_corners=corners)
    )
    for method in ("BILINEAR", "NEAREST_NEIGHBOR", "BICUBIC", "AREA")
    for size in ((3, 4), (14, 5), (1, 20))
    for corners in (False, True)
}

FUNCTIONS = {
    **RESIZES,
    "resize to itself": lambda tf, x: tf.image.resize_images(x, [7, 9]),
    "resize in proportion": lambda tf, x: tf.image.resize_images(x, [20, 20], preserve_aspect_ratio=True),
    "resize by name": lambda tf, x: tf.image.resize_bilinear(tf.expand_dims(x[0], 0), [4, 4]),
    "larger": lambda tf, x: tf.image.resize_image_with_crop_or_pad(x, 10, 12),
    "smaller": lambda tf, x: tf.image.resize_image_with_crop_or_pad(x, 4, 3),
    "larger and smaller": lambda tf, x: tf.image.resize_image_with_crop_or_pad(x, 12, 4),
    "crop": lambda tf, x: tf.image.crop_to_bounding_box(x, 1, 2, 4, 5),
    "pad": lambda tf, x: tf.image.pad_to_bounding_box(x, 1, 2, 10, 12),
    "central crop": lambda tf, x: tf.image.central_crop(x, 0.55),
    "flips": lambda tf, x: [tf.image.flip_left_right(x), tf.image.flip_up_down(x), tf.image.transpose_image(x)],
    "turns": lambda tf, x: [tf.image.rot90(x, k) for k in range(5)],
    "standardization": lambda tf, x: tf.image.per_image_standardization(x),
    "brightness": lambda tf, x: [tf.image.adjust_brightness(x, delta) for delta in (0.3, -0.5)],
    "contrast": lambda tf, x: [tf.image.adjust_contrast(x, factor) for factor in (0.5, 3.0)],
    "hue": lambda tf, x: [tf.image.adjust_hue(x, delta) for delta in (0.2, -0.4)],
    "saturation": lambda tf, x: [tf.image.adjust_saturation(x, factor) for factor in (0.2, 4.0)],
    "grayscale": lambda tf, x: tf.image.grayscale_to_rgb(tf.image.rgb_to_grayscale(x)),
    "types": lambda tf, x: [
        tf.image.convert_image_dtype(x, dtype, saturate)
        for dtype in (tf.float32, tf.float16, tf.uint8, tf.int16, tf.int32)
        for saturate in (False, True)
    ],
    "saturated": lambda tf, x: tf.saturate_cast(tf.cast(x, tf.float32) * 300 - 100, tf.uint8),
}  # fmt: skip


@pytest.mark.parametrize("given", ["pixels", "fractions", "one image"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_are_tensorflows(old_tf, name, given):
    values = {"pixels": PIXELS, "fractions": FRACTIONS, "one image": FRACTIONS[0]}[given]
    if name == "resize by name" and given == "one image":
        values = FRACTIONS[0][None]

    def program(tf):
        images = tf.placeholder(values.dtype, [None, None, *values.shape[-2:]] if values.ndim == 4 else values.shape)
        return {images: values}, FUNCTIONS[name](tf, images)

    compare(old_tf, program, same_graph=False, rtol=2e-4 if name in {"hue", "saturation"} else 2e-5)


@pytest.mark.parametrize("shape", [(None, 7, 9, 3), (7, 9, 3), (7, None, 3)])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_shapes_are_known_as_in_tensorflow(old_tf, name, shape):
    def told(tf):
        with tf.Graph().as_default():
            made = FUNCTIONS[name](tf, tf.placeholder(tf.float32, shape))
            return [str(one.shape) for one in (made if isinstance(made, list) else [made])]

    if name == "turns" or (name == "resize by name" and len(shape) == 3):
        return  # of images that are turned TensorFlow knows less
    assert told(v1) == told(old_tf)


def test_colour_spaces_are_tensorflows(old_tf):
    def program(tf):
        hsv = tf.image.rgb_to_hsv(FRACTIONS)
        gray = np.repeat(FRACTIONS[..., :1], 3, -1)
        return {}, [hsv, tf.image.hsv_to_rgb(FRACTIONS), tf.image.hsv_to_rgb(hsv), tf.image.rgb_to_hsv(gray)]

    compare(old_tf, program, rtol=1e-5)


def test_chance_changes_images_as_it_is_told():
    with v1.Graph().as_default(), v1.Session() as session:
        flipped = v1.image.random_flip_left_right(PIXELS[0], seed=3)
        found = [session.run(flipped).tolist() for _ in range(12)]
        assert {str(one) for one in found} == {str(PIXELS[0].tolist()), str(PIXELS[0][:, ::-1].tolist())}
        crop = v1.random_crop(PIXELS, [1, 4, 5, 3], seed=2)
        assert crop.shape.as_list() == [1, 4, 5, 3]
        places = np.lib.stride_tricks.sliding_window_view(PIXELS, (1, 4, 5, 3)).reshape(-1, 60)
        for _ in range(5):
            assert session.run(crop).reshape(60).tolist() in places.tolist()
        brighter = v1.image.random_brightness(FRACTIONS, 0.2, seed=1)
        shift = session.run(brighter) - FRACTIONS
        assert np.ptp(shift) < 1e-6
        assert abs(shift.mean()) < 0.2
        for random in (v1.image.random_contrast, v1.image.random_saturation):
            assert session.run(random(FRACTIONS, 0.5, 1.5)).shape == FRACTIONS.shape
        assert session.run(v1.image.random_hue(FRACTIONS, 0.1)).shape == FRACTIONS.shape


WRONG = [
    lambda tf: tf.image.resize_images(PIXELS, [3]),
    lambda tf: tf.image.resize_images(PIXELS[0, 0], [3, 3]),
    lambda tf: tf.image.resize_images(PIXELS, [3, 3], method=7),
    lambda tf: tf.image.crop_to_bounding_box(PIXELS, 4, 0, 4, 4),
    lambda tf: tf.image.pad_to_bounding_box(PIXELS, 0, 0, 4, 4),
    lambda tf: tf.image.central_crop(PIXELS, 1.5),
    lambda tf: tf.image.random_brightness(PIXELS, -1),
    lambda tf: tf.image.random_contrast(PIXELS, 2, 1),
    lambda tf: tf.image.random_hue(PIXELS, 2),
]


@pytest.mark.parametrize("make", WRONG)
def test_what_tensorflow_refuses_is_refused(old_tf, make):
    for tf in (old_tf, v1):
        with tf.Graph().as_default(), pytest.raises(ValueError):  # noqa: PT011 -- the texts are not the same
            make(tf)
