// The course of the learning rate, the twin of src/reference/schedule.rs:
//   share[t] = t / (RISE + 1)                           while t <= RISE
//              (1 + cos(pi (t - 1 - RISE) / FALL)) / 2  behind it, or 1 where FALL is 0

// Of step t, counted from 1. The cosine as the square of a sine, which comes to zero from above however a driver rounds it.
fn learning_rate(t: u32) -> f32 {
    if (t <= RISE) {
        return RATE * (f32(t) / (f32(RISE) + 1.0));
    }
    if (FALL == 0u) {
        return RATE;
    }
    let behind = min(t - 1u - RISE, FALL);
    let wave = sin(1.5707964 * (f32(FALL - behind) / f32(FALL)));
    return RATE * wave * wave;
}
