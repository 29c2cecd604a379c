// The course of the learning rate, the twin of src/reference/schedule.rs:
//   share[t] = t / (RISE + 1)                           while t <= RISE
//              (1 + cos(pi (t - 1 - RISE) / FALL)) / 2  behind it, or 1 where FALL is 0

// sin(pi / 2 x) from 0 to 1, by its series, to 1e-7; a driver's own may be off by a thousand times that.
fn quarter_wave(x: f32) -> f32 {
    let a = 1.5707964 * x;
    let s = a * a;
    return a * (1.0 + s * (-1.0 / 6.0 + s * (1.0 / 120.0 + s * (-1.0 / 5040.0 + s * (1.0 / 362880.0 - s / 39916800.0)))));
}

// Of step t, counted from 1. The cosine as the square of a sine, which comes to zero from above however it is rounded.
fn learning_rate(t: u32) -> f32 {
    if (t <= RISE) {
        return RATE * (f32(t) / (f32(RISE) + 1.0));
    }
    if (FALL == 0u) {
        return RATE;
    }
    let behind = min(t - 1u - RISE, FALL);
    let wave = quarter_wave(f32(FALL - behind) / f32(FALL));
    return RATE * wave * wave;
}
