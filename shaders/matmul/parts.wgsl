// The parts into which a product's inner index is cut, for cores that load a round ahead.

// The first part from `part` on that adds anything to the tile.
fn needed(from_part: u32, first_column: u32, last_column: u32) -> u32 {
    var part = from_part;
    while (part < PARTS) {
        if (is_needed(part, first_column, last_column)) {
            break;
        }
        part += SPLITS;
    }
    return part;
}
