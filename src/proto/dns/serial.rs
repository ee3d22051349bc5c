//! Serial numbers of zones, which go round: the arithmetic of RFC 1982 for 32 bits.

/// Whether `serial` is later than `than` (RFC 1982 §3.2).
///
/// Of two that are 2^31 apart the RFC leaves it open; here neither is later than the other, so that
/// a secondary keeps what it has.
///
/// ```
/// use mxsim::proto::dns::serial::is_newer;
///
/// assert!(is_newer(2, 1) && is_newer(0, u32::MAX));
/// assert!(!is_newer(1, 1) && !is_newer(1 << 31, 0) && !is_newer(0, 1 << 31));
/// ```
pub const fn is_newer(serial: u32, than: u32) -> bool {
    serial.wrapping_sub(than).cast_signed() > 0
}

/// The serial after `serial` (RFC 1982 §3.1).
pub const fn next(serial: u32) -> u32 {
    serial.wrapping_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_go_round_as_the_examples_of_rfc_1982_section_5_2_say() {
        // There with 8 bits: 1 > 0, 44 > 0, 100 > 0, 100 > 44, 200 > 100, 255 > 200, 0 > 255,
        // 100 > 255, 0 > 200, 44 > 200. The upper octet of 32 bits behaves alike.
        let pairs = [
            (1, 0),
            (44, 0),
            (100, 0),
            (100, 44),
            (200, 100),
            (255, 200),
            (0, 255),
            (100, 255),
            (0, 200),
            (44, 200),
        ];
        for (later, earlier) in pairs {
            assert!(is_newer(later << 24, earlier << 24), "{later} > {earlier}");
            assert!(!is_newer(earlier << 24, later << 24), "{earlier} > {later}");
        }
        assert_eq!(next(u32::MAX), 0);
    }
}
