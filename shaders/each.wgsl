// Which number an invocation owns, in kernels with one invocation per number. A dispatch has at most 65,535 workgroups
// in a row, so long ones have several rows.

const EACH_WORKGROUP = 256u;

fn each(id: vec3<u32>, workgroups: vec3<u32>) -> u32 {
    return id.y * workgroups.x * EACH_WORKGROUP + id.x;
}
