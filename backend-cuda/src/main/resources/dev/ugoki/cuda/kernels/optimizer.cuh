// Adam's step for many parameters at once.

#define ADAM_TENSORS 32
#define ADAM_CHUNK 1024
#define ADAM_THREADS 256

// Settings are F64 scalars on the device: the learning rate, both betas, epsilon, the decay, both
// corrections. The tensors' parameter, gradient and moments are read, their parameter and moments
// written, in place or not.
struct Adam {
    i64 tensors;
    i64 first_block[ADAM_TENSORS + 1];
    i64 counts[ADAM_TENSORS];
    const void* parameters[ADAM_TENSORS];
    const void* gradients[ADAM_TENSORS];
    const void* firsts[ADAM_TENSORS];
    const void* seconds[ADAM_TENSORS];
    void* new_parameters[ADAM_TENSORS];
    void* new_firsts[ADAM_TENSORS];
    void* new_seconds[ADAM_TENSORS];
    const f64* settings[7];
};

template <class T, bool Decoupled>
DEVICE void adam(const Adam& p) {
    int tensor = 0;
    while (tensor + 1 < p.tensors && blockIdx.x >= p.first_block[tensor + 1]) {
        tensor++;
    }
    f64 rate = *p.settings[0];
    f64 beta1 = *p.settings[1];
    f64 beta2 = *p.settings[2];
    f64 given_decay = *p.settings[4];
    f32 decay = (f32)(Decoupled ? 1.0 - rate * given_decay : given_decay);
    f32 epsilon = (f32)*p.settings[3];
    f32 minus_step = (f32)(-rate / *p.settings[5]);
    f32 inverse_root = (f32)(1.0 / sqrt(*p.settings[6]));
    f32 keep1 = (f32)beta1;
    f32 take1 = (f32)(1.0 - beta1);
    f32 keep2 = (f32)beta2;
    f32 take2 = (f32)(1.0 - beta2);
    i64 begin = ((i64)blockIdx.x - p.first_block[tensor]) * ADAM_CHUNK;
    i64 end = begin + ADAM_CHUNK < p.counts[tensor] ? begin + ADAM_CHUNK : p.counts[tensor];
    for (i64 i = begin + threadIdx.x; i < end; i += blockDim.x) {
        f32 x = load((const T*)p.parameters[tensor], i);
        f32 given = load((const T*)p.gradients[tensor], i);
        f32 g = Decoupled ? given : fmaf(x, decay, given);
        f32 kept = Decoupled ? x * decay : x;
        f32 first = fmaf(load((const T*)p.firsts[tensor], i), keep1, g * take1);
        f32 second = fmaf(load((const T*)p.seconds[tensor], i), keep2, g * g * take2);
        f32 denominator = fmaf(sqrtf(second), inverse_root, epsilon);
        store((T*)p.new_parameters[tensor], i, fmaf(first / denominator, minus_step, kept));
        store((T*)p.new_firsts[tensor], i, first);
        store((T*)p.new_seconds[tensor], i, second);
    }
}

struct MovingAverage {
    i64 count;
    const void* average;
    const void* value;
    const f64* decay;
    void* result;
};

template <class T>
DEVICE void moving_average(const MovingAverage& p) {
    i64 i = global_index();
    if (i < p.count) {
        f32 kept = (f32)*p.decay;
        f32 taken = (f32)(1.0 - *p.decay);
        f32 x = load((const T*)p.average, i) * kept;
        store((T*)p.result, i, x + load((const T*)p.value, i) * taken);
    }
}
