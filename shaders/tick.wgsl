// Begins a step: advances the clock.

@group(0) @binding(0) var<storage, read_write> clock: Clock;

// A single invocation.
@compute @workgroup_size(1)
fn tick() {
    clock.step += 1u;
    clock.batch += 1u;
    clock.correction1 += ONE_MINUS_BETA1 * (1.0 - clock.correction1);
    clock.correction2 += ONE_MINUS_BETA2 * (1.0 - clock.correction2);
}
