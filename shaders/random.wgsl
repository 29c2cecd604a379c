// Counter-based random numbers: Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror and Shaw, 2011), the twin of
// src/random.rs. The two words depend on nothing but the key and the counter.

fn rounds(v: vec2<u32>, rotations: vec4<u32>) -> vec2<u32> {
    var a = v.x;
    var b = v.y;
    a += b;
    b = ((b << rotations.x) | (b >> (32u - rotations.x))) ^ a;
    a += b;
    b = ((b << rotations.y) | (b >> (32u - rotations.y))) ^ a;
    a += b;
    b = ((b << rotations.z) | (b >> (32u - rotations.z))) ^ a;
    a += b;
    b = ((b << rotations.w) | (b >> (32u - rotations.w))) ^ a;
    return vec2<u32>(a, b);
}

fn threefry(key: vec2<u32>, counter: vec2<u32>) -> vec2<u32> {
    let third = 0x1BD11BDAu ^ key.x ^ key.y;
    let even = vec4<u32>(13u, 15u, 26u, 6u);
    let odd = vec4<u32>(17u, 29u, 16u, 24u);
    var v = counter + key;
    v = rounds(v, even) + vec2<u32>(key.y, third + 1u);
    v = rounds(v, odd) + vec2<u32>(third, key.x + 2u);
    v = rounds(v, even) + vec2<u32>(key.x, key.y + 3u);
    v = rounds(v, odd) + vec2<u32>(key.y, third + 4u);
    return rounds(v, even) + vec2<u32>(third, key.x + 5u);
}
