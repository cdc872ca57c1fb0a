"""Writes the zarr v2 arrays beside it, chunks compressed by numcodecs (c-blosc), numpy 2.

Each holds 0, 1, 2, ... in row-major order, but for floats divided by 8, and for u1 modulo 251,
and for b1 whether divisible by 3.
"""
import json, os
import numpy as np
from numcodecs import Blosc, Zstd, Zlib, LZ4

here = os.path.dirname(os.path.abspath(__file__))


def values(shape, dtype):
    a = np.arange(np.prod(shape)).reshape(shape)
    if dtype[1] == "f":
        return (a / 8).astype(dtype)
    if dtype == "|u1":
        return (a % 251).astype(dtype)
    if dtype == "|b1":
        return a % 3 == 0
    return a.astype(dtype)


def write(name, shape, chunks, dtype, compressor, separator=".", missing=(), fill=0, extra={},
          data=None):
    folder = os.path.join(here, name)
    os.makedirs(folder, exist_ok=True)
    meta = dict(zarr_format=2, shape=shape, chunks=chunks, dtype=dtype, order="C", filters=None,
                fill_value=fill, compressor=compressor.get_config() if compressor else None)
    if separator != ".":
        meta["dimension_separator"] = separator
    meta.update(extra)
    json.dump(meta, open(os.path.join(folder, ".zarray"), "w"), indent=4)
    a = values(shape, dtype) if data is None else np.array(data, dtype)
    counts = [-(-s // c) for s, c in zip(shape, chunks)]
    for index in np.ndindex(*counts):
        if index in missing:
            continue
        chunk = np.full(chunks, fill, dtype)
        part = a[tuple(slice(i * c, (i + 1) * c) for i, c in zip(index, chunks))]
        chunk[tuple(slice(0, s) for s in part.shape)] = part
        packed = compressor.encode(chunk) if compressor else chunk.tobytes()
        path = os.path.join(folder, separator.join(map(str, index)))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "wb").write(packed)


for cname in ("zstd", "lz4", "lz4hc", "zlib"):
    for shuffle, word in ((0, "none"), (1, "bytes"), (2, "bits")):
        # small blocks, so that a chunk has several, the last one shorter
        write(f"blosc_{cname}_{word}", [900, 3], [400, 3], "<f4",
              Blosc(cname, 5, shuffle, blocksize=1024))
write("large_lz4", [65000, 2], [65000, 2], "<f4", Blosc("lz4", 1, 2))  # blocks split into streams
write("f8_bits", [50, 7], [16, 7], "<f8", Blosc("zstd", 5, 2))
write("i8_bytes", [1001], [250], "<i8", Blosc("lz4", 5, 1))
write("i4_default", [33, 5], [10, 2], "<i4", Blosc())
write("u1_bits", [64, 6, 6, 3], [10, 4, 6, 3], "|u1", Blosc("zstd", 5, 2))
write("b1", [40, 2], [16, 2], "|b1", Blosc("zstd", 5, 2))
write("stored", [40, 2], [16, 2], "<f4", Blosc("zstd", 0, 2))
write("not_compressed", [9, 2], [4, 2], "<f4", None)
write("zstd", [40, 2], [16, 2], "<f4", Zstd(3))
write("zlib", [40, 2], [16, 2], "<f4", Zlib(3))
write("nested", [9, 4], [4, 3], "<i4", Blosc("zstd", 5, 1), separator="/")
write("missing", [9, 4], [4, 3], "<f4", Blosc("zstd", 5, 1), missing={(1, 0), (2, 1)}, fill=-1.5)
write("fill_nan", [6, 1], [3, 1], "<f8", Zlib(1), missing={(1, 0)}, extra={"fill_value": "NaN"})
write("refused_lz4", [4], [4], "<f4", LZ4())
write("refused_blosclz", [4000], [4000], "<f4", Blosc("blosclz", 5, 1))
write("refused_big_endian", [4], [4], ">f4", Zlib(1))
write("refused_fortran", [4, 2], [4, 2], "<f4", Zlib(1), extra={"order": "F"})
write("refused_filters", [4], [4], "<f4", Zlib(1), extra={"filters": [{"id": "delta"}]})
write("refused_v3", [4], [4], "<f4", Zlib(1), extra={"zarr_format": 3})

for group in ("replay", "replay/data", "replay/meta"):
    os.makedirs(os.path.join(here, group), exist_ok=True)
    json.dump({"zarr_format": 2}, open(os.path.join(here, group, ".zgroup"), "w"))
bits = Blosc("zstd", 5, 2)
write("replay/data/state", [12, 5], [5, 5], "<f4", bits)
write("replay/data/action", [12, 2], [5, 2], "<f4", bits)
write("replay/data/img", [12, 16, 16, 3], [5, 16, 16, 3], "|u1", bits)
write("replay/data/step", [12], [5], "<i4", Blosc("lz4", 5, 1))
write("replay/meta/episode_ends", [3], [4], "<i8", bits, data=[4, 9, 12])
