#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    digits_fuzz::log(bytes);
});
