// The emulated device: runs kernels block by block on one host thread. A thread of a block is a
// fiber; it runs until it waits for others or ends. What is not shown: real memory ordering, bank
// conflicts, occupancy, the arithmetic of tensor cores.
#include "emulator.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <mutex>
#include <utility>
#include <vector>

extern "C" {
Dim3 threadIdx, blockIdx, blockDim, gridDim;
}

namespace {
constexpr size_t STACK_BYTES = 256 << 10;
constexpr int MAX_THREADS = 1024;
typedef void (*Kernel)(const void*);

enum State { READY, AT_BARRIER, IN_WARP, ENDED };

struct Thread {
    State state;
    int line;         // of the barrier or shuffle that it waits at
    unsigned mask;    // of the lanes that it waits for
    unsigned rounds;  // shuffles so far
    int fiber;
};

struct Fiber {
    void* stack;
    jmp_buf place;
    bool started;
};

struct Warp {
    unsigned arrived;
    unsigned long long values[2][32];
};

std::mutex device;
Fiber fibers[MAX_THREADS];
std::vector<int> idle;
Thread threads[MAX_THREADS];
Warp warps[MAX_THREADS / 32];
std::vector<int> order;  // in which threads start and go on
unsigned next_thread;    // the next of `order` to start
int thread_count;
int ended;
int current;
jmp_buf scheduler;
Kernel kernel;
const void* params;
void* shared_memory;
char message[512];

unsigned long long random_state;
unsigned random_below(unsigned bound) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state >> 33) % bound;
}

void enter(int thread) {
    current = thread;
    threadIdx.x = thread;
}

// What a fiber does: start threads, one after the other, until one has to wait, and later others.
void run_fiber(int self) {
    for (;;) {
        while (next_thread < order.size()) {
            int thread = order[next_thread++];
            threads[thread].fiber = self;
            enter(thread);
            kernel(params);
            threads[current].state = ENDED;
            ended++;
        }
        idle.push_back(self);
        if (_setjmp(fibers[self].place) == 0) {
            _longjmp(scheduler, 1);
        }
    }
}

void start_fiber(int self) { run_fiber(self); }

// Leaves this thread until the scheduler goes on with it.
void wait() {
    int self = current;
    if (_setjmp(fibers[threads[self].fiber].place) == 0) {
        _longjmp(scheduler, 1);
    }
    enter(self);
}

void go_on(int fiber) {
    if (_setjmp(scheduler) != 0) {
        return;
    }
    Fiber& next = fibers[fiber];
    if (next.started) {
        _longjmp(next.place, 1);
    }
    next.started = true;
    if (next.stack == nullptr) {
        next.stack = mmap(nullptr, STACK_BYTES, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    }
    ucontext_t context;
    getcontext(&context);
    context.uc_stack.ss_sp = next.stack;
    context.uc_stack.ss_size = STACK_BYTES;
    context.uc_link = nullptr;
    makecontext(&context, (void (*)())start_fiber, 1, fiber);
    setcontext(&context);
}

// Lets the barrier's threads go on where all have come to the same one.
bool open_barrier() {
    int line = -1;
    for (int t = 0; t < thread_count; t++) {
        Thread& thread = threads[t];
        bool same = thread.state == AT_BARRIER && (line < 0 || line == thread.line);
        if (!same) {
            int waiting = 0;
            for (int u = 0; u < thread_count; u++) {
                waiting += threads[u].state == AT_BARRIER;
            }
            int other = threads[t].state == AT_BARRIER ? thread.line : 0;
            snprintf(message, sizeof message,
                     "divergent barrier: block (%u, %u): %d of %d threads wait at barriers,"
                     " %d have ended; thread %d is at line %d, others at line %d",
                     blockIdx.x, blockIdx.y, waiting, thread_count, ended, t, other,
                     line < 0 ? threads[thread_count - 1].line : line);
            return false;
        }
        line = thread.line;
    }
    for (int t = 0; t < thread_count; t++) {
        threads[t].state = READY;
    }
    return true;
}

bool run_block() {
    next_thread = 0;
    ended = 0;
    for (int t = 0; t < thread_count; t++) {
        threads[t] = Thread{READY, 0, 0, 0, -1};
    }
    for (int w = 0; w * 32 < thread_count; w++) {
        warps[w].arrived = 0;
    }
    for (;;) {
        while (next_thread < order.size()) {
            int fiber = idle.back();
            idle.pop_back();
            go_on(fiber);
        }
        if (ended == thread_count) {
            return true;
        }
        bool moved = false;
        for (int t : order) {
            if (threads[t].state == READY) {
                moved = true;
                int fiber = threads[t].fiber;
                current = t;
                go_on(fiber);
            }
        }
        if (!moved && ended < thread_count && !open_barrier()) {
            return false;
        }
    }
}

// Fibers that a failed block left in the middle of a kernel begin anew.
void abandon() {
    idle.clear();
    for (int f = MAX_THREADS - 1; f >= 0; f--) {
        fibers[f].started = false;
        idle.push_back(f);
    }
}
}  // namespace

