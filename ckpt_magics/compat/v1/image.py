"""``tf.image``: images of other sizes, colours and brightness."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "ResizeMethod": "graphs.nodes.images",
    "adjust_brightness": "graphs.nodes.image_colors",
    "adjust_contrast": "graphs.nodes.image_colors",
    "adjust_hue": "graphs.nodes.image_colors",
    "adjust_saturation": "graphs.nodes.image_colors",
    "central_crop": "graphs.nodes.images",
    "convert_image_dtype": "graphs.nodes.image_colors",
    "crop_and_resize": "graphs.nodes.images",
    "crop_to_bounding_box": "graphs.nodes.images",
    "flip_left_right": "graphs.nodes.images",
    "flip_up_down": "graphs.nodes.images",
    "grayscale_to_rgb": "graphs.nodes.image_colors",
    "hsv_to_rgb": "graphs.nodes.image_colors",
    "pad_to_bounding_box": "graphs.nodes.images",
    "per_image_standardization": "graphs.nodes.image_colors",
    "random_brightness": "graphs.nodes.image_colors",
    "random_contrast": "graphs.nodes.image_colors",
    "random_crop": "graphs.nodes.images",
    "random_flip_left_right": "graphs.nodes.images",
    "random_flip_up_down": "graphs.nodes.images",
    "random_hue": "graphs.nodes.image_colors",
    "random_saturation": "graphs.nodes.image_colors",
    "resize": "graphs.nodes.images:resize_images",
    "resize_area": "graphs.nodes.images",
    "resize_bicubic": "graphs.nodes.images",
    "resize_bilinear": "graphs.nodes.images",
    "resize_image_with_crop_or_pad": "graphs.nodes.images",
    "resize_images": "graphs.nodes.images",
    "resize_nearest_neighbor": "graphs.nodes.images",
    "resize_with_crop_or_pad": "graphs.nodes.images:resize_image_with_crop_or_pad",
    "rgb_to_grayscale": "graphs.nodes.image_colors",
    "rgb_to_hsv": "graphs.nodes.image_colors",
    "rot90": "graphs.nodes.images",
    "transpose": "graphs.nodes.images:transpose_image",
    "transpose_image": "graphs.nodes.images",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
