// Numbers that are none any more, NaN and the infinities, found by their bits: a driver may take it that there are none, and
// a ReLU and a maximum hide them. Of each matrix, and each kind of number, the first step is kept:
//   faults[matrix, kind] = min over the steps in which one was found
// A minimum does not depend on who comes first, so atomics do no harm here; and they cost nothing until something is wrong.

@group(0) @binding(6) var<storage, read_write> faults: array<atomic<u32>>; // [MATRICES, KINDS], 2^32 - 1 where there was none

const KINDS = 3u;
const PARAMETER = 0u;
const AVERAGE = 1u;
const GRADIENT = 2u;

// Whether one of four is none.
fn is_fault(v: vec4<f32>) -> bool {
    let exponent = vec4<u32>(0x7f800000u);
    return any((bitcast<vec4<u32>>(v) & exponent) == exponent);
}

// Looks at what a step finds and is given: four parameters, their mean, and their gradient, whose square is needed, too.
fn note_faults(matrix: u32, step: u32, old_w: vec4<f32>, old_average: vec4<f32>, g: vec4<f32>) {
    if (is_fault(old_w)) {
        atomicMin(&faults[matrix * KINDS + PARAMETER], step - 1u);
    }
    if (is_fault(old_average)) {
        atomicMin(&faults[matrix * KINDS + AVERAGE], step - 1u);
    }
    if (is_fault(g * g)) {
        atomicMin(&faults[matrix * KINDS + GRADIENT], step);
    }
}