extern "C" {

void* emulated_shared_memory() { return shared_memory; }

int emulated_lane() { return current % 32; }

void emulated_barrier(int line) {
    threads[current].state = AT_BARRIER;
    threads[current].line = line;
    wait();
}

const unsigned long long* emulated_exchange(unsigned mask, unsigned long long value, int line) {
    Thread& self = threads[current];
    Warp& warp = warps[current / 32];
    int lane = current % 32;
    int first = current - lane;
    if (thread_count - first < 32) {
        mask &= (1u << (thread_count - first)) - 1;
    }
    unsigned parity = self.rounds++ & 1;
    warp.values[parity][lane] = value;
    warp.arrived |= 1u << lane;
    self.line = line;
    self.mask = mask;
    if ((warp.arrived & mask) == mask) {
        warp.arrived &= ~mask;
        for (int l = 0; l < 32 && first + l < thread_count; l++) {
            if ((mask >> l & 1) && threads[first + l].state == IN_WARP) {
                threads[first + l].state = READY;
                if (threads[first + l].line != line || threads[first + l].rounds != self.rounds) {
                    snprintf(message, sizeof message,
                             "divergent shuffle: lanes of a warp meet at lines %d and %d",
                             threads[first + l].line, line);
                }
            }
        }
    } else {
        self.state = IN_WARP;
        wait();
    }
    return warp.values[parity];
}

const char* ugoki_message() { return message; }

// Runs a kernel; 0 where all went well, else ugoki_message() says what did not. A seed other than
// 0 draws the order of blocks and threads.
int ugoki_launch(Kernel function, unsigned grid_x, unsigned grid_y, unsigned threads_per_block,
                 unsigned long long shared_bytes, const void* arguments, unsigned long long seed) {
    std::lock_guard<std::mutex> lock(device);
    message[0] = 0;
    if (idle.empty()) {
        abandon();
    }
    unsigned long long count = threads_per_block;
    gridDim = Dim3{grid_x, grid_y, 1};
    blockDim = Dim3{threads_per_block, 1, 1};
    if (count == 0 || count > MAX_THREADS || grid_x == 0 || grid_y == 0 || grid_y > 65535 ||
        grid_x > 0x7fffffff || shared_bytes > (227 << 10)) {
        snprintf(message, sizeof message,
                 "no device runs this launch: grid (%u, %u), %u threads, %llu bytes of shared"
                 " memory",
                 grid_x, grid_y, threads_per_block, shared_bytes);
        return 1;
    }
    kernel = function;
    params = arguments;
    thread_count = (int)count;
    order.resize(count);
    for (int t = 0; t < thread_count; t++) {
        order[t] = t;
    }
    random_state = seed * 0x9E3779B97F4A7C15ull + 1;
    // A block of its own for each launch, so that an access beyond it can be noticed.
    shared_memory = shared_bytes == 0 ? nullptr : aligned_alloc(64, (shared_bytes + 63) / 64 * 64);
    unsigned long long blocks = (unsigned long long)grid_x * grid_y;
    bool good = true;
    for (unsigned long long b = 0; good && b < blocks; b++) {
        unsigned long long at = seed == 0 ? b : blocks - 1 - b;
        blockIdx.x = (unsigned)(at % grid_x);
        blockIdx.y = (unsigned)(at / grid_x);
        if (shared_bytes > 0) {
            memset(shared_memory, 0xff, shared_bytes);  // NaN in every floating type
        }
        for (int t = thread_count - 1; seed != 0 && t > 0; t--) {
            std::swap(order[t], order[random_below(t + 1)]);
        }
        good = run_block();
    }
    free(shared_memory);
    if (!good) {
        abandon();
    }
    return message[0] == 0 ? 0 : 1;
}
}
