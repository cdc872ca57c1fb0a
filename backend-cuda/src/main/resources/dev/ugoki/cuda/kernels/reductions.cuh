// Reductions over some dimensions, the places of extremes, running reductions.

#define UGOKI_REDUCTION(Name, first, joined)                                                        \
    struct Name {                                                                                  \
        template <class W>                                                                         \
        DEVICE void start(W& x) {                                                                  \
            first;                                                                                 \
        }                                                                                          \
        template <class W>                                                                         \
        DEVICE W of(W x, W y) {                                                                    \
            return joined;                                                                         \
        }                                                                                          \
    };
UGOKI_REDUCTION(Sum, x = 0, add(x, y))
UGOKI_REDUCTION(Prod, x = 1, multiply(x, y))
UGOKI_REDUCTION(Maximum, set_lowest(x), greater_of(x, y))
UGOKI_REDUCTION(LargestNumber, set_lowest(x), y > x ? y : x)
UGOKI_REDUCTION(Minimum, set_highest(x), lesser_of(x, y))
UGOKI_REDUCTION(Any, x = 0, x | y)
UGOKI_REDUCTION(All, x = 1, x & y)

struct Reduction {
    i64 outputs;
    i64 terms;   // of each output
    i64 chunk;   // terms that one block takes in
    i64 chunks;  // results of each output
    i64 lanes;   // threads that share an output, a power of 2
    i64 lanes_first;
    i64 kept_rank;
    i64 kept_extents[MAX_RANK];
    i64 kept_strides[MAX_RANK];
    i64 rank;
    i64 extents[MAX_RANK];
    i64 strides[MAX_RANK];
    const void* operand;
    void* result;  // [outputs, chunks]
};

// blockDim.x threads are shared out to blockDim.x / lanes outputs; blockIdx.y is the chunk. Every
// lane takes in its terms in order, then the lanes are combined by halves: a fixed tree.
template <class Op, class From, class To>
DEVICE void reduce(const Reduction& p) {
    typedef WideOf<From> W;
    UGOKI_SHARED(W, partial);
    i64 per_block = blockDim.x / p.lanes;
    i64 lane = p.lanes_first ? threadIdx.x % p.lanes : threadIdx.x / per_block;
    i64 mine = p.lanes_first ? threadIdx.x / p.lanes : threadIdx.x % per_block;
    i64 output = (i64)blockIdx.x * per_block + mine;
    W sum;
    Op::start(sum);
    if (output < p.outputs) {
        i64 base = place_of(output, p.kept_rank, p.kept_extents, p.kept_strides);
        i64 end = ((i64)blockIdx.y + 1) * p.chunk;
        end = end < p.terms ? end : p.terms;
        for (i64 term = (i64)blockIdx.y * p.chunk + lane; term < end; term += p.lanes) {
            i64 at = base + place_of(term, p.rank, p.extents, p.strides);
            sum = Op::of(sum, (W)load((const From*)p.operand, at));
        }
    }
    if (p.lanes > 1) {
        W* column = partial + mine * p.lanes;
        column[lane] = sum;
        for (i64 half = p.lanes / 2; half > 0; half /= 2) {
            __syncthreads();
            if (lane < half) {
                column[lane] = Op::of(column[lane], column[lane + half]);
            }
        }
        sum = column[0];
    }
    if (lane == 0 && output < p.outputs) {
        store((To*)p.result, output * p.chunks + blockIdx.y, (WideOf<To>)sum);
    }
}

// Whether the element at place i comes before that at place j; NaN before all.
template <bool Greatest, class W>
DEVICE bool wins(W x, i64 i, W y, i64 j) {
    if (x != x || y != y) {
        return x != x && (y == y || i < j);
    }
    return x == y ? i < j : Greatest ? x > y : x < y;
}

struct Lines {
    i64 count;
    i64 length;
    i64 stride;  // of the operand along the line
    i64 result_stride;
    i64 inner;  // lines of the result that lie beside one another
    i64 result_outer;
    i64 rank;
    i64 extents[MAX_RANK];
    i64 strides[MAX_RANK];
    const void* operand;
    void* result;
    i64 reversed;
};

template <class W>
struct Best {
    W value;
    i64 place;
};

// One block a line.
template <bool Greatest, class T>
DEVICE void arg_reduce(const Lines& p) {
    typedef WideOf<T> W;
    UGOKI_SHARED(Best<W>, best);
    i64 line = blockIdx.x;
    const T* operand = (const T*)p.operand + place_of(line, p.rank, p.extents, p.strides);
    Best<W> mine;
    mine.place = -1;
    mine.value = 0;
    for (i64 i = threadIdx.x; i < p.length; i += blockDim.x) {
        W x = load(operand, i * p.stride);
        if (mine.place < 0 || wins<Greatest>(x, i, mine.value, mine.place)) {
            mine.value = x;
            mine.place = i;
        }
    }
    best[threadIdx.x] = mine;
    for (int half = (int)blockDim.x / 2; half > 0; half /= 2) {
        __syncthreads();
        if ((int)threadIdx.x < half) {
            Best<W> other = best[threadIdx.x + half];
            Best<W> own = best[threadIdx.x];
            if (other.place >= 0 &&
                (own.place < 0 || wins<Greatest>(other.value, other.place, own.value, own.place))) {
                best[threadIdx.x] = other;
            }
        }
    }
    if (threadIdx.x == 0) {
        ((i64*)p.result)[line] = best[0].place;
    }
}

// One block a line: pieces of blockDim.x elements, each scanned by doubling, one after the other.
template <class Op, class T>
DEVICE void scan(const Lines& p) {
    typedef WideOf<T> W;
    UGOKI_SHARED(W, piece);
    i64 line = blockIdx.x;
    const T* operand = (const T*)p.operand + place_of(line, p.rank, p.extents, p.strides);
    T* result = (T*)p.result + line / p.inner * p.result_outer + line % p.inner;
    W before;
    Op::start(before);
    bool first = true;
    for (i64 begin = 0; begin < p.length; begin += blockDim.x) {
        i64 i = begin + threadIdx.x;
        i64 place = p.reversed ? p.length - 1 - i : i;
        W sum;
        Op::start(sum);
        if (i < p.length) {
            sum = load(operand, place * p.stride);
        }
        piece[threadIdx.x] = sum;
        __syncthreads();
        for (int distance = 1; distance < (int)blockDim.x; distance *= 2) {
            W left = sum;
            bool has_left = (int)threadIdx.x >= distance;
            if (has_left) {
                left = piece[threadIdx.x - distance];
            }
            __syncthreads();
            if (has_left) {
                sum = Op::of(left, sum);
                piece[threadIdx.x] = sum;
            }
            __syncthreads();
        }
        W last = piece[blockDim.x - 1];
        __syncthreads();
        if (i < p.length) {
            store(result, place * p.result_stride, first ? sum : (W)Op::of(before, sum));
        }
        before = first ? last : (W)Op::of(before, last);
        first = false;
    }
}
