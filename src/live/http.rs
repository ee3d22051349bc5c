//! HTTP/1.1 for the control API: requests in, responses out, no I/O.
//!
//! Follows RFC 9112 as far as a small server for programs on the same machine needs it; httparse reads
//! the head.
//!
//! Not modelled: chunked requests (411), `Expect` (the body is read without a 100), pipelining beyond
//! one request after the other, ranges, compression.

use httparse::Status;
use serde_json::{Value, json};

use crate::proto::mail::decode::percent_decode;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    /// In upper case, as `GET`.
    pub(super) method: String,
    /// What stands between the slashes of the path, decoded.
    pub(super) path: Vec<String>,
    /// The names and values of the query, decoded, in their order.
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// Whether the client wants to send another one.
    pub(super) keep_alive: bool,
    pub(super) host: Option<String>,
    pub(super) origin: Option<String>,
}

/// What the octets so far are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// The beginning of a request.
    Partial,
    /// A request, and how many octets it takes.
    Whole(Box<Request>, usize),
    /// Nothing that can be answered otherwise; the connection is of no use afterwards.
    Wrong(Response),
}

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) body: Vec<u8>,
    /// The methods that there are, with 405.
    pub(super) allow: Option<&'static str>,
}

/// The most octets of a head.
const MAX_HEAD: usize = 16 * 1024;
/// The most octets of a body: a message in base64 with what is around it.
pub(super) const MAX_BODY: usize = 64 << 20;
const MAX_FIELDS: usize = 64;

impl Request {
    /// The value of a name in the query.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Reads one request.
pub(super) fn parse(octets: &[u8]) -> Parsed {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut head = httparse::Request::new(&mut fields);
    let start = match head.parse(octets) {
        Ok(Status::Complete(start)) => start,
        Ok(Status::Partial) if octets.len() <= MAX_HEAD => return Parsed::Partial,
        Ok(Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
            return Parsed::Wrong(Response::error(431, "the head of the request is too large"));
        }
        Err(error) => {
            return Parsed::Wrong(Response::error(400, &format!("this is no HTTP: {error}")));
        }
    };
    let field = |name: &str| {
        let found = head.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name));
        found.map(|field| String::from_utf8_lossy(field.value).trim().to_owned())
    };
    if field("Transfer-Encoding").is_some() {
        return Parsed::Wrong(Response::error(411, "send the body with a Content-Length"));
    }
    let length = match field("Content-Length").map(|length| length.parse::<usize>()) {
        None => 0,
        Some(Ok(length)) if length <= MAX_BODY => length,
        Some(Ok(_)) => return Parsed::Wrong(Response::error(413, "the body is too large")),
        Some(Err(_)) => {
            return Parsed::Wrong(Response::error(400, "the Content-Length is no number"));
        }
    };
    let Some(body) = octets.get(start..start + length) else { return Parsed::Partial };
    let target = head.path.unwrap_or("/");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let decoded =
        |text: &str| String::from_utf8_lossy(&percent_decode(text.as_bytes())).into_owned();
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(&name.replace('+', " ")), decoded(&value.replace('+', " ")))
    };
    let connection = field("Connection").unwrap_or_default().to_ascii_lowercase();
    let request = Request {
        method: head.method.unwrap_or_default().to_ascii_uppercase(),
        path: path.split('/').filter(|part| !part.is_empty()).map(decoded).collect(),
        query: query.split('&').filter(|part| !part.is_empty()).map(pair).collect(),
        body: body.to_vec(),
        keep_alive: match head.version {
            Some(1) => !connection.contains("close"),
            _ => connection.contains("keep-alive"),
        },
        host: field("Host"),
        origin: field("Origin"),
    };
    Parsed::Whole(Box::new(request), start + length)
}

impl Response {
    /// A value, as JSON.
    pub(super) fn json(status: u16, value: &Value) -> Self {
        let mut body = value.to_string().into_bytes();
        body.push(b'\n');
        Response { status, content_type: "application/json", body, allow: None }
    }

    /// Octets of a type.
    pub(super) fn octets(content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Response { status: 200, content_type, body: body.into(), allow: None }
    }

    /// What is wrong, in words: `{"error": ...}`.
    pub(super) fn error(status: u16, wrong: &str) -> Self {
        Response::json(status, &json!({ "error": wrong }))
    }

    /// As it goes out. The answer to HEAD has no body.
    pub(super) fn write(&self, keep_alive: bool, with_body: bool) -> Vec<u8> {
        let reason = match self.status {
            200 => "OK",
            201 => "Created",
            400 => "Bad Request",
            403 => "Forbidden",
            404 => "Not Found",
            405 => "Method Not Allowed",
            408 => "Request Timeout",
            409 => "Conflict",
            411 => "Length Required",
            413 => "Content Too Large",
            422 => "Unprocessable Content",
            431 => "Request Header Fields Too Large",
            _ => "Internal Server Error",
        };
        let connection = if keep_alive { "keep-alive" } else { "close" };
        let allow = self.allow.map(|allow| format!("Allow: {allow}\r\n")).unwrap_or_default();
        let mut octets = format!(
            "HTTP/1.1 {} {reason}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\
             Cache-Control: no-store\r\n{allow}Connection: {connection}\r\n\r\n",
            self.status,
            self.content_type,
            self.body.len(),
        )
        .into_bytes();
        if with_body {
            octets.extend_from_slice(&self.body);
        }
        octets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> (Request, usize) {
        match parse(text.as_bytes()) {
            Parsed::Whole(request, taken) => (*request, taken),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_request_is_read_however_it_is_cut() {
        let text = "POST /messages/a%40b/x%2Fy?to=bob+b&x&since=1%2B HTTP/1.1\r\nHost: localhost\r\n\
                    content-length: 4\r\n\r\nbodyGET /";
        let (request, taken) = whole(text);
        assert_eq!(&text[taken..], "GET /");
        assert_eq!(request.method, "POST");
        assert_eq!(request.path, ["messages", "a@b", "x/y"]);
        assert_eq!((request.get("to"), request.get("x")), (Some("bob b"), Some("")));
        assert_eq!(request.get("since"), Some("1+"));
        assert_eq!((request.body.as_slice(), request.keep_alive), (&b"body"[..], true));
        for cut in 0..taken {
            assert_eq!(parse(&text.as_bytes()[..cut]), Parsed::Partial, "{cut}");
        }
    }

    #[test]
    fn what_is_no_request_has_its_answer() {
        let check = |text: &str, status| match parse(text.as_bytes()) {
            Parsed::Wrong(response) => assert_eq!(response.status, status, "{text}"),
            other => panic!("{text}: {other:?}"),
        };
        check("EHLO there\r\n\r\n", 400);
        check("\x16\x03\x01\x02\x00\x01\x00\x01\x7c\x03\x03", 400);
        check("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411);
        check("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400);
        check("POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413);
        check(&format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(20_000)), 431);
    }

    #[test]
    fn a_response_says_what_follows() {
        let response = Response::error(404, "no");
        let text = String::from_utf8(response.write(false, true)).unwrap();
        assert!(text.starts_with("HTTP/1.1 404 Not Found\r\n"), "{text}");
        assert!(text.contains("Content-Length: 15\r\n") && text.contains("Connection: close\r\n"));
        assert!(text.ends_with("\r\n\r\n{\"error\":\"no\"}\n"), "{text}");
        assert!(response.write(true, false).ends_with(b"\r\n\r\n"));
    }
}
