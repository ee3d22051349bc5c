//! SORT and THREAD (RFC 5256, RFC 5957, RFC 5267).

use super::*;

const MAIL: [&str; 5] = [
    "From: \"Zoe\" <a@x.example>\nDate: 2 Jan 2026 00:00 +0000\nSubject: apples\nMessage-ID: <1@x>\n\n12345678\n",
    "From: =?utf-8?q?=C3=84nne?= <b@x.example>\nDate: 1 Jan 2026 23:00 -0500\nSubject: Re: Apples\n\
        Message-ID: <2@x>\nIn-Reply-To: <1@x>\n\n1234\n",
    "From: Bob <c@x.example>\nDate: 1 Jan 2026\nSubject: bananas\nMessage-ID: <3@x>\n\n12\n",
    "From: Carl <d@x.example>\nSubject: [list] bananas (fwd)\nReferences: <3@x> <9@x>\n\n1\n",
    "From: Dora <e@x.example>\nDate: 3 Jan 2026 00:00 +0000\nSubject: =?koi8-r?b?8NLJ18XU?=\n\
        References: <9@x>\n\n\n",
];

#[test]
fn the_forms_of_sort() {
    check_messages(
        &MAIL,
        "C: c SORT (DATE) UTF-8 ALL
         S: * SORT 4 3 1 2 5
         S: c OK SORT completed
         C: d UID SORT (REVERSE DATE) US-ASCII 1:3
         S: * SORT 2 1 3
         S: d OK SORT completed
         C: e SORT (SUBJECT REVERSE DATE) UTF-8 ALL
         S: * SORT 2 1 3 4 5
         S: e OK SORT completed
         C: f SORT (DISPLAYFROM) UTF-8 NOT DELETED
         S: * SORT 2 3 4 5 1
         S: f OK SORT completed
         C: g SORT (SIZE) UTF-8 DELETED
         S: * SORT
         S: g OK SORT completed
         C: h SORT (SUBJECT) KOI8-R SUBJECT {6+}
         C: \u{50}RIVET
         S: * SORT
         S: h OK SORT completed
         C: i SORT (SUBJECT) UTF-8 SUBJECT \"ПРИВЕТ\"
         S: * SORT 5
         S: i OK SORT completed",
    );
}

#[test]
fn results_of_sort_in_the_forms_of_rfc_5267() {
    check_messages(
        &MAIL,
        "C: c SORT RETURN (MIN MAX COUNT) (DATE) UTF-8 ALL
         S: * ESEARCH (TAG \"c\") MIN 4 MAX 5 COUNT 5
         S: c OK SORT completed
         C: d UID SORT RETURN (ALL) (DATE) UTF-8 ALL
         S: * ESEARCH (TAG \"d\") UID ALL 4,3,1:2,5
         S: d OK SORT completed
         C: e SORT RETURN () (REVERSE DATE) UTF-8 1:2
         S: * ESEARCH (TAG \"e\") ALL 2,1
         S: e OK SORT completed
         C: f SORT RETURN (PARTIAL 1:2) (DATE) UTF-8 ALL
         S: * ESEARCH (TAG \"f\") PARTIAL (1:2 4,3)
         S: f OK SORT completed
         C: g SORT RETURN (SAVE) (DATE) UTF-8 3:4
         S: g OK SORT completed
         C: h FETCH $ UID
         S: * 3 FETCH (UID 3)
         S: * 4 FETCH (UID 4)
         S: h OK FETCH completed",
    );
}

#[test]
fn the_algorithms_of_thread() {
    check_messages(
        &MAIL,
        "C: c THREAD ORDEREDSUBJECT UTF-8 ALL
         S: * THREAD (4 3)(1 2)(5)
         S: c OK THREAD completed
         C: d THREAD REFERENCES UTF-8 ALL
         S: * THREAD (3 (4)(5))(1 2)
         S: d OK THREAD completed
         C: e UID THREAD REFS UTF-8 2:5
         S: * THREAD (2)(3 (4)(5))
         S: e OK THREAD completed
         C: f THREAD REFERENCES UTF-8 DELETED
         S: * THREAD
         S: f OK THREAD completed",
    );
}

#[test]
fn what_is_no_sort_and_no_thread() {
    check_messages(
        &MAIL,
        "C: c SORT () UTF-8 ALL
         S: c BAD Syntax error: expected an atom
         C: d SORT (DATE) UTF-8
         S: d BAD Syntax error: expected a space
         C: e SORT (DATE) ALL
         S: e BAD Syntax error: expected a space
         C: f SORT (RECENT) UTF-8 ALL
         S: f BAD Syntax error: expected a sort key
         C: g THREAD JWZ UTF-8 ALL
         S: g BAD Syntax error: expected a thread algorithm
         C: h SORT (DATE) X-NONE ALL
         S: ...
         C: i UNSELECT
         S: i OK UNSELECT completed
         C: j THREAD REFS UTF-8 ALL
         S: j BAD Select a mailbox first",
    );
}
