// Attention without a matrix of scores in memory (Dao et al., 2022), forward and backward. A block
// has 128 threads for 32 rows: four neighbouring lanes share a row, and each of them has every
// fourth column. Everything is computed in F32; no result depends on an order that may change.

#define ATTENTION_THREADS 128
#define ROWS 32
#define COLUMNS 32
#define PER_ROW 4

// A matrix for each batch, with any strides.
struct Matrices {
    const void* base;
    i64 row;
    i64 column;
    i64 strides[MAX_RANK];
};

struct Attention {
    i64 batches;
    i64 rank;
    i64 extents[MAX_RANK];
    i64 queries;
    i64 keys;
    i64 width;         // of queries and keys
    i64 value_width;
    i64 causal;
    i64 mask_kind;     // 0 none, 1 BOOL, 2 added
    f64 scale;
    Matrices q;
    Matrices k;
    Matrices v;
    Matrices mask;
    Matrices g;        // the cotangent of the result
    const f32* logarithm_in;  // [batches, queries]
    const f32* along;         // [batches, queries]: the sums of g * result
    void* result;             // contiguous
    void* second;
    f32* logarithm;
};

template <class T>
DEVICE const T* batch_of(const Attention& p, const Matrices& m, i64 batch) {
    return (const T*)m.base + place_of(batch, p.rank, p.extents, m.strides);
}

// Rows [row0, row0 + 32) into shared memory; zeros beyond the last row and the last column.
template <class T, int Width>
DEVICE void load_rows(f32* tile, const T* from, const Matrices& m, i64 row0, i64 rows, i64 width) {
    for (int e = (int)threadIdx.x; e < ROWS * Width; e += ATTENTION_THREADS) {
        int row = e / Width;
        int column = e % Width;
        bool inside = row0 + row < rows && column < width;
        tile[row * (Width + 1) + column] =
            inside ? load(from, (row0 + row) * m.row + column * m.column) : 0.0f;
    }
}

DEVICE f32 dot(const f32* x, const f32* y, int width) {
    f32 sum = 0;
    for (int e = 0; e < width; e++) {
        sum = fmaf(x[e], y[e], sum);
    }
    return sum;
}

// The score of a query and a key, minus infinity where attending is not allowed.
template <class T>
DEVICE f32 masked(const Attention& p, f32 score, i64 batch_mask, i64 query, i64 key) {
    if (query >= p.queries || key >= p.keys || (p.causal && key > query)) {
        return -INFINITE_F32;
    }
    i64 at = batch_mask + query * p.mask.row + key * p.mask.column;
    if (p.mask_kind == 1) {
        return ((const u8*)p.mask.base)[at] != 0 ? score : -INFINITE_F32;
    }
    return p.mask_kind == 2 ? score + load((const T*)p.mask.base, at) : score;
}

// softmax(scale * Q K^T + mask) V. blockIdx.x: the rows of queries, blockIdx.y: the batch.
template <class T, int Width>
DEVICE void attention(const Attention& p) {
    UGOKI_SHARED(f32, memory);
    constexpr int stride = Width + 1;
    f32* q_tile = memory;
    f32* k_tile = q_tile + ROWS * stride;
    f32* v_tile = k_tile + COLUMNS * stride;
    f32* p_tile = v_tile + COLUMNS * stride;
    int t = (int)threadIdx.x;
    int row = t / PER_ROW;
    int part = t % PER_ROW;
    i64 query = (i64)blockIdx.x * ROWS + row;
    i64 query_end = ((i64)blockIdx.x + 1) * ROWS;
    int width = (int)p.width;
    int value_width = (int)p.value_width;
    for (i64 batch = blockIdx.y; batch < p.batches; batch += gridDim.y) {
        i64 batch_mask = p.mask_kind ? place_of(batch, p.rank, p.extents, p.mask.strides) : 0;
        __syncthreads();
        load_rows<T, Width>(q_tile, batch_of<T>(p, p.q, batch), p.q, query - row, p.queries,
                            p.width);
        f32 most = -INFINITE_F32;
        f32 sum = 0;
        f32 result[Width / PER_ROW];
#pragma unroll
        for (int i = 0; i < Width / PER_ROW; i++) {
            result[i] = 0;
        }
        for (i64 key0 = 0; key0 < p.keys && !(p.causal && key0 >= query_end); key0 += COLUMNS) {
            __syncthreads();
            load_rows<T, Width>(k_tile, batch_of<T>(p, p.k, batch), p.k, key0, p.keys,
                            p.width);
            load_rows<T, Width>(v_tile, batch_of<T>(p, p.v, batch), p.v, key0, p.keys,
                            p.value_width);
            __syncthreads();
            f32 scores[COLUMNS / PER_ROW];
            f32 greatest = most;
#pragma unroll
            for (int c = 0; c < COLUMNS / PER_ROW; c++) {
                int column = part + PER_ROW * c;
                f32 s = dot(q_tile + row * stride, k_tile + column * stride, width) * (f32)p.scale;
                scores[c] = masked<T>(p, s, batch_mask, query, key0 + column);
                greatest = greater_of(greatest, scores[c]);
            }
            greatest = greater_of(greatest, __shfl_xor_sync(0xffffffffu, greatest, 1));
            greatest = greater_of(greatest, __shfl_xor_sync(0xffffffffu, greatest, 2));
            bool any = greatest != -INFINITE_F32;
            f32 kept = any ? expf(most - greatest) : 1.0f;
            f32 added = 0;
#pragma unroll
            for (int c = 0; c < COLUMNS / PER_ROW; c++) {
                f32 power = any ? expf(scores[c] - greatest) : 0.0f;
                p_tile[row * (COLUMNS + 1) + part + PER_ROW * c] = power;
                added = added + power;
            }
            added = added + __shfl_xor_sync(0xffffffffu, added, 1);
            added = added + __shfl_xor_sync(0xffffffffu, added, 2);
            sum = fmaf(sum, kept, added);
            most = greatest;
            __syncwarp();
#pragma unroll
            for (int i = 0; i < Width / PER_ROW; i++) {
                result[i] = result[i] * kept;
            }
            for (int c = 0; c < COLUMNS; c++) {
                f32 share = p_tile[row * (COLUMNS + 1) + c];
#pragma unroll
                for (int i = 0; i < Width / PER_ROW; i++) {
                    result[i] = fmaf(share, v_tile[c * stride + part + PER_ROW * i], result[i]);
                }
            }
        }
        if (query < p.queries) {
            bool any = sum != 0;
            f32 inverse = any ? 1.0f / sum : 0.0f;
            i64 at = batch * p.queries + query;
#pragma unroll
            for (int i = 0; i < Width / PER_ROW; i++) {
                int column = part + PER_ROW * i;
                if (column < value_width) {
                    store((T*)p.result, at * p.value_width + column, result[i] * inverse);
                }
            }
            if (part == 0) {
                p.logarithm[at] = any ? most + logf(sum) : 0.0f;
            }
        }
    }
}

