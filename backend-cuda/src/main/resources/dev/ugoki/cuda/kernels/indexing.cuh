// Gathering and scattering along one dimension.

// Operands: result, operand (with a stride of 0 along the dimension), index.
// extra: the dimension's stride in the operand, its extent, its number, the address of the fault
template <class Word, class Index>
DEVICE void gather(const Strided& p) {
    i64 i = global_index();
    if (i < p.count) {
        i64 at[3];
        locate<3>(p, i, at);
        i64 named = ((const Index*)p.pointers[2])[at[2]];
        if (named < 0 || named >= p.extra[1]) {
            report((Fault*)p.extra[3], 1, named, p.extra[2], p.extra[1]);
            ((Word*)p.pointers[0])[at[0]] = 0;
        } else {
            i64 from = at[1] + named * p.extra[0];
            ((Word*)p.pointers[0])[at[0]] = ((const Word*)p.pointers[1])[from];
        }
    }
}

struct Scattering {
    Strided lines;  // result, index and updates without the dimension
    i64 result_stride;
    i64 index_stride;
    i64 update_stride;
    i64 updates;
    i64 extent;
    i64 dimension;
    Fault* fault;
};

// One line a thread, so that later updates come after earlier ones.
template <class Word, class Index>
DEVICE void scatter_set(const Scattering& p) {
    i64 i = global_index();
    if (i < p.lines.count) {
        i64 at[3];
        locate<3>(p.lines, i, at);
        Word* result = (Word*)p.lines.pointers[0] + at[0];
        const Index* index = (const Index*)p.lines.pointers[1] + at[1];
        const Word* updates = (const Word*)p.lines.pointers[2] + at[2];
        for (i64 j = 0; j < p.updates; j++) {
            i64 named = index[j * p.index_stride];
            if (named < 0 || named >= p.extent) {
                report(p.fault, 2, named, p.dimension, p.extent);
            } else {
                result[named * p.result_stride] = updates[j * p.update_stride];
            }
        }
    }
}

// As above; the result holds sums, which are rounded to the updates' type later.
template <class Sum, class T, class Index>
DEVICE void scatter_add(const Scattering& p) {
    i64 i = global_index();
    if (i < p.lines.count) {
        i64 at[3];
        locate<3>(p.lines, i, at);
        Sum* result = (Sum*)p.lines.pointers[0] + at[0];
        const Index* index = (const Index*)p.lines.pointers[1] + at[1];
        const T* updates = (const T*)p.lines.pointers[2] + at[2];
        for (i64 j = 0; j < p.updates; j++) {
            i64 named = index[j * p.index_stride];
            if (named < 0 || named >= p.extent) {
                report(p.fault, 2, named, p.dimension, p.extent);
            } else {
                i64 to = named * p.result_stride;
                store(result, to, (WideOf<Sum>)add(load(result, to), load(updates, j * p.update_stride)));
            }
        }
    }
}

// ---- Many updates: sorted by the place that they go to, they are taken in side by side.

struct SortedScattering {
    Strided lines;  // result, index and updates in the dimensions in which the index varies
    Strided free;   // result and updates in those in which it does not
    i64 result_stride;
    i64 index_stride;
    i64 update_stride;
    i64 updates;    // of a line
    i64 extent;
    i64 dimension;
    Fault* fault;
    Entry* entries;  // [lines * updates]
};

#define NOWHERE (~0ull)

// The key is the line and the place in it, the entry's place the number of the update.
template <class Index>
DEVICE void scatter_keys(const SortedScattering& p) {
    i64 i = global_index();
    if (i < p.lines.count * p.updates) {
        i64 at[3];
        i64 line = i / p.updates;
        locate<3>(p.lines, line, at);
        i64 named =
            ((const Index*)p.lines.pointers[1])[at[1] + i % p.updates * p.index_stride];
        bool inside = named >= 0 && named < p.extent;
        if (!inside) {
            report(p.fault, 2, named, p.dimension, p.extent);
        }
        p.entries[i].key = inside ? (u64)(line * p.extent + named) : NOWHERE;
        p.entries[i].place = i;
    }
}

// The first entry of each place takes in all others of it, in order.
template <bool Adds, class Sum, class T>
DEVICE void scatter_sorted(const SortedScattering& p) {
    i64 i = global_index();
    i64 count = p.lines.count * p.updates;
    if (i >= count * p.free.count) {
        return;
    }
    i64 first = i / p.free.count;
    u64 key = p.entries[first].key;
    if (key == NOWHERE || (first > 0 && p.entries[first - 1].key == key)) {
        return;
    }
    i64 of_line[3];
    i64 of_free[2];
    locate<3>(p.lines, (i64)key / p.extent, of_line);
    locate<2>(p.free, i % p.free.count, of_free);
    Sum* result = (Sum*)p.lines.pointers[0] + of_line[0] + of_free[0] +
                  (i64)key % p.extent * p.result_stride;
    const T* updates = (const T*)p.lines.pointers[2] + of_line[2] + of_free[1];
    auto sum = load(result, 0);
    for (i64 k = first; k < count && p.entries[k].key == key; k++) {
        auto update = load(updates, p.entries[k].place % p.updates * p.update_stride);
        sum = Adds ? add(sum, (decltype(sum))update) : (decltype(sum))update;
    }
    store(result, 0, sum);
}
