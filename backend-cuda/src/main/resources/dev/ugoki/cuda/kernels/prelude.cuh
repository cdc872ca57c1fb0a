// What all kernels share: element types, their conversions, strided operands, the form of a kernel.
//
// Kernels are plain CUDA C without headers. They are compiled by NVRTC for a GPU, and, with
// UGOKI_EMULATED, by g++ for the emulated device. A kernel takes one structure of 8-byte members
// by value.

typedef signed char i8;
typedef unsigned char u8;
typedef short i16;
typedef unsigned short u16;
typedef int i32;
typedef unsigned int u32;
typedef long long i64;
typedef unsigned long long u64;
typedef float f32;
typedef double f64;

// As they lie in memory.
struct f16 {
    u16 bits;
};
struct bf16 {
    u16 bits;
};
struct b8 {
    u8 bits;
};

#ifdef UGOKI_EMULATED
#include "emulator.h"
#define DEVICE static inline
#define UGOKI_KERNEL(name, Params)                                                                 \
    static inline void name##_body(const Params& p);                                               \
    extern "C" void name(const void* params) { name##_body(*(const Params*)params); }              \
    static inline void name##_body(const Params& p)
#define UGOKI_BOUNDED_KERNEL(name, Params, threads) UGOKI_KERNEL(name, Params)
#define UGOKI_SHARED(Type, name) Type* name = (Type*)emulated_shared_memory()
#else
#define DEVICE static __device__ __forceinline__
#define UGOKI_KERNEL(name, Params)                                                                 \
    extern "C" __global__ void name(const __grid_constant__ Params p)
#define UGOKI_BOUNDED_KERNEL(name, Params, threads)                                                \
    extern "C" __global__ void __launch_bounds__(threads, 1) name(const __grid_constant__ Params p)
#define UGOKI_SHARED(Type, name)                                                                   \
    extern __shared__ __align__(16) unsigned char ugoki_shared[];                                  \
    Type* name = (Type*)ugoki_shared
#endif

#define MAX_RANK 12
#define INFINITE_F32 __int_as_float(0x7f800000)
#define INFINITE_F64 __longlong_as_double(0x7ff0000000000000LL)

DEVICE i64 global_index() { return (i64)blockIdx.x * blockDim.x + threadIdx.x; }

// ---- Narrow floating types: rounded once, to nearest, ties to even; NaN stays NaN.

DEVICE f32 wide(f16 x) {
#ifdef __CUDA_ARCH__
    f32 y;
    asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x.bits));
    return y;
#else
    u32 sign = (u32)(x.bits & 0x8000) << 16;
    u32 exponent = x.bits >> 10 & 31;
    u32 fraction = x.bits & 0x3ff;
    if (exponent == 0) {
        return __int_as_float((i32)(sign | (u32)__float_as_int((f32)fraction * 0x1p-24f)));
    }
    exponent = exponent == 31 ? 255 : exponent + 112;
    return __int_as_float((i32)(sign | exponent << 23 | fraction << 13));
#endif
}

DEVICE f32 wide(bf16 x) { return __int_as_float((i32)((u32)x.bits << 16)); }

DEVICE f16 to_f16(f32 x) {
    f16 y;
#ifdef __CUDA_ARCH__
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
#else
    u32 bits = (u32)__float_as_int(x);
    u32 sign = bits >> 16 & 0x8000;
    u32 magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) {
        y.bits = (u16)(sign | 0x7e00);
    } else if (magnitude >= 0x477ff000) {
        y.bits = (u16)(sign | 0x7c00);
    } else if (magnitude < 0x38800000) {
        // Exact but for the one rounding to an integer: scaling is by a power of 2.
        y.bits = (u16)(sign | (u32)(i32)rintf(__int_as_float((i32)magnitude) * 0x1p24f));
    } else {
        y.bits = (u16)(sign | (magnitude + 0xfff + (magnitude >> 13 & 1) - 0x38000000) >> 13);
    }
#endif
    return y;
}

DEVICE bf16 to_bf16(f32 x) {
    u32 bits = (u32)__float_as_int(x);
    bf16 y;
    y.bits = x != x ? (u16)(bits >> 16 | 0x40) : (u16)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    return y;
}

