// Functions of one and of two elements. Those of F32 that plans join with others are written out from
// the same loop nests: nest_exp, nest_sign and so on stand before this file.

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
DEVICE f64 sigmoid(f64 x) {
    f64 e = exp(-fabs(x));
    return (x >= 0 ? 1.0 : e) / (1.0 + e);
}
UGOKI_FUNCTION(Sqrt, sqrtf(x), sqrt(x))
UGOKI_FUNCTION(Rsqrt, 1.0f / sqrtf(x), 1.0 / sqrt(x))
UGOKI_FUNCTION(Exp, nest_exp(x), exp(x))
UGOKI_FUNCTION(Expm1, nest_expm1(x), expm1(x))
UGOKI_FUNCTION(Log, nest_log(x), log(x))
UGOKI_FUNCTION(Log1p, nest_log1p(x), log1p(x))
UGOKI_FUNCTION(Sin, sinf(x), sin(x))
UGOKI_FUNCTION(Cos, cosf(x), cos(x))
UGOKI_FUNCTION(Tan, tanf(x), tan(x))
UGOKI_FUNCTION(Asin, asinf(x), asin(x))
UGOKI_FUNCTION(Acos, acosf(x), acos(x))
UGOKI_FUNCTION(Atan, atanf(x), atan(x))
UGOKI_FUNCTION(Sinh, sinhf(x), sinh(x))
UGOKI_FUNCTION(Cosh, coshf(x), cosh(x))
UGOKI_FUNCTION(Tanh, nest_tanh(x), tanh(x))
UGOKI_FUNCTION(Erf, nest_erf(x), erf(x))
UGOKI_FUNCTION(Sigmoid, nest_sigmoid(x), sigmoid(x))
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
template <class W>
DEVICE W sign(W x) {
    return (W)((x > 0) - (x < 0));
}
DEVICE f32 sign(f32 x) { return nest_sign(x); }
struct Sign {
    template <class T>
    DEVICE WideOf<T> of(WideOf<T> x) {
        return sign(x);
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

template <class W>
DEVICE W larger(W x, W y) {
    return greater_of(x, y);
}
DEVICE f32 larger(f32 x, f32 y) { return nest_max(x, y); }
template <class W>
DEVICE W smaller(W x, W y) {
    return lesser_of(x, y);
}
DEVICE f32 smaller(f32 x, f32 y) { return nest_min(x, y); }

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
UGOKI_BINARY(Max, larger(x, y))
UGOKI_BINARY(Min, smaller(x, y))
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
