// The fragments of matmul/cooperative.wgsl: matrices that the lanes of a subgroup hold together. Joined to
// matmul/fragments_8.wgsl or matmul/fragments_16.wgsl, which have their size, and how their numbers lie in workgroup memory:
// ELEMENT of them together.

const A_ELEMENTS = A_STRIDE / ELEMENT;
const B_ELEMENTS = B_STRIDE / ELEMENT;

// The place of a subgroup among those that a workgroup has. Where subgroups are smaller than LANES, there are more of them,
// and several have the same place: they compute the same numbers, and store them where the others do.
fn place_of(subgroup: u32, local: u32) -> u32 {
    return subgroup % SUBGROUPS;
}

// From the rows of A, at number `at` of the tiles.
fn load_fragment_a(at: u32) -> FragmentA {
    let element = at / ELEMENT;
    return coopLoadT<FragmentA>(&tiles[element], A_ELEMENTS);
}

// From B, at number `at` of the tiles: rows, or, where k is innermost, columns.
fn load_fragment_b(at: u32) -> FragmentB {
    let element = at / ELEMENT;
    if (K_INNERMOST) {
        return coopLoad<FragmentB>(&tiles[element], B_ELEMENTS);
    }
    return coopLoadT<FragmentB>(&tiles[element], B_ELEMENTS);
}

fn multiply_add(a: FragmentA, b: FragmentB, c: ptr<function, FragmentC>) {
    *c = coopMultiplyAdd(a, b, *c);
}

// To the rows of tile_c, at its number `at`.
fn store_fragment(c: ptr<function, FragmentC>, at: u32) {
    coopStoreT(*c, &tile_c[at], C_STRIDE);
}