// A float that rounds to the same narrower number as the double would (Boldo, Melquiond, 2008).
DEVICE f32 rounded_to_odd(f64 x) {
    f32 nearest = (f32)x;
    i32 bits = __float_as_int(nearest);
    if ((f64)nearest == x || x != x || (bits & 1) != 0) {
        return nearest;
    }
    bool up = (f64)nearest < x;
    if ((bits & 0x7fffffff) == 0) {
        return __int_as_float(up ? 1 : (i32)0x80000001);
    }
    return __int_as_float(up == (bits >= 0) ? bits + 1 : bits - 1);
}

// A double that rounds to the same F32, F16 or BF16 as the integer would.
DEVICE f64 rounded_to_odd(i64 x) {
    f64 nearest = (f64)x;
    if (nearest == 0x1p63) {
        return __longlong_as_double(__double_as_longlong(nearest) - 1);
    }
    i64 error = x - (i64)nearest;
    i64 bits = __double_as_longlong(nearest);
    if (error == 0 || (bits & 1) != 0) {
        return nearest;
    }
    return __longlong_as_double((error > 0) == (bits >= 0) ? bits + 1 : bits - 1);
}

// ---- Elements: the type that computes with them, and the ways there and back.

template <class T>
struct Element {
    typedef T Wide;
    static constexpr bool floating = false;
    static constexpr int bits = 8 * sizeof(T);
    static constexpr u64 mask = sizeof(T) == 8 ? ~0ull : (1ull << (8 * sizeof(T) % 64)) - 1;
};
template <>
struct Element<f64> {
    typedef f64 Wide;
    static constexpr bool floating = true;
};
template <>
struct Element<f32> {
    typedef f32 Wide;
    static constexpr bool floating = true;
};
template <>
struct Element<f16> {
    typedef f32 Wide;
    static constexpr bool floating = true;
};
template <>
struct Element<bf16> {
    typedef f32 Wide;
    static constexpr bool floating = true;
};
template <>
struct Element<i8> {
    typedef i32 Wide;
    static constexpr bool floating = false;
    static constexpr int bits = 8;
    static constexpr u64 mask = 0xff;
};
template <>
struct Element<u8> {
    typedef i32 Wide;
    static constexpr bool floating = false;
    static constexpr int bits = 8;
    static constexpr u64 mask = 0xff;
};
template <>
struct Element<b8> {
    typedef i32 Wide;
    static constexpr bool floating = false;
    static constexpr int bits = 8;
    static constexpr u64 mask = 1;
};

template <class T>
using WideOf = typename Element<T>::Wide;

template <bool Condition, class T = void>
struct EnableIf {};
template <class T>
struct EnableIf<true, T> {
    typedef T type;
};

DEVICE f64 load(const f64* from, i64 at) { return from[at]; }
DEVICE f32 load(const f32* from, i64 at) { return from[at]; }
DEVICE f32 load(const f16* from, i64 at) { return wide(from[at]); }
DEVICE f32 load(const bf16* from, i64 at) { return wide(from[at]); }
DEVICE i64 load(const i64* from, i64 at) { return from[at]; }
DEVICE i32 load(const i32* from, i64 at) { return from[at]; }
DEVICE i32 load(const i16* from, i64 at) { return from[at]; }
DEVICE i32 load(const i8* from, i64 at) { return from[at]; }
DEVICE i32 load(const u8* from, i64 at) { return from[at]; }
DEVICE i32 load(const b8* from, i64 at) { return from[at].bits; }

DEVICE void store(f64* to, i64 at, f64 x) { to[at] = x; }
DEVICE void store(f32* to, i64 at, f32 x) { to[at] = x; }
DEVICE void store(f16* to, i64 at, f32 x) { to[at] = to_f16(x); }
DEVICE void store(bf16* to, i64 at, f32 x) { to[at] = to_bf16(x); }
DEVICE void store(i64* to, i64 at, i64 x) { to[at] = x; }
DEVICE void store(i32* to, i64 at, i32 x) { to[at] = x; }
DEVICE void store(i16* to, i64 at, i32 x) { to[at] = (i16)x; }
DEVICE void store(i8* to, i64 at, i32 x) { to[at] = (i8)x; }
DEVICE void store(u8* to, i64 at, i32 x) { to[at] = (u8)x; }
DEVICE void store(b8* to, i64 at, i32 x) { to[at].bits = x != 0; }

