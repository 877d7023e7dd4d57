"""The gate for Arrow data in Python: ctypes over the C functions of this crate, and pyarrow for what comes back.

    spec = bezwaar.spec_of_job("job.toml")                       # bytes; send them to workers
    gate = bezwaar.Gate(spec, "people.extract", "people.key")
    bound = gate.bind(batch.schema, 'author = { column = "author", service = "facebook", kind = "id" }')
    kept = bound.filter(batch)                                   # a pyarrow.RecordBatch
    verdicts = bound.verdicts(batch)                             # keep, reasons
    reader = bound.filter_stream(table)                          # a pyarrow.RecordBatchReader

A batch is anything with `__arrow_c_array__`, a stream anything with `__arrow_c_stream__`, a schema anything with `__arrow_c_schema__`.
The library is looked for in $BEZWAAR_LIBRARY, then beside this file. Nothing is decided here.
"""

import ctypes
import os
import pathlib

import pyarrow

_SCHEMA_WORDS, _ARRAY_WORDS, _STREAM_WORDS = 9, 10, 5  # sizes of the structs of the C interfaces, in words of 8 bytes


class Error(Exception):
    """What the library said; `status` is the number it returned: 1 config, 2 input, 3 io, 4 integrity, 70 a mistake in the program."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


def _load():
    named = os.environ.get("BEZWAAR_LIBRARY")
    library = ctypes.CDLL(named or str(pathlib.Path(__file__).with_name("libbezwaar_python.so")))
    place, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
    signatures = {
        "bezwaar_spec_of_job": [text, place, place, place],
        "bezwaar_gate_open": [text, size, text, text, place, place],
        "bezwaar_gate_bind": [place, place, text, place, place],
        "bezwaar_filter": [place] * 6,
        "bezwaar_verdicts": [place] * 6,
        "bezwaar_filter_stream": [place] * 4,
    }
    for name, arguments in signatures.items():
        function = getattr(library, name)
        function.argtypes, function.restype = arguments, ctypes.c_int
    for name, arguments in {"gate_free": [place], "bound_free": [place], "bytes_free": [place, size], "text_free": [place]}.items():
        function = getattr(library, f"bezwaar_{name}")
        function.argtypes, function.restype = arguments, None
    return library


_library = _load()
_pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
_pointer_of.argtypes, _pointer_of.restype = [ctypes.py_object, ctypes.c_char_p], ctypes.c_void_p


def _call(name, *arguments):
    error = ctypes.c_void_p()
    status = getattr(_library, name)(*arguments, ctypes.byref(error))
    if status != 0:
        text = ctypes.string_at(error).decode() if error else ""
        _library.bezwaar_text_free(error)
        raise Error(status, text)


def _array_of(batch):
    """Capsules and pointers of a batch's array and schema. The capsules must live as long as the pointers."""
    schema, array = batch.__arrow_c_array__()
    return (schema, array), _pointer_of(array, b"arrow_array"), _pointer_of(schema, b"arrow_schema")


def _room(words):
    return (ctypes.c_uint64 * words)()


def spec_of_job(job):
    """The spec of a job file, as bytes."""
    place, length = ctypes.c_void_p(), ctypes.c_size_t()
    _call("bezwaar_spec_of_job", os.fsencode(job), ctypes.byref(place), ctypes.byref(length))
    try:
        return ctypes.string_at(place, length.value)
    finally:
        _library.bezwaar_bytes_free(place, length)


class Gate:
    """A gate: a spec, the extract it names and its key."""

    def __init__(self, spec, extract, key):
        self._place = ctypes.c_void_p()
        _call("bezwaar_gate_open", spec, len(spec), os.fsencode(extract), os.fsencode(key), ctypes.byref(self._place))

    def __del__(self):
        if getattr(self, "_place", None):
            _library.bezwaar_gate_free(self._place)

    def bind(self, schema, map_toml):
        """The gate bound to a schema by the TOML text that stands under [input.map] in a job."""
        capsule = schema.__arrow_c_schema__()
        place = ctypes.c_void_p()
        _call("bezwaar_gate_bind", self._place, _pointer_of(capsule, b"arrow_schema"), map_toml.encode(), ctypes.byref(place))
        return Bound(place)


class Bound:
    """A gate bound to a schema; made by Gate.bind."""

    def __init__(self, place):
        self._place = place

    def __del__(self):
        _library.bezwaar_bound_free(self._place)

    def _of_batch(self, name, batch):
        capsules, array, schema = _array_of(batch)
        made, made_schema = _room(_ARRAY_WORDS), _room(_SCHEMA_WORDS)
        _call(name, self._place, array, schema, ctypes.byref(made), ctypes.byref(made_schema))
        del capsules
        return pyarrow.RecordBatch._import_from_c(ctypes.addressof(made), ctypes.addressof(made_schema))

    def filter(self, batch):
        """The rows nothing speaks against."""
        return self._of_batch("bezwaar_filter", batch)

    def verdicts(self, batch):
        """`keep` and `reasons` of every row."""
        return self._of_batch("bezwaar_verdicts", batch)

    def filter_stream(self, stream):
        """The rows of a stream that nothing speaks against, batch by batch, as they are asked for."""
        capsule = stream.__arrow_c_stream__()
        made = _room(_STREAM_WORDS)
        _call("bezwaar_filter_stream", self._place, _pointer_of(capsule, b"arrow_array_stream"), ctypes.byref(made))
        return pyarrow.RecordBatchReader._import_from_c(ctypes.addressof(made))
