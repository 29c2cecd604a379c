// The batch, its images drawn anew by the rules and with the numbers of src/reference/augment.rs:
//   q = middle + K^-1 R^-1 (p - middle - shift) / scale + e(p);   x[p, n] = shade(images[order[batch N + n], q] / 255)
// where R turns, K shears, e bends, and images are linear between four pixels. What has no strength, ROTATE and so on, is left
// out when the kernel is compiled. It is joined to batch.wgsl and stands in the place of its `forward`.

@group(0) @binding(6) var<storage, read_write> drawn: array<f32>; // [NG, PIXELS, 4 I4]

const IS_PLACED = ROTATE > 0.0 || SHIFT > 0.0 || SCALE > 0.0 || SHEAR > 0.0;
const IS_MOVED = IS_PLACED || ELASTIC > 0.0;

// What is drawn for an image; all places are (row, column).
struct Form {
    // The place in the image of row 0, column 0; and how it moves with each row and each column.
    origin: vec2<f32>,
    down: vec2<f32>,
    right: vec2<f32>,
    // Four waves: cycles a row, cycles a column, phase, size.
    rows: vec4<f32>,
    columns: vec4<f32>,
    phase: vec4<f32>,
    size: vec4<f32>,
    gain: f32,
    offset: f32,
    contrast: f32,
    pivot: f32, // the grey that contrast leaves alone
    // Of a rectangle in which greys are told from `fill`: its middle and half its sides.
    middle: vec2<f32>,
    reach: vec2<f32>,
    fill: f32,
    noise: f32,
}

// Four numbers, of 16 bits each, evenly spread between -1 and 1.
fn numbers(stream: u32, call: u32) -> vec4<f32> {
    let words = threefry(vec2<u32>(SEED, stream), vec2<u32>(clock.done.step, call)).xxyy;
    let halves = (words >> vec4<u32>(0u, 16u, 0u, 16u)) & vec4<u32>(0xFFFFu);
    return (vec4<f32>(halves) + 0.5) / 32768.0 - 1.0;
}

// By their series, to 3e-7 within 45 degrees; a driver's own may be off by a thousand times that.
fn cosine_and_sine(angle: f32) -> vec2<f32> {
    let s = angle * angle;
    return vec2<f32>(
        1.0 + s * (-1.0 / 2.0 + s * (1.0 / 24.0 + s * (-1.0 / 720.0 + s / 40320.0))),
        angle * (1.0 + s * (-1.0 / 6.0 + s * (1.0 / 120.0 - s / 5040.0))),
    );
}

fn form(n: u32) -> Form {
    // Angle, scale, shear, thickness; rows down, columns right, contrast, noise.
    let first = numbers(STREAM, CALLS * n);
    let second = numbers(STREAM, CALLS * n + 1u);
    let angle = ROTATE * first.x;
    let grown = 1.0 + SCALE * first.y;
    let shear = SHEAR * first.z;
    let thickness = THICKNESS * first.w;
    var out: Form;
    out.down = vec2<f32>(1.0, 0.0);
    out.right = vec2<f32>(0.0, 1.0);
    if (IS_PLACED) {
        let turned = cosine_and_sine(angle) / grown;
        out.down = vec2<f32>(turned.x, turned.y - shear * turned.x);
        out.right = vec2<f32>(-turned.y, turned.x + shear * turned.y);
        let middle = vec2<f32>(f32(H) - 1.0, f32(W) - 1.0) / 2.0;
        let moved = middle + SHIFT * second.xy;
        out.origin = middle - moved.x * out.down - moved.y * out.right;
    }
    if (ELASTIC > 0.0) {
        let waves = transpose(mat4x4<f32>(
            numbers(STREAM, CALLS * n + 2u),
            numbers(STREAM, CALLS * n + 3u),
            numbers(STREAM, CALLS * n + 4u),
            numbers(STREAM, CALLS * n + 5u),
        ));
        out.rows = waves[0] / SHORTEST_WAVE;
        out.columns = waves[1] / SHORTEST_WAVE;
        out.phase = waves[2];
        out.size = ELASTIC / 2.0 * waves[3];
    }
    out.gain = 1.0 / (1.0 - abs(thickness));
    out.offset = min(thickness, 0.0) * out.gain;
    if (CONTRAST > 0.0 || PATCH > 0.0 || NOISE > 0.0) {
        let greys = 0.5 + numbers(STREAM, CALLS * n + 6u) / 2.0;
        let harsh = select(1.0, 0.0, greys.z < CLEAN);
        out.contrast = 1.0 + CONTRAST * harsh * second.z;
        out.pivot = greys.x;
        out.fill = greys.y;
        out.noise = NOISE * harsh * second.w;
        if (PATCH > 0.0) {
            let patched = numbers(STREAM, CALLS * n + 7u);
            out.middle = vec2<f32>(f32(H) - 1.0, f32(W) - 1.0) / 2.0 * (1.0 + patched.xy);
            out.reach = harsh * abs(PATCH * patched.zw) / 2.0;
        }
    }
    return out;
}

