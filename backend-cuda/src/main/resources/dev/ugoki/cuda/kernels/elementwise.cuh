// Operations whose results depend on one element of each operand, and those without operands.

template <class Op, class T>
DEVICE void unary(const Strided& p) {
    i64 i = global_index();
    if (i < p.count) {
        i64 at[2];
        locate<2>(p, i, at);
        store((T*)p.pointers[0], at[0], Op::template of<T>(load((const T*)p.pointers[1], at[1])));
    }
}

template <class Op, class T>
DEVICE void binary(const Strided& p) {
    i64 i = global_index();
    if (i < p.count) {
        i64 at[3];
        locate<3>(p, i, at);
        WideOf<T> x = load((const T*)p.pointers[1], at[1]);
        WideOf<T> y = load((const T*)p.pointers[2], at[2]);
        store((T*)p.pointers[0], at[0], Op::template of<T>(x, y));
    }
}

template <class Op, class T>
DEVICE void compare(const Strided& p) {
    i64 i = global_index();
    if (i < p.count) {
        i64 at[3];
        locate<3>(p, i, at);
        WideOf<T> x = load((const T*)p.pointers[1], at[1]);
        WideOf<T> y = load((const T*)p.pointers[2], at[2]);
        ((u8*)p.pointers[0])[at[0]] = Op::of(x, y) ? 1 : 0;
    }
}

// condition ? a : b, of words of any meaning
template <class Word>
DEVICE void select(const Strided& p) {
    i64 i = global_index();
    if (i < p.count) {
        i64 at[4];
        locate<4>(p, i, at);
        bool first = ((const u8*)p.pointers[1])[at[1]] != 0;
        ((Word*)p.pointers[0])[at[0]] =
            first ? ((const Word*)p.pointers[2])[at[2]] : ((const Word*)p.pointers[3])[at[3]];
    }
}

template <class Word>
DEVICE void copy(const Strided& p) {
    i64 i = global_index();
    if (i < p.count) {
        i64 at[2];
        locate<2>(p, i, at);
        ((Word*)p.pointers[0])[at[0]] = ((const Word*)p.pointers[1])[at[1]];
    }
}

// extra: the word
template <class Word>
DEVICE void fill(const Strided& p) {
    i64 i = global_index();
    if (i < p.count) {
        ((Word*)p.pointers[0])[i] = (Word)p.extra[0];
    }
}

template <class From, class To>
DEVICE void cast(const Strided& p) {
    i64 i = global_index();
    if (i < p.count) {
        i64 at[2];
        locate<2>(p, i, at);
        put((To*)p.pointers[0] + at[0], load((const From*)p.pointers[1], at[1]));
    }
}

// extra: the extent of the dimension, the elements behind one of its places
template <class T>
DEVICE void iota(const Strided& p) {
    i64 i = global_index();
    if (i < p.count) {
        put((T*)p.pointers[0] + i, (i64)(i / p.extra[1] % p.extra[0]));
    }
}

// ---- Random numbers: Philox4x32-10 (Salmon et al., SC 2011)

DEVICE void philox(const i32* key, i64 key_stride, u64 number, u32* words) {
    u32 k0 = (u32)key[0];
    u32 k1 = (u32)key[key_stride];
    u32 c0 = (u32)number;
    u32 c1 = (u32)(number >> 32);
    u32 c2 = (u32)key[2 * key_stride];
    u32 c3 = (u32)key[3 * key_stride];
    for (int round = 0; round < 10; round++) {
        u64 p0 = 0xD2511F53ull * c0;
        u64 p1 = 0xCD9E8D57ull * c2;
        c0 = (u32)(p1 >> 32) ^ c1 ^ k0;
        c2 = (u32)(p0 >> 32) ^ c3 ^ k1;
        c1 = (u32)p1;
        c3 = (u32)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    words[0] = c0;
    words[1] = c1;
    words[2] = c2;
    words[3] = c3;
}

// One block of four words a thread. extra: the number of the first block, the key's stride.
DEVICE void random_bits(const Strided& p) {
    i64 block = global_index();
    if (4 * block < p.count) {
        u32 words[4];
        philox((const i32*)p.pointers[1], p.extra[1], (u64)(p.extra[0] + block), words);
        for (int k = 0; k < 4 && 4 * block + k < p.count; k++) {
            ((u32*)p.pointers[0])[4 * block + k] = words[k];
        }
    }
}
