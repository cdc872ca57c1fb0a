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