// Sums and products that wrap.
DEVICE i32 add(i32 x, i32 y) { return (i32)((u32)x + (u32)y); }
DEVICE i64 add(i64 x, i64 y) { return (i64)((u64)x + (u64)y); }
DEVICE f32 add(f32 x, f32 y) { return x + y; }
DEVICE f64 add(f64 x, f64 y) { return x + y; }
DEVICE i32 multiply(i32 x, i32 y) { return (i32)((u32)x * (u32)y); }
DEVICE i64 multiply(i64 x, i64 y) { return (i64)((u64)x * (u64)y); }
DEVICE f32 multiply(f32 x, f32 y) { return x * y; }
DEVICE f64 multiply(f64 x, f64 y) { return x * y; }
DEVICE i32 multiply_add(i32 x, i32 y, i32 z) { return add(multiply(x, y), z); }
DEVICE i64 multiply_add(i64 x, i64 y, i64 z) { return add(multiply(x, y), z); }
DEVICE f32 multiply_add(f32 x, f32 y, f32 z) { return fmaf(x, y, z); }
DEVICE f64 multiply_add(f64 x, f64 y, f64 z) { return fma(x, y, z); }

// The greater; NaN where one is.
template <class W>
DEVICE W greater_of(W x, W y) {
    return y > x || y != y ? y : x;
}
template <class W>
DEVICE W lesser_of(W x, W y) {
    return y < x || y != y ? y : x;
}
DEVICE void set_lowest(f32& x) { x = -INFINITE_F32; }
DEVICE void set_lowest(f64& x) { x = -INFINITE_F64; }
DEVICE void set_lowest(i32& x) { x = (i32)0x80000000; }
DEVICE void set_lowest(i64& x) { x = (i64)0x8000000000000000ull; }
DEVICE void set_highest(f32& x) { x = INFINITE_F32; }
DEVICE void set_highest(f64& x) { x = INFINITE_F64; }
DEVICE void set_highest(i32& x) { x = 0x7fffffff; }
DEVICE void set_highest(i64& x) { x = 0x7fffffffffffffffll; }

// ---- Operands that lie in memory with strides, counted in elements; operand 0 is the result.

struct Strided {
    i64 count;
    i64 rank;  // at least 1
    i64 extents[MAX_RANK];
    void* pointers[4];
    i64 strides[4][MAX_RANK];
    i64 extra[6];
};

// The offsets of element i, counted in row-major order, in the first N operands.
template <int N>
DEVICE void locate(const Strided& p, i64 i, i64* offsets) {
    if (p.rank == 1) {
        for (int k = 0; k < N; k++) {
            offsets[k] = i * p.strides[k][0];
        }
        return;
    }
    for (int k = 0; k < N; k++) {
        offsets[k] = 0;
    }
    if (p.count <= 0x7fffffff) {
        u32 rest = (u32)i;
        for (int d = (int)p.rank - 1; d > 0; d--) {
            u32 extent = (u32)p.extents[d];
            u32 quotient = rest / extent;
            u32 place = rest - quotient * extent;
            rest = quotient;
            for (int k = 0; k < N; k++) {
                offsets[k] += place * p.strides[k][d];
            }
        }
        for (int k = 0; k < N; k++) {
            offsets[k] += rest * p.strides[k][0];
        }
    } else {
        i64 rest = i;
        for (int d = (int)p.rank - 1; d > 0; d--) {
            i64 quotient = rest / p.extents[d];
            i64 place = rest - quotient * p.extents[d];
            rest = quotient;
            for (int k = 0; k < N; k++) {
                offsets[k] += place * p.strides[k][d];
            }
        }
        for (int k = 0; k < N; k++) {
            offsets[k] += rest * p.strides[k][0];
        }
    }
}

// The offset of element i of one operand of up to MAX_RANK dimensions.
DEVICE i64 place_of(i64 i, i64 rank, const i64* extents, const i64* strides) {
    if (rank == 1) {
        return i * strides[0];
    }
    i64 offset = 0;
    i64 rest = i;
    for (int d = (int)rank - 1; d > 0; d--) {
        i64 quotient = rest / extents[d];
        offset += (rest - quotient * extents[d]) * strides[d];
        rest = quotient;
    }
    return rank == 0 ? 0 : offset + rest * strides[0];
}

// An index that is out of range, told to the host with the next synchronization.
struct Fault {
    i32 happened;
    i32 operation;
    i64 index;
    i64 dimension;
    i64 extent;
};

DEVICE void report(Fault* fault, i32 operation, i64 index, i64 dimension, i64 extent) {
    if (atomicCAS(&fault->happened, 0, 1) == 0) {
        fault->operation = operation;
        fault->index = index;
        fault->dimension = dimension;
        fault->extent = extent;
    }
}
