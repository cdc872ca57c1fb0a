// Matrix products and convolutions for all element types: what runs where the libraries have
// nothing, and what their results are checked against.

struct MatrixProduct {
    i64 m;
    i64 n;
    i64 k;
    i64 batches;
    i64 rank;  // of the batches
    i64 extents[MAX_RANK];
    i64 a_strides[MAX_RANK];
    i64 b_strides[MAX_RANK];
    i64 a_row;
    i64 a_column;
    i64 b_row;
    i64 b_column;
    const void* a;
    const void* b;
    void* c;  // contiguous
    const void* bias;  // added to each row, or null
    i64 last;          // what each element ends with: 0 nothing, 1 ReLU, 2 GELU by tanh
};

DEVICE f32 hyperbolic_tangent(f32 x) { return tanhf(x); }
DEVICE f64 hyperbolic_tangent(f64 x) { return tanh(x); }

template <class W>
DEVICE W floating_last(W x, i64 last) {
    if (last == 1) {
        return x <= 0 ? (W)0 : x;
    }
    if (last == 2) {
        W inner = (W)0.7978845608028654 * (x + (W)0.044715 * x * x * x);
        return (W)0.5 * x * ((W)1 + hyperbolic_tangent(inner));
    }
    return x;
}
DEVICE f32 with_last(f32 x, i64 last) { return floating_last(x, last); }
DEVICE f64 with_last(f64 x, i64 last) { return floating_last(x, last); }
DEVICE i32 with_last(i32 x, i64) { return x; }
DEVICE i64 with_last(i64 x, i64) { return x; }

#define TILE 32
#define DEPTH 16

// 16 x 16 threads compute tiles of 32 x 32, two by two elements each. blockIdx.x: the tile,
// blockIdx.y: the batch, in steps of gridDim.y.
template <class T>
DEVICE void matrix_product(const MatrixProduct& p) {
    typedef WideOf<T> W;
    UGOKI_SHARED(W, tiles);
    W* a_tile = tiles;                 // [DEPTH][TILE + 1]
    W* b_tile = tiles + DEPTH * (TILE + 1);
    i64 columns = (p.n + TILE - 1) / TILE;
    i64 row0 = blockIdx.x / columns * TILE;
    i64 column0 = blockIdx.x % columns * TILE;
    int t = (int)threadIdx.x;
    int x = t % 16;
    int y = t / 16;
    for (i64 batch = blockIdx.y; batch < p.batches; batch += gridDim.y) {
        const T* a = (const T*)p.a + place_of(batch, p.rank, p.extents, p.a_strides);
        const T* b = (const T*)p.b + place_of(batch, p.rank, p.extents, p.b_strides);
        W sums[2][2];
        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < 2; j++) {
                sums[i][j] = 0;
            }
        }
        for (i64 k0 = 0; k0 < p.k; k0 += DEPTH) {
            for (int e = t; e < TILE * DEPTH; e += 256) {
                int depth = e % DEPTH;
                int row = e / DEPTH;
                bool inside = row0 + row < p.m && k0 + depth < p.k;
                a_tile[depth * (TILE + 1) + row] =
                    inside ? (W)load(a, (row0 + row) * p.a_row + (k0 + depth) * p.a_column) : (W)0;
                int column = e % TILE;
                depth = e / TILE;
                inside = column0 + column < p.n && k0 + depth < p.k;
                b_tile[depth * (TILE + 1) + column] =
                    inside ? (W)load(b, (k0 + depth) * p.b_row + (column0 + column) * p.b_column)
                           : (W)0;
            }
            __syncthreads();
            int depth_end = (int)(p.k - k0 < DEPTH ? p.k - k0 : DEPTH);
            for (int depth = 0; depth < depth_end; depth++) {
                W* a_line = a_tile + depth * (TILE + 1);
                W* b_line = b_tile + depth * (TILE + 1);
                for (int i = 0; i < 2; i++) {
                    for (int j = 0; j < 2; j++) {
                        sums[i][j] =
                            multiply_add(a_line[y + 16 * i], b_line[x + 16 * j], sums[i][j]);
                    }
                }
            }
            __syncthreads();
        }
        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < 2; j++) {
                i64 row = row0 + y + 16 * i;
                i64 column = column0 + x + 16 * j;
                if (row < p.m && column < p.n) {
                    if (p.bias != nullptr) {
                        sums[i][j] = add(sums[i][j], (W)load((const T*)p.bias, column));
                    }
                    store((T*)p.c, (batch * p.m + row) * p.n + column,
                          with_last(sums[i][j], p.last));
                }
            }
        }
    }
}

#define MAX_SPATIAL 4

