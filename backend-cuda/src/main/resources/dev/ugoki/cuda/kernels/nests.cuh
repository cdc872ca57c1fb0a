// What kernels that are written out from loop nests share.

#define MAX_TABLE 20

// Addresses of inputs, then of outputs; and the distances between their rows, in elements.
struct Nest {
    i64 rows;
    i64 columns;
    i64 addresses[MAX_TABLE];
    i64 row_distances[MAX_TABLE];
};

// The same, where rows are groups of channels, or channels of groups.
struct GroupedNest {
    i64 rows;
    i64 columns;
    i64 addresses[MAX_TABLE];
    i64 row_distances[MAX_TABLE];
    i64 groups;
    i64 channels;  // of a group
    i64 inner;     // elements of a channel
};

#define NEST_THREADS 64
#define NEST_LANES 16
#define ROWS_PER_SUM 64

// A value of each column reduced over the row by the tree that all backends share: column j is
// taken in by lane j % 16 of set j / 16 % 4, and so by thread j % 64; then the sets are combined,
// beginning with the one whose turn comes next, and the lanes by halves.
template <class Op>
DEVICE f32 over_columns(f32* shared, f32 mine, i64 columns) {
    int t = (int)threadIdx.x;
    __syncthreads();
    shared[t] = mine;
    __syncthreads();
    if (t < NEST_LANES) {
        int next = (int)((columns + NEST_LANES - 1) / NEST_LANES % 4);
        f32 first = shared[next * NEST_LANES + t];
        f32 second = shared[(next + 1) % 4 * NEST_LANES + t];
        f32 third = shared[(next + 2) % 4 * NEST_LANES + t];
        f32 fourth = shared[(next + 3) % 4 * NEST_LANES + t];
        f32 x = Op::of(Op::of(first, second), Op::of(third, fourth));
        for (int distance = NEST_LANES / 2; distance > 0; distance /= 2) {
            x = Op::of(x, __shfl_down_sync(0xffffu, x, distance));
        }
        if (t == 0) {
            shared[NEST_THREADS] = x;
        }
    }
    __syncthreads();
    return shared[NEST_THREADS];
}

struct Targets {
    i64 rows;
    i64 classes;
    i64 ignored;
    f64 smoothing;
    const void* scores;      // [rows, classes]
    const void* targets;     // [rows]
    const void* largest;     // per row, as are the others
    const void* logarithms;
    const void* means;       // of score - largest, F32
    const void* cotangents;
    void* result;            // losses per row, or gradients [rows, classes]
    Fault* fault;
};

// The losses of rows whose largest score and logarithm are known.
template <class T, class Index>
DEVICE void cross_entropy_losses(const Targets& p) {
    i64 row = global_index();
    if (row < p.rows) {
        i64 target = ((const Index*)p.targets)[row];
        f32 loss = 0;
        if (target != p.ignored && (target < 0 || target >= p.classes)) {
            report(p.fault, 3, target, 1, p.classes);
        } else if (target != p.ignored) {
            f32 logarithm = ((const f32*)p.logarithms)[row];
            f32 score = load((const T*)p.scores, row * p.classes + target);
            f32 shifted = score - ((const f32*)p.largest)[row];
            loss = (shifted - logarithm) * ((f32)p.smoothing - 1.0f);
            if (p.smoothing > 0) {
                loss = loss - (((const f32*)p.means)[row] - logarithm) * (f32)p.smoothing;
            }
        }
        store((T*)p.result, row, loss);
    }
}

// The cotangents of rows that count, as F32, and 0 for others.
template <class T, class Index>
DEVICE void cross_entropy_cotangents(const Targets& p) {
    i64 row = global_index();
    if (row < p.rows) {
        i64 target = ((const Index*)p.targets)[row];
        ((f32*)p.result)[row] = target == p.ignored ? 0.0f : load((const T*)p.cotangents, row);
    }
}

// Adds the targets' share to gradients that are F32 still.
template <class Index>
DEVICE void cross_entropy_shares(const Targets& p) {
    i64 row = global_index();
    if (row < p.rows) {
        i64 target = ((const Index*)p.targets)[row];
        if (target != p.ignored && (target < 0 || target >= p.classes)) {
            report(p.fault, 3, target, 1, p.classes);
        } else if (target != p.ignored) {
            f32* gradient = (f32*)p.result + row * p.classes + target;
            f32 g = ((const f32*)p.cotangents)[row];
            *gradient = *gradient + g * ((f32)p.smoothing - 1.0f);
        }
    }
}
