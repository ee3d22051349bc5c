//! How much memory the process has taken.

/// The most octets that were resident at one time; `None` where the system does not say. That is
/// Linux's `VmHWM`, of the whole process.
pub(super) fn peak_octets() -> Option<u64> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    parse(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn parse(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_from_what_linux_says() {
        assert_eq!(parse("VmPeak:\t  9 kB\nVmHWM:\t    1536 kB\n"), Some(1_572_864));
        assert_eq!((parse("VmRSS:\t 1 kB\n"), parse("VmHWM:\tmuch\n")), (None, None));
        assert_eq!(peak_octets().is_some(), cfg!(target_os = "linux"));
    }
}
