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

// ---- Unary functions

#define UGOKI_FUNCTION(Name, of32, of64)                                                           \
    struct Name {                                                                                  \
        DEVICE f32 on(f32 x) { return of32; }                                                      \
        DEVICE f64 on(f64 x) { return of64; }                                                      \
        template <class T>                                                                         \
        DEVICE WideOf<T> of(WideOf<T> x) {                                                         \
            return on(x);                                                                          \
        }                                                                                          \
    };
DEVICE f32 sigmoid(f32 x) {
    f32 e = expf(-fabsf(x));
    return (x >= 0 ? 1.0f : e) / (1.0f + e);
}
DEVICE f64 sigmoid(f64 x) {
    f64 e = exp(-fabs(x));
    return (x >= 0 ? 1.0 : e) / (1.0 + e);
}
UGOKI_FUNCTION(Sqrt, sqrtf(x), sqrt(x))
UGOKI_FUNCTION(Rsqrt, 1.0f / sqrtf(x), 1.0 / sqrt(x))
UGOKI_FUNCTION(Exp, expf(x), exp(x))
UGOKI_FUNCTION(Expm1, expm1f(x), expm1(x))
UGOKI_FUNCTION(Log, logf(x), log(x))
UGOKI_FUNCTION(Log1p, log1pf(x), log1p(x))
UGOKI_FUNCTION(Sin, sinf(x), sin(x))
UGOKI_FUNCTION(Cos, cosf(x), cos(x))
UGOKI_FUNCTION(Tan, tanf(x), tan(x))
UGOKI_FUNCTION(Asin, asinf(x), asin(x))
UGOKI_FUNCTION(Acos, acosf(x), acos(x))
UGOKI_FUNCTION(Atan, atanf(x), atan(x))
UGOKI_FUNCTION(Sinh, sinhf(x), sinh(x))
UGOKI_FUNCTION(Cosh, coshf(x), cosh(x))
UGOKI_FUNCTION(Tanh, tanhf(x), tanh(x))
UGOKI_FUNCTION(Erf, erff(x), erf(x))
UGOKI_FUNCTION(Sigmoid, sigmoid(x), sigmoid(x))
UGOKI_FUNCTION(Floor, floorf(x), floor(x))
UGOKI_FUNCTION(Ceil, ceilf(x), ceil(x))
UGOKI_FUNCTION(Round, rintf(x), rint(x))
UGOKI_FUNCTION(Trunc, truncf(x), trunc(x))

DEVICE f32 negative(f32 x) { return -x; }
DEVICE f64 negative(f64 x) { return -x; }
DEVICE i32 negative(i32 x) { return (i32)(0u - (u32)x); }
DEVICE i64 negative(i64 x) { return (i64)(0ull - (u64)x); }
DEVICE f32 magnitude(f32 x) { return fabsf(x); }
DEVICE f64 magnitude(f64 x) { return fabs(x); }
DEVICE i32 magnitude(i32 x) { return x < 0 ? negative(x) : x; }
DEVICE i64 magnitude(i64 x) { return x < 0 ? negative(x) : x; }

struct Neg {
    template <class T>
    DEVICE WideOf<T> of(WideOf<T> x) {
        return negative(x);
    }
};
struct Abs {
    template <class T>
    DEVICE WideOf<T> of(WideOf<T> x) {
        return magnitude(x);
    }
};
struct Sign {
    template <class T>
    DEVICE WideOf<T> of(WideOf<T> x) {
        return (WideOf<T>)((x > 0) - (x < 0));
    }
};
struct Not {
    template <class T>
    DEVICE WideOf<T> of(WideOf<T> x) {
        return Element<T>::mask == 1 ? (WideOf<T>)(1 - x) : (WideOf<T>)~x;
    }
};

// ---- Binary functions

DEVICE f32 quotient(f32 x, f32 y) { return x / y; }
DEVICE f64 quotient(f64 x, f64 y) { return x / y; }
template <class W>
DEVICE W integer_quotient(W x, W y) {
    return y == 0 ? (W)0 : y == -1 ? negative(x) : (W)(x / y);
}
DEVICE i32 quotient(i32 x, i32 y) { return integer_quotient(x, y); }
DEVICE i64 quotient(i64 x, i64 y) { return integer_quotient(x, y); }
DEVICE f32 remainder_of(f32 x, f32 y) { return fmodf(x, y); }
DEVICE f64 remainder_of(f64 x, f64 y) { return fmod(x, y); }
DEVICE i32 remainder_of(i32 x, i32 y) { return y == 0 || y == -1 ? 0 : x % y; }
DEVICE i64 remainder_of(i64 x, i64 y) { return y == 0 || y == -1 ? 0 : x % y; }
DEVICE f32 difference(f32 x, f32 y) { return x - y; }
DEVICE f64 difference(f64 x, f64 y) { return x - y; }
DEVICE i32 difference(i32 x, i32 y) { return (i32)((u32)x - (u32)y); }
DEVICE i64 difference(i64 x, i64 y) { return (i64)((u64)x - (u64)y); }
DEVICE f32 power(f32 x, f32 y) { return powf(x, y); }
DEVICE f64 power(f64 x, f64 y) { return pow(x, y); }
DEVICE f32 angle(f32 y, f32 x) { return atan2f(y, x); }
DEVICE f64 angle(f64 y, f64 x) { return atan2(y, x); }

