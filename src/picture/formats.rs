//! What the bytes of a file say of it before it is decoded: which kind of file it is, where it is one that is not read, and
//! whether it has its end.

/// What files of other kinds start with.
const STARTS: [(&[u8], &str); 11] = [
    (&[0, 0, 1, 0], "an ICO icon"),
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (&[0xff, 0x0a], "a JPEG XL picture"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (&[0xff, 0x4f, 0xff, 0x51], "a JPEG 2000 picture"),
    (b"8BPS", "a Photoshop picture"),
    (b"gimp xcf", "a GIMP picture"),
    (b"AT&TFORM", "a DjVu document"),
    (b"<svg", "an SVG drawing"),
];

/// The brands of what is kept in boxes, as films are (ISO/IEC 14496-12).
const BRANDS: [(&[u8], &str); 8] = [
    (b"avif", "an AVIF picture"),
    (b"avis", "an AVIF picture"),
    (b"heic", "a HEIC picture"),
    (b"heix", "a HEIC picture"),
    (b"hevc", "a HEIC picture"),
    (b"mif1", "a HEIC picture"),
    (b"msf1", "a HEIC picture"),
    (b"qt  ", "a film"),
];

/// An SVG drawing may begin with so many bytes of remarks.
const REMARKS: usize = 4096;

/// What a file is that is none of those that are read.
pub(super) fn unread(bytes: &[u8]) -> Option<&'static str> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let named = |table: &[(&[u8], &'static str)], bytes: &[u8]| {
        table.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, name)| *name)
    };
    match bytes {
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => named(&BRANDS, brand).or(Some("a film")),
        [b'P', b'1'..=b'6', b'\t'..=b'\r' | b' ', ..] => Some("a PNM picture"),
        _ if text.starts_with(b"<?xml") || text.starts_with(b"<!") => {
            let head = &text[..text.len().min(REMARKS)];
            head.windows(4).any(|part| part == b"<svg").then_some("an SVG drawing")
        }
        _ => named(&STARTS, text),
    }
}

/// Whether the bytes may be an IDX file: two zeros, and a type of numbers, as far as they go.
pub(super) fn may_be_idx(bytes: &[u8]) -> bool {
    matches!(bytes, [0, 0] | [0, 0, 8 | 9 | 0x0b..=0x0e, ..])
}

/// Whether a JPEG has its end, with whatever behind it: a decoder makes grey of what is missing. Segments are skipped by
/// the lengths that they state, so the end of a small picture within one is not taken for it.
pub(super) fn is_whole_jpeg(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some(found) = bytes.get(at..).and_then(|rest| rest.windows(2).position(is_marker)) {
        at += found + 2;
        at += match bytes[at - 1] {
            0xd9 => return true,
            0x01 | 0xd0..=0xd8 => 0,
            _ => {
                bytes.get(at..at + 2).map_or(2, |length| usize::from(u16::from_be_bytes([length[0], length[1]])).max(2))
            }
        };
    }
    false
}

/// 255 and what is neither a filling nor, within the coded pixels, a 255 of theirs.
fn is_marker(pair: &[u8]) -> bool {
    pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_files_that_are_not_read_are_named() {
        for (bytes, name) in [
            (&b"\0\0\0\x18ftypheic\0\0\0\0mif1"[..], "a HEIC picture"),
            (b"\0\0\0\x20ftypavif\0\0\0\0", "an AVIF picture"),
            (b"\0\0\0\x20ftypisom\0\0\0\0", "a film"),
            (&[0, 0, 1, 0, 1, 0, 16, 16], "an ICO icon"),
            (b"%PDF-1.7", "a PDF document"),
            (b"\xef\xbb\xbf <?xml version=\"1.0\"?>\n<!-- drawn --><svg width=\"9\"/>", "an SVG drawing"),
            (b"\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "an SVG drawing"),
            (b"P5\n3 2\n255\n", "a PNM picture"),
        ] {
            assert_eq!(unread(bytes), Some(name));
            assert!(!may_be_idx(bytes), "{name}");
        }
        for bytes in
            [&b"\x89PNG"[..], b"<?xml version=\"1.0\"?><html/>", b"Potatoes", &[0, 0, 8, 3], &[0, 0, 2, 0], &[]]
        {
            assert_eq!(unread(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn only_the_end_of_the_whole_picture_is_the_end_of_a_jpeg() {
        let small_picture = [0xff, 0xe1, 0, 6, 0xff, 0xd8, 0xff, 0xd9];
        let scan = [0xff, 0xda, 0, 2, 1, 0xff, 0, 2, 0xff, 0xd0, 3];
        let cut = [&[0xff, 0xd8], &small_picture[..], &scan].concat();
        for length in 2..=cut.len() {
            assert!(!is_whole_jpeg(&cut[..length]), "{length} bytes");
        }
        assert!(is_whole_jpeg(&[&cut[..], &[0xff, 0xff, 0xd9]].concat()), "a marker may be filled up");
        assert!(is_whole_jpeg(&[&cut[..], &[0xff, 0xd9], b"what a camera has to add"].concat()));
    }
}
