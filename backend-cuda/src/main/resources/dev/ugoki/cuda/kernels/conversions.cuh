// Conversions: every result's bits are specified.

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
