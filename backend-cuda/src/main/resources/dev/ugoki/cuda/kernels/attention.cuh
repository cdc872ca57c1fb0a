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

// Rows of keys and of values from key0 on.
template <class T, int Width>
DEVICE void load_keys(f32* k_tile, f32* v_tile, const Attention& p, i64 batch, i64 key0) {
    load_rows<T, Width>(k_tile, batch_of<T>(p, p.k, batch), p.k, key0, p.keys, p.width);
    load_rows<T, Width>(v_tile, batch_of<T>(p, p.v, batch), p.v, key0, p.keys, p.value_width);
}

// Rows of queries and of the cotangent from query0 on.
template <class T, int Width>
DEVICE void load_queries(f32* q_tile, f32* g_tile, const Attention& p, i64 batch, i64 query0) {
    load_rows<T, Width>(q_tile, batch_of<T>(p, p.q, batch), p.q, query0, p.queries, p.width);
    load_rows<T, Width>(g_tile, batch_of<T>(p, p.g, batch), p.g, query0, p.queries, p.value_width);
}

DEVICE f32 dot(const f32* x, const f32* y, i64 width) {
    f32 sum = 0;
    for (int e = 0; e < (int)width; e++) {
        sum = fmaf(x[e], y[e], sum);
    }
    return sum;
}

// What a thread has of a row: every fourth column.
template <int Width>
struct Strip {
    f32 at[Width / PER_ROW];
};

template <int Width>
DEVICE void multiply_strip(Strip<Width>& strip, f32 factor) {
#pragma unroll
    for (int i = 0; i < Width / PER_ROW; i++) {
        strip.at[i] = strip.at[i] * factor;
    }
}

template <int Width>
DEVICE void clear_strip(Strip<Width>& strip) {
#pragma unroll
    for (int i = 0; i < Width / PER_ROW; i++) {
        strip.at[i] = 0;
    }
}

// Adds so much of a tile's row.
template <int Width>
DEVICE void add_to_strip(Strip<Width>& strip, f32 share, const f32* row, int part) {
#pragma unroll
    for (int i = 0; i < Width / PER_ROW; i++) {
        strip.at[i] = fmaf(share, row[part + PER_ROW * i], strip.at[i]);
    }
}

template <class T, int Width>
DEVICE void store_strip(void* to, i64 row, i64 width, const Strip<Width>& strip, f32 factor,
                        int part) {
#pragma unroll
    for (int i = 0; i < Width / PER_ROW; i++) {
        int column = part + PER_ROW * i;
        if (column < width) {
            store((T*)to, row * width + column, strip.at[i] * factor);
        }
    }
}

