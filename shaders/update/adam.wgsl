// Adam (Kingma and Ba, 2015), in PyTorch's form, with epsilon outside the bias correction, and AdamW's decay of the weights
// (Loshchilov and Hutter, 2019):
//   m = b1 m + (1 - b1) g;   v = b2 v + (1 - b2) g^2
//   w = (1 - rate decay) w - rate (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)

@group(0) @binding(3) var<storage, read> clock: Clock;
@group(0) @binding(4) var<storage, read_write> mv: array<vec4<f32>>; // m of all parameters, in their order, then v; LENGTH4 each

struct Moments { m: vec4<f32>, v: vec4<f32> }

// Of the four parameters at i.
fn moments(i: u32) -> Moments {
    return Moments(load_mv(i), load_mv(LENGTH4 + i));
}

// The four parameters at i after a step, whose moments are put away.
fn moved(i: u32, old_w: vec4<f32>, g: vec4<f32>, old: Moments) -> vec4<f32> {
    let new_m = old.m + ONE_MINUS_BETA1 * (g - old.m);
    let new_v = old.v + ONE_MINUS_BETA2 * (g * g - old.v);
    mv[i] = new_m;
    mv[LENGTH4 + i] = new_v;
    let update = (new_m / clock.now.correction1) / (sqrt(new_v / clock.now.correction2) + EPSILON);
    return (1.0 - clock.now.rate * WEIGHT_DECAY) * old_w - clock.now.rate * update;
}