// All three operands are contiguous: x [n, c, spatial..], w [o, c / groups, kernel..],
// y [n, o, spatial'..].
struct Convolution {
    i64 n;
    i64 c;
    i64 o;
    i64 groups;
    i64 dims;
    i64 x_extents[MAX_SPATIAL];
    i64 w_extents[MAX_SPATIAL];
    i64 y_extents[MAX_SPATIAL];
    i64 strides[MAX_SPATIAL];
    i64 before[MAX_SPATIAL];
    i64 dilations[MAX_SPATIAL];
    i64 x_size;  // products of the spatial extents
    i64 w_size;
    i64 y_size;
    const void* first;
    const void* second;
    void* result;
};

// Where in x the tap lies that y's position meets, or -1.
DEVICE i64 tap_of(const Convolution& p, i64 position, i64 tap) {
    i64 place = 0;
    i64 scale = 1;
    for (int d = (int)p.dims - 1; d >= 0; d--) {
        i64 at = position % p.y_extents[d] * p.strides[d] +
                 tap % p.w_extents[d] * p.dilations[d] - p.before[d];
        if (at < 0 || at >= p.x_extents[d]) {
            return -1;
        }
        place += at * scale;
        scale *= p.x_extents[d];
        position /= p.y_extents[d];
        tap /= p.w_extents[d];
    }
    return place;
}

// The position in y that meets x's place by this tap, or -1.
DEVICE i64 position_of(const Convolution& p, i64 place, i64 tap) {
    i64 position = 0;
    i64 scale = 1;
    for (int d = (int)p.dims - 1; d >= 0; d--) {
        i64 at = place % p.x_extents[d] + p.before[d] - tap % p.w_extents[d] * p.dilations[d];
        if (at < 0 || at % p.strides[d] != 0 || at / p.strides[d] >= p.y_extents[d]) {
            return -1;
        }
        position += at / p.strides[d] * scale;
        scale *= p.y_extents[d];
        place /= p.x_extents[d];
        tap /= p.w_extents[d];
    }
    return position;
}

// One element of y a thread.
template <class T>
DEVICE void convolution(const Convolution& p) {
    i64 i = global_index();
    if (i < p.n * p.o * p.y_size) {
        i64 position = i % p.y_size;
        i64 o = i / p.y_size % p.o;
        i64 n = i / p.y_size / p.o;
        i64 channels = p.c / p.groups;
        i64 first = o / (p.o / p.groups) * channels;
        WideOf<T> sum = 0;
        for (i64 tap = 0; tap < p.w_size; tap++) {
            i64 place = tap_of(p, position, tap);
            for (i64 c = 0; place >= 0 && c < channels; c++) {
                sum = multiply_add(
                    load((const T*)p.first, (n * p.c + first + c) * p.x_size + place),
                    load((const T*)p.second, (o * channels + c) * p.w_size + tap), sum);
            }
        }
        store((T*)p.result, i, sum);
    }
}

// One element of x a thread; the operands are y and w.
template <class T>
DEVICE void convolution_data_gradient(const Convolution& p) {
    i64 i = global_index();
    if (i < p.n * p.c * p.x_size) {
        i64 place = i % p.x_size;
        i64 c = i / p.x_size % p.c;
        i64 n = i / p.x_size / p.c;
        i64 channels = p.c / p.groups;
        i64 outputs = p.o / p.groups;
        i64 first = c / channels * outputs;
        WideOf<T> sum = 0;
        for (i64 tap = 0; tap < p.w_size; tap++) {
            i64 position = position_of(p, place, tap);
            for (i64 o = first; position >= 0 && o < first + outputs; o++) {
                sum = multiply_add(
                    load((const T*)p.first, (n * p.o + o) * p.y_size + position),
                    load((const T*)p.second, (o * channels + c % channels) * p.w_size + tap), sum);
            }
        }
        store((T*)p.result, i, sum);
    }
}

// One element of w a block; the operands are x and y.
template <class T>
DEVICE void convolution_filter_gradient(const Convolution& p) {
    typedef WideOf<T> W;
    UGOKI_SHARED(W, partial);
    i64 channels = p.c / p.groups;
    i64 tap = blockIdx.x % p.w_size;
    i64 c = blockIdx.x / p.w_size % channels;
    i64 o = blockIdx.x / p.w_size / channels;
    i64 from = o / (p.o / p.groups) * channels + c;
    W sum = 0;
    for (i64 i = threadIdx.x; i < p.n * p.y_size; i += blockDim.x) {
        i64 n = i / p.y_size;
        i64 position = i % p.y_size;
        i64 place = tap_of(p, position, tap);
        if (place >= 0) {
            sum = multiply_add(
                load((const T*)p.first, (n * p.c + from) * p.x_size + place),
                load((const T*)p.second, (n * p.o + o) * p.y_size + position), sum);
        }
    }
    partial[threadIdx.x] = sum;
    for (int half = (int)blockDim.x / 2; half > 0; half /= 2) {
        __syncthreads();
        if ((int)threadIdx.x < half) {
            partial[threadIdx.x] = add(partial[threadIdx.x], partial[threadIdx.x + half]);
        }
    }
    if (threadIdx.x == 0) {
        store((T*)p.result, (i64)blockIdx.x, partial[0]);
    }
}
