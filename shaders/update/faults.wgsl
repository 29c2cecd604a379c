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

// The kind of what is none in four parameters, their mean, and their gradient, whose square is needed, too: the one that says most, or
// KINDS where all are numbers.
fn fault_of(old_w: vec4<f32>, old_average: vec4<f32>, g: vec4<f32>) -> u32 {
    let found = select(KINDS, GRADIENT, is_fault(g * g));
    return select(select(found, AVERAGE, is_fault(old_average)), PARAMETER, is_fault(old_w));
}

// Notes what `step` found. What it was given as a parameter or a mean, the step before has made.
fn note_fault(matrix: u32, step: u32, kind: u32) {
    if (kind < KINDS) {
        atomicMin(&faults[matrix * KINDS + kind], select(step - 1u, step, kind == GRADIENT));
    }
}
