// Fragments of 16 x 16 numbers. They lie in workgroup memory by fours, which are stored at once.

enable f16;
enable wgpu_cooperative_matrix;

alias FragmentA = coop_mat16x16<f16, A>;
alias FragmentB = coop_mat16x16<f16, B>;
alias FragmentC = coop_mat16x16<f32, C>;

alias Element = vec4<f16>;
const ELEMENT = 4u;

fn put(at: u32, numbers: vec4<f32>) {
    tiles[at / ELEMENT] = vec4<f16>(numbers);
}