DEVICE i64 mask_of(const Attention& p, i64 batch) {
    return p.mask_kind ? place_of(batch, p.rank, p.extents, p.mask.strides) : 0;
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

// The scaled and masked score of rows of tiles.
template <class T>
DEVICE f32 score(const Attention& p, const f32* q_row, const f32* k_row, i64 batch_mask, i64 query,
                 i64 key) {
    f32 s = dot(q_row, k_row, p.width) * (f32)p.scale;
    return masked<T>(p, s, batch_mask, query, key);
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
    int row = (int)threadIdx.x / PER_ROW;
    int part = (int)threadIdx.x % PER_ROW;
    f32* p_row = p_tile + row * (COLUMNS + 1);
    i64 query0 = (i64)blockIdx.x * ROWS;
    i64 query = query0 + row;
    for (i64 batch = blockIdx.y; batch < p.batches; batch += gridDim.y) {
        i64 batch_mask = mask_of(p, batch);
        __syncthreads();
        load_rows<T, Width>(q_tile, batch_of<T>(p, p.q, batch), p.q, query0, p.queries, p.width);
        f32 most = -INFINITE_F32;
        f32 sum = 0;
        Strip<Width> result;
        clear_strip(result);
        for (i64 key0 = 0; key0 < p.keys && !(p.causal && key0 >= query0 + ROWS); key0 += COLUMNS) {
            __syncthreads();
            load_keys<T, Width>(k_tile, v_tile, p, batch, key0);
            __syncthreads();
            f32 scores[COLUMNS / PER_ROW];
            f32 greatest = most;
#pragma unroll
            for (int c = 0; c < COLUMNS / PER_ROW; c++) {
                int column = part + PER_ROW * c;
                scores[c] = score<T>(p, q_tile + row * stride, k_tile + column * stride, batch_mask,
                                     query, key0 + column);
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
                p_row[part + PER_ROW * c] = power;
                added = added + power;
            }
            added = added + __shfl_xor_sync(0xffffffffu, added, 1);
            added = added + __shfl_xor_sync(0xffffffffu, added, 2);
            sum = fmaf(sum, kept, added);
            most = greatest;
            __syncwarp();
            multiply_strip(result, kept);
            for (int c = 0; c < COLUMNS; c++) {
                add_to_strip(result, p_row[c], v_tile + c * stride, part);
            }
        }
        if (query < p.queries) {
            bool any = sum != 0;
            i64 at = batch * p.queries + query;
            store_strip<T>(p.result, at, p.value_width, result, any ? 1.0f / sum : 0.0f, part);
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
    int row = (int)threadIdx.x / PER_ROW;
    int part = (int)threadIdx.x % PER_ROW;
    f32* d_row = d_tile + row * (COLUMNS + 1);
    i64 query0 = (i64)blockIdx.x * ROWS;
    i64 query = query0 + row;
    for (i64 batch = blockIdx.y; batch < p.batches; batch += gridDim.y) {
        i64 batch_mask = mask_of(p, batch);
        __syncthreads();
        load_queries<T, Width>(q_tile, g_tile, p, batch, query0);
        i64 at = batch * p.queries + query;
        f32 logarithm = query < p.queries ? p.logarithm_in[at] : 0.0f;
        f32 along = query < p.queries ? p.along[at] : 0.0f;
        Strip<Width> result;
        clear_strip(result);
        for (i64 key0 = 0; key0 < p.keys && !(p.causal && key0 >= query0 + ROWS); key0 += COLUMNS) {
            __syncthreads();
            load_keys<T, Width>(k_tile, v_tile, p, batch, key0);
            __syncthreads();
            for (int c = 0; c < COLUMNS / PER_ROW; c++) {
                int column = part + PER_ROW * c;
                f32 s = score<T>(p, q_tile + row * stride, k_tile + column * stride, batch_mask,
                                 query, key0 + column);
                f32 d = dot(g_tile + row * stride, v_tile + column * stride, p.value_width);
                d_row[column] = expf(s - logarithm) * (d - along);
            }
            __syncwarp();
            for (int c = 0; c < COLUMNS; c++) {
                add_to_strip(result, d_row[c], k_tile + c * stride, part);
            }
        }
        if (query < p.queries) {
            store_strip<T>(p.result, at, p.width, result, (f32)p.scale, part);
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
    int row = (int)threadIdx.x / PER_ROW;
    int part = (int)threadIdx.x % PER_ROW;
    f32* p_row = p_tile + row * (COLUMNS + 1);
    f32* d_row = d_tile + row * (COLUMNS + 1);
    i64 key0 = (i64)blockIdx.x * ROWS;
    i64 key = key0 + row;
    for (i64 batch = blockIdx.y; batch < p.batches; batch += gridDim.y) {
        i64 batch_mask = mask_of(p, batch);
        __syncthreads();
        load_keys<T, Width>(k_tile, v_tile, p, batch, key0);
        Strip<Width> of_key;
        Strip<Width> of_value;
        clear_strip(of_key);
        clear_strip(of_value);
        for (i64 query0 = p.causal ? key0 : 0; query0 < p.queries; query0 += COLUMNS) {
            __syncthreads();
            load_queries<T, Width>(q_tile, g_tile, p, batch, query0);
            __syncthreads();
            for (int c = 0; c < COLUMNS / PER_ROW; c++) {
                int column = part + PER_ROW * c;
                i64 query = query0 + column;
                i64 at = batch * p.queries + query;
                f32 s = score<T>(p, q_tile + column * stride, k_tile + row * stride, batch_mask,
                                 query, key);
                f32 d = dot(v_tile + row * stride, g_tile + column * stride, p.value_width);
                f32 share = query < p.queries ? expf(s - p.logarithm_in[at]) : 0.0f;
                p_row[column] = share;
                d_row[column] = query < p.queries ? share * (d - p.along[at]) : 0.0f;
            }
            __syncwarp();
            for (int c = 0; c < COLUMNS; c++) {
                add_to_strip(of_key, d_row[c], q_tile + c * stride, part);
                add_to_strip(of_value, p_row[c], g_tile + c * stride, part);
            }
        }
        if (key < p.keys) {
            i64 at = batch * p.keys + key;
            store_strip<T>(p.result, at, p.width, of_key, (f32)p.scale, part);
            store_strip<T>(p.second, at, p.value_width, of_value, 1.0f, part);
        }
    }
}
