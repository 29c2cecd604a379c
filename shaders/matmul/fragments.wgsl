// The fragments of matmul/cooperative.wgsl: matrices that the lanes of a subgroup hold together. Joined to
// matmul/fragments_8.wgsl or matmul/fragments_16.wgsl.

alias Element = f16;

// The strip of columns that a subgroup computes. Where subgroups are smaller than LANES, several compute the same one.
fn strip_of(subgroup: u32, local: u32) -> u32 {
    return subgroup % SUBGROUPS;
}

fn to_element(x: f32) -> Element {
    return f16(x);
}

// From row-major numbers at `at` of tile_a.
fn load_fragment_a(at: u32) -> FragmentA {
    return coopLoadT<FragmentA>(&tile_a[at], TILE_DEPTH);
}

// From row-major numbers at `at` of tile_b.
fn load_fragment_b(at: u32) -> FragmentB {
    return coopLoadT<FragmentB>(&tile_b[at], SIDE);
}

fn multiply_add(a: FragmentA, b: FragmentB, c: ptr<function, FragmentC>) {
    *c = coopMultiplyAdd(a, b, *c);
}

// To row-major numbers at `at` of tile_c.
fn store_fragment(c: ptr<function, FragmentC>, at: u32) {
    coopStoreT(*c, &tile_c[at], TILE_WIDTH);
}
