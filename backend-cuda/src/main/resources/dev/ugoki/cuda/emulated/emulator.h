// A GPU as far as kernels can tell: threads of a block are fibers of one host thread. Included by
// the kernels' prelude; emulator.cpp is what it declares.
#pragma once
#include <math.h>
#include <string.h>

struct Dim3 {
    unsigned x, y, z;
};
extern "C" {
extern Dim3 threadIdx, blockIdx, blockDim, gridDim;
void* emulated_shared_memory();
void emulated_barrier(int line);
// Gives the lanes of a warp each other's values; returns those of all lanes.
const unsigned long long* emulated_exchange(unsigned mask, unsigned long long value, int line);
int emulated_lane();
}

static inline int __float_as_int(float x) {
    int bits;
    memcpy(&bits, &x, 4);
    return bits;
}
static inline float __int_as_float(int x) {
    float value;
    memcpy(&value, &x, 4);
    return value;
}
static inline long long __double_as_longlong(double x) {
    long long bits;
    memcpy(&bits, &x, 8);
    return bits;
}
static inline double __longlong_as_double(long long x) {
    double value;
    memcpy(&value, &x, 8);
    return value;
}

#define __syncthreads() emulated_barrier(__LINE__)
#define __syncwarp(...) ((void)emulated_exchange(0xffffffffu, 0, __LINE__))
#define __shfl_sync(mask, value, from) emulated_shuffle(mask, value, (from) & 31, __LINE__)
#define __shfl_xor_sync(mask, value, other)                                                        \
    emulated_shuffle(mask, value, emulated_lane() ^ (other), __LINE__)
#define __shfl_down_sync(mask, value, distance)                                                    \
    emulated_shuffle(mask, value, emulated_lane() + (distance), __LINE__)
#define __shfl_up_sync(mask, value, distance)                                                      \
    emulated_shuffle(mask, value, emulated_lane() - (distance), __LINE__)

// The value of another lane; its own where there is no such lane.
template <class T>
static inline T emulated_shuffle(unsigned mask, T value, int from, int line) {
    static_assert(sizeof(T) <= 8, "a shuffled value has at most 8 bytes");
    unsigned long long word = 0;
    memcpy(&word, &value, sizeof(T));
    const unsigned long long* all = emulated_exchange(mask, word, line);
    T result = value;
    if (from >= 0 && from < 32) {
        memcpy(&result, &all[from], sizeof(T));
    }
    return result;
}

static inline unsigned __ballot_sync_at(unsigned mask, bool holds, int line) {
    const unsigned long long* all = emulated_exchange(mask, holds, line);
    unsigned bits = 0;
    for (int lane = 0; lane < 32; lane++) {
        bits |= (mask >> lane & 1) && all[lane] ? 1u << lane : 0;
    }
    return bits;
}
#define __ballot_sync(mask, holds) __ballot_sync_at(mask, holds, __LINE__)

// Threads take turns, so that nothing comes between.
static inline int atomicCAS(int* at, int expected, int value) {
    int before = *at;
    *at = before == expected ? value : before;
    return before;
}
template <class T>
static inline T atomicAdd(T* at, T value) {
    T before = *at;
    *at = before + value;
    return before;
}
