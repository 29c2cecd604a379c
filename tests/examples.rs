//! The examples for users of the library: each ends with what it claims of itself, and fails where that is not so.

use std::error::Error;

#[path = "../examples/kernel.rs"]
mod kernel;
#[path = "../examples/recognise.rs"]
mod recognise;
#[path = "../examples/train.rs"]
mod train;

#[test]
fn a_network_of_ones_own_learns_most_digits_in_two_epochs() -> Result<(), Box<dyn Error>> {
    train::main()
}

#[test]
fn a_drawn_seven_is_a_seven() -> Result<(), Box<dyn Error>> {
    recognise::main()
}

#[test]
fn a_kernel_of_ones_own_equals_its_reference() -> Result<(), Box<dyn Error>> {
    kernel::main()
}
