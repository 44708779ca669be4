use super::*;

#[test]
fn an_address_is_one_and_nothing_else() {
    for good in ["a@b.example", "first.last+tag@sub.example.com", "zoë@example.com", "\"odd\"@example.com"] {
        assert!(address(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "a",
        "a@",
        "@b.example",
        "a@b@c.example",
        "a@b.example, c@d.example",
        "Ada <a@b.example>",
        "a@b.example\r\nRCPT TO:<c@d.example>",
        "a@b.example>\nDATA",
        "a b@c.example",
        "a@b.example\0",
        "<a@b.example>",
    ] {
        let why = address(bad).err().unwrap_or_default();
        assert!(why.contains("is no e-mail address"), "{bad}: {why}");
        assert!(!why.contains(char::is_control), "{why:?}");
    }
}

#[test]
fn an_id_is_the_same_each_time_and_tells_nobody_who_it_is_for() {
    assert_eq!(derived("victoria/3/1"), derived("victoria/3/1"));
    assert_ne!(derived("victoria/3/1"), derived("victoria/3/2"));
    assert_eq!(derived("victoria/3/1").len(), 32);
}

#[test]
fn a_link_cannot_end_its_header() {
    for good in ["https://example.com/stop?m=a&c=1", "mailto:stop@example.com?subject=stop"] {
        assert!(matches!(fit(good, &["https:", "mailto:"]), Ok(text) if text == format!("<{good}>")));
    }
    for bad in [
        "http://example.com/",
        "javascript:x",
        "",
        "https://a/\r\nX: y",
        "https://a/>,<b",
        "https://a/ b",
        "https://ä/",
    ] {
        assert!(fit(bad, &["https:", "mailto:"]).is_err(), "{bad}");
    }
    assert!(fit(&format!("https://{}", "a".repeat(900)), &["https:"]).is_err());
}