// The sums of g * result for each query; result is contiguous, in q's place.
template <class T>
DEVICE void attention_along(const Attention& p) {
    i64 i = global_index();
    if (i < p.batches * p.queries) {
        i64 batch = i / p.queries;
        i64 query = i % p.queries;
        const T* g = batch_of<T>(p, p.g, batch) + query * p.g.row;
        const T* y = batch_of<T>(p, p.q, batch) + query * p.q.row;
        f32 sum = 0;
        for (i64 e = 0; e < p.value_width; e++) {
            sum = fmaf(load(g, e * p.g.column), load(y, e * p.q.column), sum);
        }
        p.logarithm[i] = sum;
    }
}

// scale * D K with D = P * (g V^T - along), P = exp(scale * Q K^T + mask - logarithm).
template <class T, int Width>
DEVICE void attention_queries(const Attention& p) {
    UGOKI_SHARED(f32, memory);
    constexpr int stride = Width + 1;
    f32* q_tile = memory;
    f32* g_tile = q_tile + ROWS * stride;
    f32* k_tile = g_tile + ROWS * stride;
    f32* v_tile = k_tile + COLUMNS * stride;
    f32* d_tile = v_tile + COLUMNS * stride;
    int t = (int)threadIdx.x;
    int row = t / PER_ROW;
    int part = t % PER_ROW;
    i64 query = (i64)blockIdx.x * ROWS + row;
    i64 query_end = ((i64)blockIdx.x + 1) * ROWS;
    for (i64 batch = blockIdx.y; batch < p.batches; batch += gridDim.y) {
        i64 batch_mask = p.mask_kind ? place_of(batch, p.rank, p.extents, p.mask.strides) : 0;
        __syncthreads();
        load_rows<T, Width>(q_tile, batch_of<T>(p, p.q, batch), p.q, query - row, p.queries,
                            p.width);
        load_rows<T, Width>(g_tile, batch_of<T>(p, p.g, batch), p.g, query - row, p.queries,
                            p.value_width);
        i64 at = batch * p.queries + query;
        f32 logarithm = query < p.queries ? p.logarithm_in[at] : 0.0f;
        f32 along = query < p.queries ? p.along[at] : 0.0f;
        f32 result[Width / PER_ROW];
#pragma unroll
        for (int i = 0; i < Width / PER_ROW; i++) {
            result[i] = 0;
        }
        for (i64 key0 = 0; key0 < p.keys && !(p.causal && key0 >= query_end); key0 += COLUMNS) {
            __syncthreads();
            load_rows<T, Width>(k_tile, batch_of<T>(p, p.k, batch), p.k, key0, p.keys,
                            p.width);
            load_rows<T, Width>(v_tile, batch_of<T>(p, p.v, batch), p.v, key0, p.keys,
                            p.value_width);
            __syncthreads();
            for (int c = 0; c < COLUMNS / PER_ROW; c++) {
                int column = part + PER_ROW * c;
                f32 s = dot(q_tile + row * stride, k_tile + column * stride, (int)p.width);
                s = masked<T>(p, s * (f32)p.scale, batch_mask, query, key0 + column);
                f32 share = expf(s - logarithm);
                f32 d = dot(g_tile + row * stride, v_tile + column * stride, (int)p.value_width);
                d_tile[row * (COLUMNS + 1) + column] = share * (d - along);
            }
            __syncwarp();
            for (int c = 0; c < COLUMNS; c++) {
                f32 d = d_tile[row * (COLUMNS + 1) + c];
#pragma unroll
                for (int i = 0; i < Width / PER_ROW; i++) {
                    result[i] = fmaf(d, k_tile[c * stride + part + PER_ROW * i], result[i]);
                }
            }
        }
#pragma unroll
        for (int i = 0; i < Width / PER_ROW; i++) {
            int column = part + PER_ROW * i;
            if (query < p.queries && column < p.width) {
                store((T*)p.result, at * p.width + column, result[i] * (f32)p.scale);
            }
        }
    }
}

