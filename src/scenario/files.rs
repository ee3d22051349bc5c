//! The files that a scenario names: behind a trait, so that the library and tests need no disk.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

/// Reads the files that a scenario names.
pub trait Files {
    /// The octets of the file at `path`, which is relative, has `/` between its parts, and none of
    /// `.`, `..` or an empty part: the caller has checked that.
    ///
    /// # Errors
    ///
    /// As [`std::fs::read`]: above all [`io::ErrorKind::NotFound`].
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;
}

/// The folder a scenario file is in. A link that leads out of it is refused.
#[derive(Debug, Clone)]
pub struct Folder(pub PathBuf);

impl Files for Folder {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let folder = self.0.canonicalize()?;
        let file = folder.join(path).canonicalize()?;
        match file.starts_with(&folder) {
            true => std::fs::read(file),
            false => {
                Err(io::Error::new(io::ErrorKind::PermissionDenied, "it leads out of the folder"))
            }
        }
    }
}

/// No files at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _path: &str) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// Files in memory, by path.
impl Files for BTreeMap<&str, &[u8]> {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.get(path).map(|octets| octets.to_vec()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// Why `path` cannot be the path of a file in the scenario's folder, if so.
pub(crate) fn refuse_path(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("a file has a name");
    }
    if path.starts_with('/') || path.as_bytes().get(1) == Some(&b':') {
        return Some("name a file in the scenario's folder, not an absolute path");
    }
    if path.contains('\\') || path.chars().any(char::is_control) {
        return Some("write / between folders");
    }
    if path.split('/').any(|part| part == "..") {
        return Some("name a file in the scenario's folder; \"..\" leads out of it");
    }
    path.split('/').any(|part| part.is_empty() || part == ".").then_some("name each folder once")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_the_folder() {
        assert_eq!(refuse_path("data/x.eml"), None);
        for path in ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "c:\\x", "a\\b", "a\nb"]
        {
            assert!(refuse_path(path).is_some(), "{path}");
        }
    }

    #[test]
    fn a_link_out_of_the_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "A").unwrap();
        let files = Folder(folder.path().to_owned());
        assert_eq!(files.read("a").unwrap(), b"A");
        assert!(files.read("b").is_err());
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("/etc/hosts", folder.path().join("out")).unwrap();
            assert_eq!(files.read("out").unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        }
    }
}
