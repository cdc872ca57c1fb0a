"""Writes the Parquet files beside it with pyarrow (25.0.1), the writer behind LeRobot's data sets.

Each holds the same 300 rows in another of the forms that pyarrow can give them:
    id     int64    row number
    flag   bool     row number divisible by 3
    x.y    float32  row number / 7
    v.w    list<float32>[3]    row number + (0, 0.25, 0.5)
    m      list<list<float64>> of shape (2, 3)    6 * row number + (0 .. 5)
    s      string   "task 0" to "task 3", by row number modulo 4
"""
import pyarrow as pa, pyarrow.parquet as pq, os

here = os.path.dirname(os.path.abspath(__file__))
n = 300
table = pa.table({
    "id": pa.array(range(n), pa.int64()),
    "flag": pa.array([i % 3 == 0 for i in range(n)]),
    "x.y": pa.array([i / 7 for i in range(n)], pa.float32()),
    "v.w": pa.array([[i, i + .25, i + .5] for i in range(n)], pa.list_(pa.float32(), 3)),
    "m": pa.array([[[6. * i, 6 * i + 1, 6 * i + 2], [6 * i + 3, 6 * i + 4, 6 * i + 5]]
                   for i in range(n)], pa.list_(pa.list_(pa.float64()))),
    "s": pa.array([f"task {i % 4}" for i in range(n)]),
})
forms = {
    "snappy": dict(compression="snappy"),
    "zstd": dict(compression="zstd"),
    "gzip": dict(compression="gzip"),
    "plain": dict(compression="none", use_dictionary=False),
    "split": dict(compression="zstd", use_dictionary=False, use_byte_stream_split=["x.y", "v.w.list.element"]),
    "page_v2": dict(compression="snappy", data_page_version="2.0"),
    "many_pages": dict(compression="snappy", data_page_size=256, write_batch_size=32,
                       row_group_size=100),
    "page_index": dict(compression="snappy", write_page_index=True, data_page_size=256,
                       write_batch_size=32, write_page_checksum=True),
}
for name, options in forms.items():
    pq.write_table(table, f"{here}/{name}.parquet", **options)
