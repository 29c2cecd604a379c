// What changes from step to step, kept on the GPU so that a recorded step can be replayed without the host. `batch`, the first
// kernel of a step, reads what is done and sets what is in work; the others read what is in work; and `softmax`, behind which
// an evaluation has nothing, declares it done. So no kernel reads what another of its invocations writes.

struct Time {
    step: u32,  // optimiser steps, from 1 in the first
    batch: u32, // from 0 in the first of an epoch; of what is done set to 2^32 - 1 before an epoch
    // The bias corrections of Adam, 1 - beta^step, by c + (1 - beta) (1 - c): exact where 1 - beta is small.
    correction1: f32,
    correction2: f32,
    rate: f32,  // the learning rate, by schedule.wgsl
}

struct Clock { done: Time, now: Time }
