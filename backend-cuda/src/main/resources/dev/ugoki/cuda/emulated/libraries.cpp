// Plain loops in the place of cuBLASLt and cuDNN, for the emulated device.
#include <math.h>
#include <string.h>

#include <vector>

#include "emulator.h"
#include "prelude.cuh"

namespace {
template <class T, class W>
void widen(const T* from, i64 row, i64 column, i64 rows, i64 columns, std::vector<W>& to) {
    to.resize(rows * columns);
    for (i64 i = 0; i < rows; i++) {
        for (i64 j = 0; j < columns; j++) {
            to[i * columns + j] = load(from, i * row + j * column);
        }
    }
}

// c = a b, both contiguous; four rows of a and a strip of b at a time.
template <class W>
void product(const W* a, const W* b, W* c, i64 m, i64 n, i64 k) {
    constexpr i64 STRIP = 256;
    for (i64 j0 = 0; j0 < n; j0 += STRIP) {
        i64 width = n - j0 < STRIP ? n - j0 : STRIP;
        for (i64 i0 = 0; i0 < m; i0 += 4) {
            i64 rows = m - i0 < 4 ? m - i0 : 4;
            W sums[4][STRIP];
            memset(sums, 0, sizeof sums);
            for (i64 l = 0; l < k; l++) {
                const W* line = b + l * n + j0;
                for (i64 i = 0; i < rows; i++) {
                    W factor = a[(i0 + i) * k + l];
                    for (i64 j = 0; j < width; j++) {
                        sums[i][j] += factor * line[j];
                    }
                }
            }
            for (i64 i = 0; i < rows; i++) {
                memcpy(c + (i0 + i) * n + j0, sums[i], width * sizeof(W));
            }
        }
    }
}

// last: 1 ReLU, 2 GELU by tanh
template <class W>
W activated(W x, i64 last) {
    if (last == 1) {
        return x <= 0 ? (W)0 : x;
    }
    W inner = (W)0.7978845608028654 * (x + (W)0.044715 * x * x * x);
    return last == 2 ? (W)0.5 * x * ((W)1 + tanh(inner)) : x;
}

template <class T>
void matrix_products(const i64* p) {
    typedef WideOf<T> W;
    i64 batches = p[0], m = p[1], n = p[2], k = p[3];
    std::vector<W> a, b, c(m * n);
    for (i64 batch = 0; batch < batches; batch++) {
        widen((const T*)p[4] + batch * p[7], p[8], p[9], m, k, a);
        widen((const T*)p[5] + batch * p[10], p[11], p[12], k, n, b);
        product(a.data(), b.data(), c.data(), m, n, k);
        for (i64 i = 0; i < m * n; i++) {
            W sum = p[13] != 0 ? c[i] + load((const T*)p[13], i % n) : c[i];
            store((T*)p[6], batch * m * n + i, activated(sum, p[14]));
        }
    }
}

struct Window {
    i64 dims;
    const i64 *x, *w, *y, *stride, *before, *dilation;
};

// Where a tap's column lies: for each position of y its place in x, or -1.
void places(const Window& v, i64 tap, i64 y_size, std::vector<i64>& to) {
    to.resize(y_size);
    for (i64 position = 0; position < y_size; position++) {
        i64 q = position, t = tap, place = 0, scale = 1;
        for (i64 d = v.dims - 1; d >= 0; d--) {
            i64 at = q % v.y[d] * v.stride[d] + t % v.w[d] * v.dilation[d] - v.before[d];
            if (at < 0 || at >= v.x[d]) {
                place = -1;
                break;
            }
            place += at * scale;
            scale *= v.x[d];
            q /= v.y[d];
            t /= v.w[d];
        }
        to[position] = place;
    }
}

// kind: 0 forward (x, w -> y), 1 data gradient (y, w -> x), 2 filter gradient (x, y -> w)
template <class T>
void convolutions(const i64* p, int kind) {
    typedef WideOf<T> W;
    i64 n = p[0], c = p[1], o = p[2], groups = p[3], dims = p[4];
    Window v{dims, p + 5, p + 9, p + 13, p + 17, p + 21, p + 25};
    i64 x_size = p[29], w_size = p[30], y_size = p[31];
    i64 channels = c / groups, outputs = o / groups, terms = channels * w_size;
    i64 x_all = n * c * x_size, w_all = o * terms, y_all = n * o * y_size;
    std::vector<W> x(x_all), w(w_all), y(y_all);
    auto fill = [](std::vector<W>& to, const void* from) {
        for (size_t i = 0; i < to.size(); i++) {
            to[i] = load((const T*)from, (i64)i);
        }
    };
    auto give = [](const std::vector<W>& from, void* to) {
        for (size_t i = 0; i < from.size(); i++) {
            store((T*)to, (i64)i, from[i]);
        }
    };
    const void* first = (const void*)p[32];
    const void* second = (const void*)p[33];
    fill(kind == 1 ? y : x, first);
    fill(kind == 2 ? y : w, second);
    std::vector<std::vector<i64>> taps(w_size);
    for (i64 tap = 0; tap < w_size; tap++) {
        places(v, tap, y_size, taps[tap]);
    }
    // The columns of a group: [channels * taps, positions].
    std::vector<W> columns(terms * y_size), turned(terms * y_size), rows, part;
    for (i64 image = 0; image < n; image++) {
        for (i64 g = 0; g < groups; g++) {
            W* x0 = x.data() + (image * c + g * channels) * x_size;
            W* y0 = y.data() + (image * o + g * outputs) * y_size;
            W* w0 = w.data() + g * outputs * terms;
            if (kind != 1) {
                for (i64 t = 0; t < terms; t++) {
                    const W* plane = x0 + t / w_size * x_size;
                    const std::vector<i64>& at = taps[t % w_size];
                    for (i64 q = 0; q < y_size; q++) {
                        columns[t * y_size + q] = at[q] < 0 ? (W)0 : plane[at[q]];
                    }
                }
            }
            if (kind == 0) {
                product(w0, columns.data(), y0, outputs, y_size, terms);
            } else if (kind == 1) {
                rows.resize(terms * outputs);
                for (i64 t = 0; t < terms; t++) {
                    for (i64 j = 0; j < outputs; j++) {
                        rows[t * outputs + j] = w0[j * terms + t];
                    }
                }
                product(rows.data(), y0, columns.data(), terms, y_size, outputs);
                for (i64 t = 0; t < terms; t++) {
                    W* plane = x0 + t / w_size * x_size;
                    const std::vector<i64>& at = taps[t % w_size];
                    for (i64 q = 0; q < y_size; q++) {
                        if (at[q] >= 0) {
                            plane[at[q]] += columns[t * y_size + q];
                        }
                    }
                }
            } else {
                for (i64 q = 0; q < y_size; q++) {
                    for (i64 t = 0; t < terms; t++) {
                        turned[q * terms + t] = columns[t * y_size + q];
                    }
                }
                part.resize(outputs * terms);
                product(y0, turned.data(), part.data(), outputs, terms, y_size);
                for (i64 i = 0; i < outputs * terms; i++) {
                    w0[i] += part[i];
                }
            }
        }
    }
    give(kind == 0 ? y : kind == 1 ? x : w, (void*)p[34]);
}
// An operand of attention: its address, and the distances between batches and rows.
template <class T>
void rows_of(const i64* p, i64 outer, i64 inner, i64 rows, i64 width, std::vector<f32>& to) {
    const T* from = (const T*)p[0] + outer * p[1] + inner * p[2];
    widen(from, p[3], (i64)1, rows, width, to);
}

f32 dot(const f32* x, const f32* y, i64 width) {
    f32 sum = 0;
    for (i64 e = 0; e < width; e++) {
        sum += x[e] * y[e];
    }
    return sum;
}

template <class T>
void give_rows(i64 address, i64 batch, const std::vector<f32>& from) {
    for (size_t i = 0; i < from.size(); i++) {
        store((T*)address, batch * (i64)from.size() + (i64)i, from[i]);
    }
}

// As AttentionCall says; kind: 0 forward, 1 gradients.
template <class T>
void attentions(const i64* p) {
    i64 outers = p[0], inners = p[1], queries = p[2], keys = p[3], width = p[4], columns = p[5];
    f32 scale = (f32)__longlong_as_double(p[6]);
    bool causal = p[7] != 0;
    bool gradients = p[32] != 0;
    std::vector<f32> q, k, v, y, g, share(keys);
    for (i64 outer = 0; outer < outers; outer++) {
        for (i64 inner = 0; inner < inners; inner++) {
            i64 batch = outer * inners + inner;
            rows_of<T>(p + 8, outer, inner, queries, width, q);
            rows_of<T>(p + 12, outer, inner, keys, width, k);
            rows_of<T>(p + 16, outer, inner, keys, columns, v);
            if (gradients) {
                rows_of<T>(p + 20, outer, inner, queries, columns, y);
                rows_of<T>(p + 24, outer, inner, queries, columns, g);
            }
            std::vector<f32> first(gradients ? queries * width : queries * columns);
            std::vector<f32> second(keys * width), third(keys * columns);
            for (i64 i = 0; i < queries; i++) {
                f32* logarithm = (f32*)p[28] + batch * queries + i;
                i64 end = causal && i + 1 < keys ? i + 1 : keys;
                f32 most = -INFINITE_F32, sum = 0;
                for (i64 j = 0; j < end; j++) {
                    share[j] = scale * dot(&q[i * width], &k[j * width], width);
                    most = greater_of(most, share[j]);
                }
                for (i64 j = 0; !gradients && j < end; j++) {
                    sum += expf(share[j] - most);
                }
                if (!gradients) {
                    *logarithm = most + logf(sum);
                }
                f32 along = gradients ? dot(&g[i * columns], &y[i * columns], columns) : 0;
                for (i64 j = 0; j < end; j++) {
                    f32 s = expf(share[j] - *logarithm);
                    if (!gradients) {
                        for (i64 e = 0; e < columns; e++) {
                            first[i * columns + e] += s * v[j * columns + e];
                        }
                        continue;
                    }
                    f32 d = s * (dot(&g[i * columns], &v[j * columns], columns) - along) * scale;
                    for (i64 e = 0; e < width; e++) {
                        first[i * width + e] += d * k[j * width + e];
                        second[j * width + e] += d * q[i * width + e];
                    }
                    for (i64 e = 0; e < columns; e++) {
                        third[j * columns + e] += s * g[i * columns + e];
                    }
                }
            }
            give_rows<T>(p[29], batch, first);
            if (gradients) {
                give_rows<T>(p[30], batch, second);
                give_rows<T>(p[31], batch, third);
            }
        }
    }
}
}  // namespace

extern "C" {
// dtype: 0 F64, 1 F32, 2 F16, 3 BF16
void ugoki_matrix_products(int dtype, const i64* p) {
    switch (dtype) {
        case 0: return matrix_products<f64>(p);
        case 1: return matrix_products<f32>(p);
        case 2: return matrix_products<f16>(p);
        default: return matrix_products<bf16>(p);
    }
}

void ugoki_convolution(int dtype, int kind, const i64* p) {
    switch (dtype) {
        case 0: return convolutions<f64>(p, kind);
        case 1: return convolutions<f32>(p, kind);
        case 2: return convolutions<f16>(p, kind);
        default: return convolutions<bf16>(p, kind);
    }
}

void ugoki_attention(int dtype, const i64* p) {
    if (dtype == 2) {
        attentions<f16>(p);
    } else {
        attentions<bf16>(p);
    }
}
}
