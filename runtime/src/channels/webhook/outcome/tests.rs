use super::*;

#[test]
fn only_what_http_says_was_not_done_is_certain() {
    let kind = |status| match of_status(status, String::new()) {
        Failure::Refused(_) => 'r',
        Failure::NotSent(_) => 'n',
        Failure::InDoubt(_) => '?',
    };
    let all = |of: char| (300..600).filter(|s| kind(*s) == of).collect::<Vec<u16>>();
    assert_eq!(all('r'), [400, 404, 410, 413, 422]);
    let mut not_sent = vec![301, 307, 308];
    not_sent.extend((401..=431).filter(|s| ![404, 408, 409, 410, 413, 422, 423, 424].contains(s)));
    not_sent.extend([451, 501, 503, 505, 511]);
    assert_eq!(all('n'), not_sent);
    for status in [302, 303, 408, 409, 499, 500, 502, 504, 507, 520, 599] {
        assert_eq!(kind(status), '?', "{status}");
    }
}

#[test]
fn an_answer_is_told_on_one_short_line() {
    let status = reqwest::StatusCode::SERVICE_UNAVAILABLE;
    assert_eq!(
        words(status, Some(b"30"), b"busy\r\n\x1b[31mred"),
        "the endpoint answered 503 Service Unavailable, retry after 30 s: busy [31mred"
    );
    let date = b"Wed, 21 Oct 2026 07:28:00 GMT";
    assert_eq!(
        words(status, Some(date), b""),
        "the endpoint answered 503 Service Unavailable, retry after Wed, 21 Oct 2026 07:28:00 GMT"
    );
    let long = words(status, None, "é".repeat(100_000).as_bytes());
    assert!(long.ends_with("é…") && long.chars().count() < 260, "{long}");
}
