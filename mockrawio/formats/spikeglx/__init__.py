"""SpikeGLX: raw files, each with a ``.meta`` that describes it. Reading and checking a ``.meta``, and writing both."""

from . import writer
from .meta import check_meta, first_sample, read_meta, read_metas

__all__ = ["check_meta", "first_sample", "read_meta", "read_metas", "writer"]