#define UGOKI_BINARY(Name, expression)                                                             \
    struct Name {                                                                                  \
        template <class T>                                                                         \
        DEVICE WideOf<T> of(WideOf<T> x, WideOf<T> y) {                                            \
            return (WideOf<T>)(expression);                                                        \
        }                                                                                          \
    };
UGOKI_BINARY(Add, add(x, y))
UGOKI_BINARY(Sub, difference(x, y))
UGOKI_BINARY(Mul, multiply(x, y))
UGOKI_BINARY(Div, quotient(x, y))
UGOKI_BINARY(Rem, remainder_of(x, y))
UGOKI_BINARY(Pow, power(x, y))
UGOKI_BINARY(Max, greater_of(x, y))
UGOKI_BINARY(Min, lesser_of(x, y))
UGOKI_BINARY(Atan2, angle(x, y))
UGOKI_BINARY(And, x & y)
UGOKI_BINARY(Or, x | y)
UGOKI_BINARY(Xor, x ^ y)
UGOKI_BINARY(ShiftLeft, (u64)x << (y & (Element<T>::bits - 1)))
UGOKI_BINARY(ShiftRight, x >> (y & (Element<T>::bits - 1)))
UGOKI_BINARY(ShiftRightUnsigned, ((u64)x & Element<T>::mask) >> (y & (Element<T>::bits - 1)))

#define UGOKI_RELATION(Name, operator)                                                             \
    struct Name {                                                                                  \
        template <class W>                                                                         \
        DEVICE bool of(W x, W y) {                                                                 \
            return x operator y;                                                                   \
        }                                                                                          \
    };
UGOKI_RELATION(Eq, ==)
UGOKI_RELATION(Ne, !=)
UGOKI_RELATION(Lt, <)
UGOKI_RELATION(Le, <=)
UGOKI_RELATION(Gt, >)
UGOKI_RELATION(Ge, >=)

// ---- Conversions: every result's bits are specified

// What is loaded, as what is stored: floating to floating and integer to integer.
DEVICE f64 as_f64(f64 x) { return x; }
DEVICE f64 as_f64(f32 x) { return x; }
DEVICE f64 as_f64(i64 x) { return (f64)x; }
DEVICE f64 as_f64(i32 x) { return x; }
DEVICE f32 as_f32(f64 x) { return (f32)x; }
DEVICE f32 as_f32(f32 x) { return x; }
DEVICE f32 as_f32(i64 x) { return (f32)x; }
DEVICE f32 as_f32(i32 x) { return (f32)x; }
// A float that rounds to the right narrow number.
DEVICE f32 before_narrow(f64 x) { return rounded_to_odd(x); }
DEVICE f32 before_narrow(f32 x) { return x; }
DEVICE f32 before_narrow(i64 x) { return rounded_to_odd(rounded_to_odd(x)); }
DEVICE f32 before_narrow(i32 x) { return rounded_to_odd((f64)x); }
DEVICE i64 truncated(f64 x, f64 least, f64 beyond, i64 smallest, i64 largest) {
    return x != x ? 0 : x < least ? smallest : x >= beyond ? largest : (i64)x;
}
DEVICE i64 as_i64(f64 x) {
    return truncated(x, -0x1p63, 0x1p63, (i64)0x8000000000000000ull, 0x7fffffffffffffffll);
}
DEVICE i64 as_i64(f32 x) { return as_i64((f64)x); }
DEVICE i64 as_i64(i64 x) { return x; }
DEVICE i64 as_i64(i32 x) { return x; }
DEVICE i32 as_i32(f64 x) { return (i32)truncated(x, -0x1p31, 0x1p31, -0x80000000ll, 0x7fffffff); }
DEVICE i32 as_i32(f32 x) { return as_i32((f64)x); }
DEVICE i32 as_i32(i64 x) { return (i32)x; }
DEVICE i32 as_i32(i32 x) { return x; }
DEVICE i32 as_i8(f64 x) { return (i32)truncated(x, -128, 128, -128, 127); }
DEVICE i32 as_i8(f32 x) { return as_i8((f64)x); }
DEVICE i32 as_i8(i64 x) { return (i32)x; }
DEVICE i32 as_i8(i32 x) { return x; }
DEVICE i32 as_u8(f64 x) { return (i32)truncated(x, 0, 256, 0, 255); }
DEVICE i32 as_u8(f32 x) { return as_u8((f64)x); }
DEVICE i32 as_u8(i64 x) { return (i32)x; }
DEVICE i32 as_u8(i32 x) { return x; }

template <class W>
DEVICE void put(f64* to, W x) { *to = as_f64(x); }
template <class W>
DEVICE void put(f32* to, W x) { *to = as_f32(x); }
template <class W>
DEVICE void put(f16* to, W x) { *to = to_f16(before_narrow(x)); }
template <class W>
DEVICE void put(bf16* to, W x) { *to = to_bf16(before_narrow(x)); }
template <class W>
DEVICE void put(i64* to, W x) { *to = as_i64(x); }
template <class W>
DEVICE void put(i32* to, W x) { *to = as_i32(x); }
template <class W>
DEVICE void put(i8* to, W x) { *to = (i8)as_i8(x); }
template <class W>
DEVICE void put(u8* to, W x) { *to = (u8)as_u8(x); }
template <class W>
DEVICE void put(b8* to, W x) { to->bits = x != 0; }

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
