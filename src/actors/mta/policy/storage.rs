//! Whether the disk has room for a message.
//!
//! As Postfix: MAIL is refused while less than one and a half times the largest message is free
//! (`smtpd_check_queue`), whatever the client declared with SIZE; what has no room in the end is
//! refused at the final dot (`queue file write error`). Both pass, so that the client keeps it.

use crate::world::Disk;

use super::Refusal;

/// What MAIL is refused with, if the disk has too little room.
pub(in crate::actors::mta) fn at_mail(disk: &Disk, size_limit_octets: u64) -> Option<Refusal> {
    let free = disk.free();
    (free / 3 * 2 <= size_limit_octets).then(|| {
        let rule = format!("the disk has {free} octets left");
        Refusal::new(rule, 452, (4, 3, 1), "Insufficient system storage")
    })
}

/// What a message is refused with that does not fit on the disk.
pub(in crate::actors::mta) fn at_end_of_data(disk: &Disk, octets: usize) -> Option<Refusal> {
    (!disk.has_room(octets)).then(|| {
        let rule = format!("the disk has {} octets left", disk.free());
        Refusal::new(rule, 451, (4, 3, 0), "Error: queue file write error")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(octets: u64) -> Disk {
        let mut disk = Disk::default();
        disk.set_size(octets);
        disk
    }

    #[test]
    fn mail_needs_one_and_a_half_times_the_largest_message() {
        let check = |disk: &Disk, wanted: Option<&str>| {
            let reply = at_mail(disk, 1_000).map(|refusal| refusal.reply.to_string());
            assert_eq!(reply.as_deref(), wanted);
        };
        check(&Disk::default(), None);
        check(&disk(1_503), None);
        check(&disk(1_500), Some("452 4.3.1 Insufficient system storage"));
        check(&disk(0), Some("452 4.3.1 Insufficient system storage"));
    }

    #[test]
    fn a_message_needs_its_own_octets() {
        assert!(at_end_of_data(&Disk::default(), 10_000_000).is_none());
        assert!(at_end_of_data(&disk(100), 100).is_none());
        let refusal = at_end_of_data(&disk(100), 101).unwrap();
        assert_eq!(refusal.reply.to_string(), "451 4.3.0 Error: queue file write error");
    }
}