// Two parabolas in the place of a sine: one cycle for each whole number.
fn wave(cycles: vec4<f32>) -> vec4<f32> {
    let at = 2.0 * fract(cycles) - 1.0;
    return 4.0 * at * (1.0 - abs(at));
}

// A pixel, from 0 to 255; black outside.
fn tap(image: u32, row: i32, column: i32) -> f32 {
    let is_inside = u32(row) < H && u32(column) < W;
    let at = select(0u, u32(row) * W + u32(column), is_inside);
    let word = images[image * PIXELS4 + at / 4u];
    return select(0.0, f32((word >> (8u * (at % 4u))) & 255u), is_inside);
}

// The grey of the place that a pixel comes from.
fn sample(image: u32, form: Form, row: u32, column: u32) -> f32 {
    if (!IS_MOVED) {
        return tap(image, i32(row), i32(column)) / 255.0;
    }
    let pixel = vec2<f32>(f32(row), f32(column));
    var place = form.origin + pixel.x * form.down + pixel.y * form.right;
    if (ELASTIC > 0.0) {
        let moved = form.size * wave(pixel.x * form.rows + pixel.y * form.columns + form.phase);
        place += moved.xz + moved.yw;
    }
    let corner = floor(place);
    let part = place - corner;
    let top = i32(corner.x);
    let left = i32(corner.y);
    let above = mix(tap(image, top, left), tap(image, top, left + 1), part.y);
    let below = mix(tap(image, top + 1, left), tap(image, top + 1, left + 1), part.y);
    return mix(above, below, part.x) / 255.0;
}

// Thickness, contrast, patch and noise.
fn shade(form: Form, sampled: f32, row: u32, column: u32, noise: f32) -> f32 {
    var grey = sampled;
    if (THICKNESS > 0.0) {
        grey = clamp(grey * form.gain + form.offset, 0.0, 1.0);
    }
    if (CONTRAST > 0.0) {
        grey = clamp(form.pivot + (grey - form.pivot) * form.contrast, 0.0, 1.0);
    }
    if (PATCH > 0.0) {
        let is_inside = all(abs(vec2<f32>(f32(row), f32(column)) - form.middle) < form.reach);
        grey = select(grey, abs(form.fill - grey), is_inside);
    }
    if (NOISE > 0.0) {
        grey = clamp(grey + form.noise * noise, 0.0, 1.0);
    }
    return grey;
}

// One invocation per RUN words of one image, for which it draws the form once.
@compute @workgroup_size(EACH_WORKGROUP)
fn augmented(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
    let i = each(id, workgroups);
    if (i >= NG * RUNS * 4u * I4) {
        return;
    }
    if (i == 0u) {
        clock.now = next(clock.done);
    }
    let group = i / (RUNS * 4u * I4);
    let run = i / (4u * I4) % RUNS;
    let n = group * 4u * I4 + i % (4u * I4);
    let picked = image(n);
    let readable = min(picked, COUNT - 1u);
    let form = form(n);
    for (var word = run * RUN; word < min((run + 1u) * RUN, PIXELS4); word++) {
        var noise = vec4<f32>();
        if (NOISE > 0.0) {
            noise = numbers(NOISE_STREAM, n * PIXELS4 + word);
        }
        // repeat P 4
        let at_P = 4u * word + P;
        let grey_P = shade(form, sample(readable, form, at_P / W, at_P % W), at_P / W, at_P % W, noise[P]);
        drawn[(group * 4u * PIXELS4 + at_P) * 4u * I4 + i % (4u * I4)] = select(0.0, grey_P, picked < COUNT);
        // end
    }
    if (run == 0u && n % 4u == 0u) {
        y[n / 4u] = vec4<u32>(label(picked), label(image(n + 1u)), label(image(n + 2u)), label(image(n + 3u)));
    }
}
