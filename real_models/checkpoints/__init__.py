"""From a checkpoint's files to a `Spec` and its arrays: families, layouts of tensors, fields of the config.

Imports `real_models.decoding`.
"""
