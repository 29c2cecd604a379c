// What matmul/fragments.wgsl is, in plain arithmetic: with it the tests prove matmul/cooperative.wgsl on adapters without
// matrix units, too. The LANES invocations of a place deal out the numbers of C, and read A and B where they lie.

alias Element = f32;
const ELEMENT = 1u;
alias FragmentA = u32;
alias FragmentB = u32;
alias FragmentC = array<f32, NUMBERS>;

// Numbers of a fragment that a lane holds.
const NUMBERS = SIDE * SIDE / LANES;

var<private> lane: u32;

fn place_of(subgroup: u32, local: u32) -> u32 {
    lane = local % LANES;
    return local / LANES;
}

fn put(at: u32, numbers: vec4<f32>) {
    // repeat E 4
    tiles[at + E] = quantizeToF16(numbers[E]);
    // end
}

fn load_fragment_a(at: u32) -> FragmentA {
    return at;
}

fn load_fragment_b(at: u32) -> FragmentB {
    return at;
}

fn multiply_add(a: FragmentA, b: FragmentB, c: ptr<function, FragmentC>) {
    // One loop, too long for a compiler to write it out, four terms at a time: llvmpipe ends an invocation's loops after
    // 65,535 rounds in all.
    for (var i = 0u; i < NUMBERS * SIDE; i += 4u) {
        let number = i / SIDE * LANES + lane;
        let k = i % SIDE;
        // repeat E 4
        (*c)[i / SIDE] += tiles[a + number / SIDE * A_STRIDE + k + E] * tiles[b + place_b(k + E, number % SIDE)];
        // end
    }
}

fn store_fragment(c: ptr<function, FragmentC>, at: u32) {
    for (var i = 0u; i < NUMBERS; i++) {
        let number = i * LANES + lane;
        tile_c[at + number / SIDE * C_STRIDE + number % SIDE] = (*c)[i];
    }
}
