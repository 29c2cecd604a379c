// What changes from step to step, kept on the GPU so that a recorded step can be replayed without the host.

struct Clock {
    step: u32,  // optimiser steps begun, from 1 in the first
    batch: u32, // the batch in work, from 0 in the first of an epoch; set to 2^32 - 1 before an epoch
    // The bias corrections of Adam, 1 - beta^step, by c + (1 - beta) (1 - c): exact where 1 - beta is small.
    correction1: f32,
    correction2: f32,
}
