// What the network is to say of labelled images, the other side of the cross-entropy:
//   wanted[f, n] = (1 - spread[n]) (one at the label) + spread[n] / classes
// where spread is SMOOTHING, or all of the target of an image that shows NO_CLASS.

const NONE = vec4<u32>(255u);
const NO_CLASS = vec4<u32>(254u);

fn wanted(f: u32, classes: u32, labels: vec4<u32>) -> vec4<f32> {
    let spread = select(vec4<f32>(SMOOTHING), vec4<f32>(1.0), labels == NO_CLASS);
    return spread / f32(classes) + select(vec4<f32>(), 1.0 - spread, labels == vec4<u32>(f));
}
