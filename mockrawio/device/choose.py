"""Which engine: by the device and the library that are asked for, and what the machine has."""

from __future__ import annotations

import logging
import os
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, cast

from ..ground.errors import MockSessionError
from ..ground.extras import MissingExtraError, by_extra
from .cupy_engine import CupyEngine
from .engine import Engine, HostEngine
from .jax_engine import JaxEngine
from .mps_engine import MpsEngine
from .torch_engine import TorchEngine

LIBRARIES = ("torch", "cupy", "jax", "numpy", "array_api_strict")
DTYPES = ("float32", "float64")
ON_CPU = ("torch", "jax", "numpy", "array_api_strict")
ON_CUDA = ("torch", "cupy", "jax")
BY_NAME = ("xpu", "mps")  # torch's other devices, which "auto" does not take
BY_HAND = {"cupy": "cupy-cuda12x, or -cuda13x, whichever the driver has", "jax": "'jax[cuda12]', or jax for the CPU"}

_LOG = logging.getLogger("mockrawio.device")


def choose_engine(device: str, library: str) -> Engine:
    """Return the engine for a device and a library, as :func:`~mockrawio.device.stream_scaled` has them."""
    if library not in LIBRARIES:
        raise MockSessionError("out", f"one of {', '.join(LIBRARIES)}", f"{library!r}", "Give one of them.")
    kind, index = _parse(device)
    if kind != "auto":
        return _engine(kind, index, library)
    lacks = _lacks_cuda(library)
    engine = _engine("cpu" if lacks and library in ON_CPU else "cuda", None, library)
    _LOG.info("device='auto' is %s by %s%s", engine.device, library, f": {lacks}" if lacks else "")
    return engine


def choose_for_view(device: str) -> Engine:
    """Return the engine that reduces int16 for a view: torch or CuPy, whichever has the device."""
    kind, _ = _parse(device)
    if kind == "cpu":
        return HostEngine("numpy")
    if kind in BY_NAME:
        return choose_engine(device, "torch")
    lacks = {name: _lacks_cuda(name) for name in ("torch", "cupy")}
    able = [name for name, why in lacks.items() if not why]
    if able or kind == "cuda":
        return choose_engine(device, (able or ["torch"])[0])
    _LOG.info("device='auto' is cpu by numpy: %s", "; ".join(lacks.values()))
    return HostEngine("numpy")


def check_dtype(dtype: str, engine: Engine) -> str:
    """Return the name of a result's dtype, checked."""
    name = getattr(dtype, "name", None) or getattr(dtype, "__name__", None) or str(dtype)
    if name not in DTYPES:
        raise MockSessionError("dtype", "'float32' or 'float64'", f"{dtype!r}", "Give one of them.")
    if name == "float64" and engine.library == "jax" and not import_module("jax").config.jax_enable_x64:
        remedy = "Call jax.config.update('jax_enable_x64', True) first, or take float32."
        raise MockSessionError("dtype", "'float32', since JAX has no float64 here", "'float64'", remedy)
    if name == "float64" and engine.widest != name:
        raise MockSessionError("dtype", f"'float32', all that {engine.device} has", "'float64'", "Take float32.")
    return name


def _parse(device: str) -> tuple[str, int | None]:
    kind, colon, index = str(device).partition(":")
    if kind in ("cpu", "auto", "cuda", *BY_NAME) and not colon:
        return kind, None
    if kind in ("cuda", "xpu") and index.isdecimal():
        return kind, int(index)
    expected = "'cuda', 'cuda:0', 'cpu', 'auto', or torch's 'xpu', 'xpu:0', 'mps'"
    raise MockSessionError("device", expected, f"{device!r}", "Give one of them.")


