// What matmul/fragments.wgsl is, in plain arithmetic: with it the tests prove matmul/cooperative.wgsl on adapters without
// matrix units, too. The LANES invocations of a strip deal out the numbers of C, and read A and B where they lie.

alias Element = f32;
alias FragmentA = u32;
alias FragmentB = u32;
alias FragmentC = array<f32, SHARE>;

// Numbers of a fragment that a lane holds.
const SHARE = SIDE * SIDE / LANES;

var<private> lane: u32;

fn strip_of(subgroup: u32, local: u32) -> u32 {
    lane = local % LANES;
    return local / LANES;
}

fn to_element(x: f32) -> Element {
    return quantizeToF16(x);
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
    for (var i = 0u; i < SHARE * SIDE; i += 4u) {
        let place = i / SIDE * LANES + lane;
        let k = i % SIDE;
        // repeat E 4
        (*c)[i / SIDE] += tile_a[a + place / SIDE * TILE_DEPTH + k + E] * tile_b[b + (k + E) * SIDE + place % SIDE];
        // end
    }
}

fn store_fragment(c: ptr<function, FragmentC>, at: u32) {
    for (var i = 0u; i < SHARE; i++) {
        let place = i * LANES + lane;
        tile_c[at + place / SIDE * TILE_WIDTH + place % SIDE] = (*c)[i];
    }
}
