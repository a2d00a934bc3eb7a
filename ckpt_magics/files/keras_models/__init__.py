"""Keras models as checkpoints hold them: layers, their classes, and what each version of Keras calls their weights."""
