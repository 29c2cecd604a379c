// Fragments of 8 x 8 numbers. They lie in workgroup memory one by one: Metal, whose fragments are of this size, loads them from
// nothing else.

enable f16;
enable wgpu_cooperative_matrix;

alias FragmentA = coop_mat8x8<f16, A>;
alias FragmentB = coop_mat8x8<f16, B>;
alias FragmentC = coop_mat8x8<f32, C>;

alias Element = f16;
const ELEMENT = 1u;

fn put(at: u32, numbers: vec4<f32>) {
    // repeat E 4
    tiles[at + E] = f16(numbers[E]);
    // end
}
