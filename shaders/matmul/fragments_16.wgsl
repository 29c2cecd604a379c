// Fragments of 16 x 16 numbers.

enable f16;
enable wgpu_cooperative_matrix;

alias FragmentA = coop_mat16x16<f16, A>;
alias FragmentB = coop_mat16x16<f16, B>;
alias FragmentC = coop_mat16x16<f32, C>;