def _engine(kind: str, index: int | None, library: str) -> Engine:
    if kind == "cpu":
        return _host_engine(library)
    if kind in BY_NAME:
        return _torch_engine(kind, index, library)
    if library in ON_CUDA:
        _import(_carrier(library))  # if it is not installed, that is the error
    lacks = _lacks_cuda(library, index)
    if lacks:
        expected, remedy = (
            f"a CUDA device that {library} can use",
            "Give device='cpu', or 'auto' to take what there is.",
        )
        raise MockSessionError("device='cuda'", expected, f"none: {lacks}", remedy)
    if library == "cupy":
        return CupyEngine(_import("cupy"), _import("cupyx"), index)
    engine = TorchEngine(_import("torch"), index)
    if library == "torch":
        return engine
    return cast(Engine, JaxEngine(_import("jax.numpy"), engine, partial(_import("torch").cuda.device, engine.device)))


def _host_engine(library: str) -> Engine:
    if library not in ON_CPU:
        expected = f"out= as one of {', '.join(ON_CPU)}"
        raise MockSessionError("device='cpu'", expected, f"{library!r}", "Give one of them.")
    if library == "jax":
        return cast(Engine, JaxEngine(_import("jax.numpy"), HostEngine("numpy")))
    return HostEngine(library)


def _torch_engine(kind: str, index: int | None, library: str) -> Engine:
    """Return the engine of a device that torch alone has."""
    if library != "torch":
        raise MockSessionError(f"device={kind!r}", "out='torch', which alone has it", f"{library!r}", "Give that.")
    torch = _import("torch")
    here = torch.backends.mps if kind == "mps" else getattr(torch, kind)
    count = (1 if kind == "mps" else here.device_count()) if here.is_available() else 0
    if (index or 0) >= count:
        found = f"{count} of them, by torch {torch.__version__}"
        remedy = "Give device='cpu', or 'auto' to take what there is."
        raise MockSessionError(f"device={kind!r}", "one that torch can use", found, remedy)
    return MpsEngine(torch) if kind == "mps" else TorchEngine(torch, index, kind)


def _carrier(library: str) -> str:
    """Return the library that moves the data and scales it."""
    return "cupy" if library == "cupy" else "torch"


def _lacks_cuda(library: str, index: int | None = None) -> str:
    """Return why the library does not have the CUDA device; nothing if it has."""
    if library not in ON_CUDA:
        return f"{library} computes on the CPU only; out='torch', 'cupy' and 'jax' can use CUDA"
    if find_spec(_carrier(library)) is None:
        return f"{_carrier(library)} is not installed"
    try:
        count, hint = _cupy_devices() if library == "cupy" else _torch_devices()
    except ImportError as error:  # installed, but without what it needs of the driver
        return str(error)
    if index is not None and 0 < count <= index:
        return f"asked for number {index} of {count}"
    if not count:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        return hint + ("" if visible is None else f" (CUDA_VISIBLE_DEVICES is {visible!r})")
    return _jax_lacks() if library == "jax" else ""


def _torch_devices() -> tuple[int, str]:
    torch = _import("torch")
    cuda, rocm = torch.version.cuda, torch.version.hip
    if cuda is None and rocm is None:
        return 0, f"torch {torch.__version__} is built without CUDA; pytorch.org has the builds with it"
    built, shows = (f"CUDA {cuda}", "nvidia-smi") if cuda else (f"ROCm {rocm}", "rocm-smi")
    return torch.cuda.device_count() if torch.cuda.is_available() else 0, (
        f"torch {torch.__version__}, built for {built}, sees no device; {shows} shows the driver's"
    )


def _cupy_devices() -> tuple[int, str]:
    runtime = _import("cupy").cuda.runtime
    try:
        return int(runtime.getDeviceCount()), "CuPy sees no device; nvidia-smi shows the driver's"
    except runtime.CUDARuntimeError as error:
        return 0, f"CuPy says {error}"


def _jax_lacks() -> str:
    try:
        _import("jax").devices("gpu")  # CUDA or ROCm
    except RuntimeError as error:
        return f"JAX says {error}; jax[cuda12] is the build with CUDA"
    return ""


def _import(name: str) -> Any:
    try:
        with by_extra("chunks on a device", "gpu"):
            return import_module(name)
    except MissingExtraError as error:
        if error.subject in BY_HAND:  # no extra brings it
            remedy = f"Run pip install {BY_HAND[error.subject]}."
            raise MissingExtraError(error.subject, "chunks on a device", remedy) from error
        raise
