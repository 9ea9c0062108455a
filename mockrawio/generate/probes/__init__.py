"""Probes by name, a module each, built without network and without ProbeInterface; and the probe of a session.

A probe is a :class:`~.named.NamedProbe` in a module of its own, and one entry in :data:`~.known.PROBES`.
"""

from .given import probe_of, probe_value
from .known import PROBES

__all__ = ["PROBES", "probe_of", "probe_value"]
