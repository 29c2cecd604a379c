//! Figures with units, short enough for a table.

/// `value` with four digits and the prefix that suits it, `22.45 GFLOP/s`.
pub fn si(value: f64, unit: &str) -> String {
    const PREFIXES: [(f64, &str); 8] =
        [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n")];
    if value == 0.0 {
        return format!("0 {unit}");
    }
    // Rounding may carry into the next prefix: 999.96 µs is 1.000 ms.
    let (scale, prefix) = PREFIXES.into_iter().find(|(scale, _)| value >= 0.99995 * scale).unwrap_or(PREFIXES[7]);
    let scaled = value / scale;
    let decimals = if scaled < 9.9995 {
        3
    } else if scaled < 99.995 {
        2
    } else {
        1
    };
    format!("{scaled:.decimals$} {prefix}{unit}")
}

/// A share from 0 to 1, `12.3 %`.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_four_digits_and_a_prefix() {
        let figures =
            [0.0123456, 3.21e-6, 999.96e-6, 99.996e-3, 1.0, 22.451e9, 71.6e12, 4e-10].map(|value| si(value, "s"));
        let expected = ["12.35 ms", "3.210 µs", "1.000 ms", "100.0 ms", "1.000 s", "22.45 Gs", "71.60 Ts", "0.400 ns"];
        assert_eq!(figures, expected);
        assert_eq!(si(0.0, "B/s"), "0 B/s");
        assert_eq!(percent(0.1234), "12.3 %");
    }
}
