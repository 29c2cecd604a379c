// How a product hands its columns to the invocations of a core: a block of four to each. (A convolution that pools hands
// out windows instead: conv/pooled.wgsl.)

// Invocations that share the columns of a row of C.
const COLUMNS = COLUMN_BLOCKS;

// The block of invocation i; the last one again beyond the end.
fn column_of(i: u32, p: u32) -> Column {
    return column(min(i, COLUMN_BLOCKS - 1u));
}

// Puts the block of invocation i in row m away.
fn store_row(m: u32, i: u32, split: u32, c: array<vec4<f32>, BLOCKS>) {
    store_c(m, i, split, c[0]);
}
