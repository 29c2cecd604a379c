// How a product hands its columns to the invocations of a core: BLOCKS column blocks side by side to each. (A convolution
// that pools hands out windows instead: conv/pooled.wgsl.)

// Invocations that share the columns of a row of C.
const COLUMNS = (COLUMN_BLOCKS + BLOCKS - 1u) / BLOCKS;

// The last block again beyond the end.
fn block(i: u32, p: u32) -> u32 {
    return min(i * BLOCKS + p, COLUMN_BLOCKS - 1u);
}

// Block p of invocation i.
fn column_of(i: u32, p: u32) -> Column {
    return column(block(i, p));
}

// Puts the blocks of invocation i in row m away.
fn store_row(m: u32, i: u32, split: u32, c: array<vec4<f32>, BLOCKS>) {
    // repeat P BLOCKS
    if (i * BLOCKS + P < COLUMN_BLOCKS) {
        store_c(m, i * BLOCKS + P, split, c[P]);
    }
    // end
}
