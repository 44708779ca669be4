use super::*;

/// The example of the specification's reference libraries.
const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

#[test]
fn the_known_signature_comes_out() {
    let body = br#"{"email":"test@example.com","username":"test_user"}"#;
    let key = Key::parse(SECRET).unwrap_or_else(|why| panic!("{why}"));
    let known = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";
    assert_eq!(key.sign("msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1_649_367_553, body), known);
    assert_ne!(key.sign("msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1_649_367_554, body), known);
    assert_eq!(
        header(&[key.clone(), key], "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1_649_367_553, body),
        format!("{known} {known}")
    );
}

#[test]
fn what_is_no_secret_is_refused_and_not_shown() {
    for (secret, why) in [
        ("C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "begin with `whsec_`"),
        ("whsk_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "begin with `whsec_`"),
        ("whsec_C2FV sBQI!", "not Base64"),
        ("whsec_", "0 bytes"),
        ("whsec_c2hvcnQ=", "5 bytes, and 24 to 64"),
    ] {
        let said = Key::parse(secret).err().unwrap_or_default();
        assert!(said.contains(why), "{secret}: {said}");
        assert!(!said.contains("C2FV") && !said.contains("c2hv"), "{said}");
    }
}

#[test]
fn different_ids_stay_different_in_a_header() {
    for (id, header) in [
        ("victoria/3/1", "victoria/3/1"),
        ("a.b@example.com/1/1", "a%2Eb@example%2Ecom/1/1"),
        ("a%2Eb", "a%252Eb"),
        ("Zoë\r\nx: y", "Zo%C3%AB%0D%0Ax:%20y"),
        ("", ""),
    ] {
        assert_eq!(header_id(id), header);
    }
}