// scale * D^T Q and P^T g: as above, with keys in the rows.
template <class T, int Width>
DEVICE void attention_keys(const Attention& p) {
    UGOKI_SHARED(f32, memory);
    constexpr int stride = Width + 1;
    f32* q_tile = memory;
    f32* g_tile = q_tile + COLUMNS * stride;
    f32* k_tile = g_tile + COLUMNS * stride;
    f32* v_tile = k_tile + ROWS * stride;
    f32* p_tile = v_tile + ROWS * stride;
    f32* d_tile = p_tile + ROWS * (COLUMNS + 1);
    int t = (int)threadIdx.x;
    int row = t / PER_ROW;
    int part = t % PER_ROW;
    i64 key = (i64)blockIdx.x * ROWS + row;
    i64 key0 = (i64)blockIdx.x * ROWS;
    for (i64 batch = blockIdx.y; batch < p.batches; batch += gridDim.y) {
        i64 batch_mask = p.mask_kind ? place_of(batch, p.rank, p.extents, p.mask.strides) : 0;
        __syncthreads();
        load_rows<T, Width>(k_tile, batch_of<T>(p, p.k, batch), p.k, key0, p.keys,
                            p.width);
        load_rows<T, Width>(v_tile, batch_of<T>(p, p.v, batch), p.v, key0, p.keys,
                            p.value_width);
        f32 of_key[Width / PER_ROW];
        f32 of_value[Width / PER_ROW];
#pragma unroll
        for (int i = 0; i < Width / PER_ROW; i++) {
            of_key[i] = 0;
            of_value[i] = 0;
        }
        i64 first = p.causal ? key0 / COLUMNS * COLUMNS : 0;
        for (i64 query0 = first; query0 < p.queries; query0 += COLUMNS) {
            __syncthreads();
            load_rows<T, Width>(q_tile, batch_of<T>(p, p.q, batch), p.q, query0, p.queries,
                            p.width);
            load_rows<T, Width>(g_tile, batch_of<T>(p, p.g, batch), p.g, query0, p.queries,
                            p.value_width);
            __syncthreads();
            for (int c = 0; c < COLUMNS / PER_ROW; c++) {
                int column = part + PER_ROW * c;
                i64 query = query0 + column;
                i64 at = batch * p.queries + query;
                f32 s = dot(k_tile + row * stride, q_tile + column * stride, (int)p.width);
                s = masked<T>(p, s * (f32)p.scale, batch_mask, query, key);
                f32 share = query < p.queries ? expf(s - p.logarithm_in[at]) : 0.0f;
                f32 d = dot(v_tile + row * stride, g_tile + column * stride, (int)p.value_width);
                p_tile[row * (COLUMNS + 1) + column] = share;
                d_tile[row * (COLUMNS + 1) + column] =
                    query < p.queries ? share * (d - p.along[at]) : 0.0f;
            }
            __syncwarp();
            for (int c = 0; c < COLUMNS; c++) {
                f32 d = d_tile[row * (COLUMNS + 1) + c];
                f32 share = p_tile[row * (COLUMNS + 1) + c];
#pragma unroll
                for (int i = 0; i < Width / PER_ROW; i++) {
                    int at = c * stride + part + PER_ROW * i;
                    of_key[i] = fmaf(d, q_tile[at], of_key[i]);
                    of_value[i] = fmaf(share, g_tile[at], of_value[i]);
                }
            }
        }
#pragma unroll
        for (int i = 0; i < Width / PER_ROW; i++) {
            int column = part + PER_ROW * i;
            i64 at = batch * p.keys + key;
            if (key < p.keys && column < p.width) {
                store((T*)p.result, at * p.width + column, of_key[i] * (f32)p.scale);
            }
            if (key < p.keys && column < p.value_width) {
                store((T*)p.second, at * p.value_width + column, of_value[i]);
            }
        }
    }
}
