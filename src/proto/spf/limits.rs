//! How much work an evaluation may cause (RFC 7208 §4.6.4).

/// The bounds of one evaluation. The defaults are those of RFC 7208 §4.6.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many `include`, `a`, `mx`, `ptr`, `exists` and `redirect` are evaluated, those of
    /// included records too. One more is `permerror`.
    pub terms: u32,
    /// How many terms may have void look-ups: those that end in NXDOMAIN, or in no record of the
    /// type. One more is `permerror`. As §4.6.4 counts terms, an `mx` of which several exchanges
    /// have no address is one; the addresses of the client's names are left out.
    pub void_terms: u32,
    /// How many exchanges an `mx` may have. One more is `permerror`.
    pub exchanges: usize,
    /// How many names of the client are looked at, for `ptr` and `%{p}`. More are ignored.
    pub pointers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { terms: 10, void_terms: 2, exchanges: 10, pointers: 10 }
    }
}
