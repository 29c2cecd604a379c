// The mean of the weights over the last steps, which decays exponentially (Polyak and Juditsky, 1992), and faster at first, when
// there is little to average:
//   average += (1 - min(DECAY, (1 + t) / (10 + t))) (w - average)

@group(0) @binding(5) var<storage, read_write> average: array<vec4<f32>>; // all parameters', in their order

fn average_of(i: u32) -> vec4<f32> {
    return load_average(i);
}

// Takes the four parameters at i into their mean, `old` so far.
fn take_into_average(i: u32, new_w: vec4<f32>, old: vec4<f32>) {
    let t = f32(clock.now.step);
    average[i] = old + (1.0 - min(DECAY, (1.0 + t) / (10.0 + t))) * (new_w - old);
}
