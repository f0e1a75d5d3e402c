"""Prints what TensorBoard finds in a folder of events: a line for each scalar and image."""

import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "images": 0})
events.Reload()
for tag in sorted(events.Tags()["scalars"]):
    for event in events.Scalars(tag):
        print("scalar", tag, event.step, event.value)
for tag in sorted(events.Tags()["images"]):
    for event in events.Images(tag):
        print("image", tag, event.step, event.width, event.height, len(event.encoded_image_string))
