//! Numbers and addresses in decimal digits, for texts that every message has several of: the formatter of
//! the standard library takes several times as long for them (bench `deliveries`).

use std::fmt::{Result, Write};
use std::net::IpAddr;

/// Writes `number` as `Display` does.
pub(crate) fn write_number(number: u64, out: &mut (impl Write + ?Sized)) -> Result {
    let mut digits = [0; 20];
    let start = put_number(number, &mut digits);
    out.write_str(text(&digits[start..]))
}

/// Writes `address` as `Display` does.
pub(crate) fn write_address(address: IpAddr, out: &mut (impl Write + ?Sized)) -> Result {
    let IpAddr::V4(address) = address else { return write!(out, "{address}") };
    let mut octets = [b'.'; 16];
    let mut end = 0;
    for octet in address.octets() {
        // With the dot behind it.
        end += put_short(octet.into(), &mut octets[end..]) + 1;
    }
    out.write_str(text(&octets[..end - 1]))
}

/// Puts a number of three digits at most at the beginning of `octets`; how many digits it has.
pub(crate) fn put_short(number: u16, octets: &mut [u8]) -> usize {
    let digits = 1 + usize::from(number >= 10) + usize::from(number >= 100);
    let mut left = number;
    for octet in octets[..digits].iter_mut().rev() {
        *octet = b'0' + (left % 10) as u8;
        left /= 10;
    }
    digits
}

/// Puts the digits of `number` at the end of `octets`, which have room for them, and tells where they start.
pub(crate) fn put_number(mut number: u64, octets: &mut [u8]) -> usize {
    let mut at = octets.len();
    loop {
        at -= 1;
        octets[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return at;
        }
    }
}

/// Puts the last `N` digits of `number` at the end of `octets`.
pub(crate) fn put_digits<const N: usize>(mut number: u32, octets: &mut [u8]) {
    let digits = octets.last_chunk_mut::<N>().expect("there is room for them");
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Digits and dots as text.
pub(crate) fn text(octets: &[u8]) -> &str {
    std::str::from_utf8(octets).expect("digits and dots are ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_addresses_are_as_the_standard_library_writes_them() {
        for number in [0, 7, 10, 99, 250, 65_535, u64::MAX] {
            let mut written = String::new();
            write_number(number, &mut written).unwrap();
            assert_eq!(written, number.to_string());
        }
        let mut digits = [b' '; 4];
        put_digits::<4>(70_012, &mut digits);
        assert_eq!(&digits, b"0012");
        for number in [0, 7, 10, 99, 100, 999] {
            let mut octets = [0; 3];
            let digits = put_short(number, &mut octets);
            assert_eq!(text(&octets[..digits]), number.to_string());
        }
        for address in ["0.0.0.0", "192.0.2.1", "255.255.255.255", "10.200.3.45", "2001:db8::1"] {
            let address: IpAddr = address.parse().unwrap();
            let mut written = String::new();
            write_address(address, &mut written).unwrap();
            assert_eq!(written, address.to_string());
        }
    }
}
