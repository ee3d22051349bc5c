//! SEARCH with RETURN, and what it saves (RFC 4731, RFC 5182, RFC 9394, RFC 5032).

use super::*;

#[test]
fn results_in_the_forms_of_rfc_4731() {
    check_selected(
        5,
        "1",
        "C: c SEARCH RETURN (MIN MAX COUNT) ALL
         S: * ESEARCH (TAG \"c\") MIN 1 MAX 5 COUNT 5
         S: c OK SEARCH completed
         C: d UID SEARCH RETURN () 1,3:5
         S: * ESEARCH (TAG \"d\") UID ALL 1,3:5
         S: d OK SEARCH completed
         C: e SEARCH RETURN (COUNT ALL MIN) DELETED
         S: * ESEARCH (TAG \"e\") COUNT 0
         S: e OK SEARCH completed
         C: f SEARCH RETURN (ALL) DELETED
         S: * ESEARCH (TAG \"f\")
         S: f OK SEARCH completed
         C: g SEARCH RETURN (FROB) ALL
         S: g BAD Syntax error: expected a return option
         C: h UID SEARCH RETURN (PARTIAL 2:3) ALL
         S: * ESEARCH (TAG \"h\") UID PARTIAL (2:3 2:3)
         S: h OK SEARCH completed
         C: i SEARCH RETURN (COUNT PARTIAL -1:-2) ALL
         S: * ESEARCH (TAG \"i\") COUNT 5 PARTIAL (-1:-2 4:5)
         S: i OK SEARCH completed
         C: j SEARCH RETURN (PARTIAL 7:9) ALL
         S: * ESEARCH (TAG \"j\") PARTIAL (7:9 NIL)
         S: j OK SEARCH completed
         C: k UID FETCH 1:* UID (PARTIAL -1:-2)
         S: * 4 FETCH (UID 4)
         S: * 5 FETCH (UID 5)
         S: k OK FETCH completed
         C: l FETCH 1:* UID (PARTIAL 1:2)
         S: l BAD PARTIAL needs UID FETCH",
    );
}

#[test]
fn sizes_and_offsets_have_63_bits_as_in_rfc_9051() {
    check_selected(
        2,
        "1",
        "C: c SEARCH LARGER 5000000000
         S: * SEARCH
         S: c OK SEARCH completed
         C: d SEARCH SMALLER 99999999999
         S: * SEARCH 1 2
         S: d OK SEARCH completed
         C: e FETCH 1 BODY.PEEK[]<5000000000.9999999999>
         S: * 1 FETCH (BODY[]<5000000000> {0}
         S: )
         S: e OK FETCH completed
         C: f SEARCH LARGER 9223372036854775808
         S: f BAD Syntax error: expected a number of 63 bits
         C: g FETCH 1 (UID RFC822.SIZE UID)
         S: * 1 FETCH (UID 1 RFC822.SIZE 22)
         S: g OK FETCH completed",
    );
}

#[test]
fn what_was_saved_is_a_set() {
    check_selected(
        5,
        "1",
        "C: c FETCH $ UID
         S: c OK FETCH completed
         C: d SEARCH RETURN (SAVE) 2:4
         S: d OK SEARCH completed
         C: e FETCH $ UID
         S: * 2 FETCH (UID 2)
         S: * 3 FETCH (UID 3)
         S: * 4 FETCH (UID 4)
         S: e OK FETCH completed
         C: f STORE $ +FLAGS (\\Deleted)
         S: * 2 FETCH (FLAGS (\\Deleted))
         S: * 3 FETCH (FLAGS (\\Deleted))
         S: * 4 FETCH (FLAGS (\\Deleted))
         S: f OK STORE completed
         C: g UID SEARCH RETURN (SAVE MIN COUNT) $ SUBJECT 3
         S: * ESEARCH (TAG \"g\") UID MIN 3 COUNT 1
         S: g OK SEARCH completed
         C: h UID EXPUNGE $
         S: * 3 EXPUNGE
         S: h OK EXPUNGE completed
         C: i UID SEARCH UID $
         S: * SEARCH
         S: i OK SEARCH completed
         C: j SEARCH RETURN (SAVE MIN MAX) ALL
         S: * ESEARCH (TAG \"j\") MIN 1 MAX 4
         S: j OK SEARCH completed
         C: k UID SEARCH NOT $
         S: * SEARCH 2 4
         S: k OK SEARCH completed
         C: l UID COPY $ INBOX
         S: * 6 EXISTS
         S: * 2 RECENT
         S: l OK [COPYUID 100 1,5 6:7] COPY completed
         C: m SEARCH RETURN (SAVE) CHARSET FROB ALL
         S: m NO [BADCHARSET (US-ASCII UTF-8 UTF-16 ISO-8859-1 ISO-8859-2 ISO-8859-3 ISO-8859-4 ISO-8859-5 ISO-8859-6 ISO-8859-7 ISO-8859-8 ISO-8859-9 ISO-8859-10 ISO-8859-13 ISO-8859-14 ISO-8859-15 ISO-8859-16 windows-874 windows-1250 windows-1251 windows-1252 windows-1253 windows-1254 windows-1255 windows-1256 windows-1257 windows-1258 KOI8-R KOI8-U IBM866 macintosh TIS-620 ISO-2022-JP Shift_JIS EUC-JP EUC-KR GB2312 GBK GB18030 Big5)] Character set is not known
         C: n SEARCH $
         S: * SEARCH
         S: n OK SEARCH completed
         C: o FETCH 1,$ UID
         S: o BAD Syntax error: expected a message number, range or *",
    );
}

#[test]
fn results_that_are_kept_up_to_date() {
    check_selected(
        3,
        "12",
        "C1: B01 UID SEARCH RETURN (UPDATE COUNT) UNSEEN
         S1: * ESEARCH (TAG \"B01\") UID COUNT 3
         S1: B01 OK SEARCH completed
         C1: B02 SEARCH RETURN (UPDATE) DELETED
         S1: * ESEARCH (TAG \"B02\")
         S1: B02 OK SEARCH completed
         C2: c STORE 2 FLAGS.SILENT (\\Seen \\Deleted)
         S2: c OK STORE completed
         C1: c NOOP
         S1: * ESEARCH (TAG \"B01\") UID REMOVEFROM (0 2)
         S1: * 2 FETCH (FLAGS (\\Deleted \\Seen))
         S1: * ESEARCH (TAG \"B02\") ADDTO (0 2)
         S1: c OK NOOP completed
         C2: d APPEND INBOX {1+}
         C2: x
         S2: * 4 EXISTS
         S2: * 1 RECENT
         S2: d OK [APPENDUID 100 4] APPEND completed
         C2: e EXPUNGE
         S2: * 2 EXPUNGE
         S2: e OK EXPUNGE completed
         C1: d NOOP
         S1: * ESEARCH (TAG \"B02\") REMOVEFROM (0 2)
         S1: * 2 EXPUNGE
         S1: * 3 EXISTS
         S1: * ESEARCH (TAG \"B01\") UID ADDTO (0 4)
         S1: d OK NOOP completed
         C1: e CANCELUPDATE \"B01\" \"other\"
         S1: e OK CANCELUPDATE completed
         C1: f STORE 3 FLAGS (\\Seen \\Deleted)
         S1: * 3 FETCH (FLAGS (\\Deleted \\Seen))
         S1: * ESEARCH (TAG \"B02\") ADDTO (0 3)
         S1: f OK STORE completed
         C1: g CANCELUPDATE B02
         S1: g BAD Syntax error: expected a string",
    );
}

#[test]
fn ages_are_counted_back_from_now() {
    // The messages are of 1970.
    check_selected(
        2,
        "1",
        "C: c SEARCH YOUNGER 4294967295
         S: * SEARCH 1 2
         S: c OK SEARCH completed
         C: d SEARCH OLDER 86400
         S: * SEARCH 1 2
         S: d OK SEARCH completed
         C: e SEARCH YOUNGER 86400
         S: * SEARCH
         S: e OK SEARCH completed
         C: f SEARCH OLDER 0
         S: f BAD Syntax error: expected a number above 0
         C: g FETCH 1 (SAVEDATE EMAILID THREADID)
         S: * 1 FETCH (SAVEDATE \" 1-Jan-1970 00:00:00 +0000\" EMAILID (M00000001) THREADID NIL)
         S: g OK FETCH completed
         C: h UID SEARCH EMAILID M00000002 SAVEDON 1-Jan-1970
         S: * SEARCH 2
         S: h OK SEARCH completed",
    );
}
