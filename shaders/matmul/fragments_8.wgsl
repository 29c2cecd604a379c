// Fragments of 8 x 8 numbers.

enable f16;
enable wgpu_cooperative_matrix;

alias FragmentA = coop_mat8x8<f16, A>;
alias FragmentB = coop_mat8x8<f16, B>;
alias FragmentC = coop_mat8x8<f32, C>;
