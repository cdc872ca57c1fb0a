// Stable sorting: keys that order as unsigned integers, blocks sorted in shared memory, merged.

DEVICE u64 order_of(f64 x) {
    if (x != x) {
        return ~0ull - 1;
    }
    u64 bits = (u64)__double_as_longlong(x == 0 ? 0.0 : x);
    return bits >> 63 ? ~bits : bits | 1ull << 63;
}
DEVICE u64 order_of(f32 x) { return order_of((f64)x); }
DEVICE u64 order_of(i64 x) { return (u64)x ^ 1ull << 63; }
DEVICE u64 order_of(i32 x) { return order_of((i64)x); }

struct Entry {
    u64 key;
    i64 place;
};

DEVICE bool before(const Entry& x, const Entry& y) {
    return x.key < y.key || (x.key == y.key && x.place < y.place);
}

struct Sorting {
    i64 lines;
    i64 length;
    i64 stride;
    i64 rank;
    i64 extents[MAX_RANK];
    i64 strides[MAX_RANK];
    const void* operand;
    Entry* from;  // [lines, length]
    Entry* to;
    i64 run;  // the length of what is sorted already
    i64* result;
    i64 inner;
    i64 descending;
};

template <class T>
DEVICE void sort_keys(const Sorting& p) {
    i64 i = global_index();
    if (i < p.lines * p.length) {
        i64 line = i / p.length;
        i64 place = i % p.length;
        i64 base = place_of(line, p.rank, p.extents, p.strides);
        u64 key = order_of(load((const T*)p.operand, base + place * p.stride));
        p.to[i].key = p.descending ? ~key : key;
        p.to[i].place = place;
    }
}

// A bitonic network over twice as many entries as there are threads; the order is total, and so
// the result is stable. blockIdx.x: the piece of a line, blockIdx.y and on: the line.
DEVICE void sort_blocks(const Sorting& p) {
    UGOKI_SHARED(Entry, entries);
    int size = 2 * (int)blockDim.x;
    i64 pieces = (p.length + size - 1) / size;
    i64 line = blockIdx.x / pieces;
    i64 begin = blockIdx.x % pieces * size;
    for (int i = (int)threadIdx.x; i < size; i += (int)blockDim.x) {
        if (begin + i < p.length) {
            entries[i] = p.to[line * p.length + begin + i];
        } else {
            entries[i].key = ~0ull;
            entries[i].place = p.length + i;
        }
    }
    for (int span = 2; span <= size; span *= 2) {
        for (int distance = span / 2; distance > 0; distance /= 2) {
            __syncthreads();
            int low = 2 * (int)threadIdx.x - ((int)threadIdx.x & (distance - 1));
            bool ascending = (low & span) == 0;
            Entry x = entries[low];
            Entry y = entries[low + distance];
            if (before(y, x) == ascending) {
                entries[low] = y;
                entries[low + distance] = x;
            }
        }
    }
    __syncthreads();
    for (int i = (int)threadIdx.x; i < size; i += (int)blockDim.x) {
        if (begin + i < p.length) {
            p.to[line * p.length + begin + i] = entries[i];
        }
    }
}

// Two neighbouring runs into one: each entry finds its place by counting those before it.
DEVICE void sort_merge(const Sorting& p) {
    i64 i = global_index();
    if (i < p.lines * p.length) {
        i64 line = i / p.length * p.length;
        i64 place = i - line;
        i64 run = place / p.run;
        i64 begin = (run ^ 1) * p.run;
        i64 low = begin < p.length ? begin : p.length;
        i64 high = begin + p.run < p.length ? begin + p.run : p.length;
        begin = low;
        Entry mine = p.from[i];
        while (low < high) {
            i64 middle = (low + high) / 2;
            if (before(p.from[line + middle], mine)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        i64 to = (run & ~1ll) * p.run + (place - run * p.run) + (low - begin);
        p.to[line + to] = mine;
    }
}

DEVICE void sort_places(const Sorting& p) {
    i64 i = global_index();
    if (i < p.lines * p.length) {
        i64 line = i / p.length;
        i64 rank = i % p.length;
        i64 outer = line / p.inner;
        p.result[(outer * p.length + rank) * p.inner + line % p.inner] = p.from[i].place;
    }
}
