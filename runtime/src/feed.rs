//! Reads JSON lines.
//!
//! ```text
//! {"id":"e1","at":"2026-03-02T09:58:00Z","received":"2026-03-02T10:00:00Z","customer":"victoria","event":"booking.created","data":{…}}
//! {"id":"e2","at":…,"customer":…,"event":"customer.updated","data":{"first_name":"Victoria","phone":"+44 7700 900123"}}
//! {"id":"e3","at":…,"customer":…,"reply":"thank you","channel":"sms"}          optional: "address"
//! {"id":"e4","at":…,"customer":…,"handoff_closed":"scheduling"}                a queue, or a case's id
//! {"id":"e5","at":…,"customer":…,"opt_out":"sms"}                              a channel, or an address
//! {"id":"e6","at":…,"customer":…,"answered":"<call id>","outcome":"done"}
//! {"id":"e8","at":…,"customer":…,"answered":"<call id>","service":"lookup_booking","record":{…}}
//! {"id":"e7","at":…,"customer":…,"receipt":"<message id>","delivered":false}
//! ```
//!
//! `at` is when it happened, `received` when it arrived (`at` where it is missing). A feed is not trusted: a line that does
//! not fit is refused with words on how to mend it, and nothing else of it is believed.

mod address;

use std::io::BufRead;

use journey_spec::program::Channel;
use journey_spec::time::parse_rfc3339;
use journey_spec::value::{Data, fields_from_json, fields_to_json};
use journey_spec::{Program, Ts};
use journey_step::{HookAnswer, HookRequest, Input};
use serde_json::{Map, Value as Json};

use crate::intake::{Arrival, Content, RAW_MAX, RESERVED, Refusal, cut};

/// Longest line that is read, in bytes.
pub const LINE_MAX: usize = 1024 * 1024;
/// Longest id, in characters.
pub const ID_MAX: usize = 200;
/// How much of a customer's answer is heard, in characters.
pub const REPLY_MAX: usize = 10_000;

/// The event by which a host keeps the directory current.
pub const UPDATED: &str = "customer.updated";

const KINDS: [&str; 6] = ["event", "reply", "handoff_closed", "opt_out", "answered", "receipt"];

/// Reads one line of a feed, whose number counts from 1. Whatever the bytes are, the answer is an arrival that fits the
/// program, or words on what is wrong and how to mend it.
///
/// # Errors
/// The first thing that does not fit.
pub fn parse_line(program: &Program, line: u64, text: impl AsRef<[u8]>) -> Result<Arrival, Refusal> {
    let bytes = text.as_ref();
    read(program, bytes).map_err(|Wrong { field, reason }| Refusal { line, field, reason, raw: kept(bytes) })
}

/// What is kept of a refused line.
pub(crate) fn kept(line: &[u8]) -> String {
    let kept = line.get(..line.len().min(RAW_MAX + 4)).unwrap_or_default();
    cut(&String::from_utf8_lossy(kept), RAW_MAX).to_string()
}

/// What does not fit.
struct Wrong {
    field: Option<String>,
    reason: String,
}

fn wrong(field: &str, reason: impl Into<String>) -> Wrong {
    Wrong { field: Some(field.into()), reason: reason.into() }
}

fn general(reason: impl Into<String>) -> Wrong {
    Wrong { field: None, reason: reason.into() }
}

fn read(program: &Program, bytes: &[u8]) -> Result<Arrival, Wrong> {
    if bytes.len() > LINE_MAX {
        return Err(general(format!("the line is longer than {LINE_MAX} bytes; is a line break missing?")));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|e| general(format!("byte {} is not UTF-8; write the line as UTF-8", e.valid_up_to() + 1)))?;
    if text.trim().is_empty() {
        return Err(general("the line is empty"));
    }
    // Some editors begin a file with a byte order mark.
    let json: Json = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|e| general(not_json(&e)))?;
    let Json::Object(object) = json else {
        return Err(general(
            r#"the line should be one JSON object, such as {"id":"e1","at":…,"customer":…,"event":…}"#,
        ));
    };
    let id = name(&object, "id", "a text of its own for each input, so that one that comes twice is taken once")?;
    if id.starts_with(RESERVED) {
        return Err(wrong(
            "id",
            format!("`id` begins with `{RESERVED}`, which is kept for the engine; choose another"),
        ));
    }
    let happened = "when it happened, such as \"2026-03-02T10:00:00Z\"";
    let at = instant(&object, "at", happened)?.ok_or_else(|| missing("at", happened))?;
    let received = instant(&object, "received", "when it arrived, such as \"2026-03-02T10:00:00Z\"")?.unwrap_or(at);
    let customer = name(&object, "customer", "the id of the customer whom it concerns")?;
    let content = content(program, &object, at)?;
    Ok(Arrival { id, received, customer, content })
}

/// Reads the next line into `line`, without its end and at most one byte more than may be read; what is longer is passed
/// over. Gives the number of bytes passed, 0 at the end of the feed.
pub(crate) fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<u64> {
    line.clear();
    let mut passed = 0_u64;
    loop {
        let buffer = match reader.fill_buf() {
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        let (text, ended) = match buffer.iter().position(|b| *b == b'\n') {
            Some(end) => (buffer.get(..end).unwrap_or_default(), true),
            None => (buffer, false),
        };
        let room = (LINE_MAX + 1).saturating_sub(line.len()).min(text.len());
        line.extend_from_slice(text.get(..room).unwrap_or_default());
        let used = text.len() + usize::from(ended);
        reader.consume(used);
        passed += used as u64;
        if ended || used == 0 {
            return Ok(passed);
        }
    }
}

fn not_json(error: &serde_json::Error) -> String {
    // serde_json counts lines within the text; here there is one, and its number is told already.
    let text = error.to_string();
    let problem = match text.rsplit_once(" at line ").map_or(text.as_str(), |(problem, _)| problem) {
        _ if error.is_eof() => "the line ends before the JSON does",
        "expected ident" => "a word that JSON does not have",
        "trailing characters" => "something follows the JSON",
        problem => problem,
    };
    format!("not JSON: {problem}, at column {}", error.column())
}

fn missing(field: &str, what: &str) -> Wrong {
    wrong(field, format!("`{field}` is missing: give {what}"))
}

fn text<'a>(object: &'a Map<String, Json>, field: &str, what: &str) -> Result<&'a str, Wrong> {
    match object.get(field) {
        None | Some(Json::Null) => Err(missing(field, what)),
        Some(Json::String(text)) => Ok(text),
        Some(_) => Err(wrong(field, format!("`{field}` should be a text in quotes: {what}"))),
    }
}

/// An id: not empty, not endless, and nothing that could steer a terminal that prints it.
fn name(object: &Map<String, Json>, field: &str, what: &str) -> Result<String, Wrong> {
    let text = text(object, field, what)?;
    if text.trim().is_empty() {
        return Err(wrong(field, format!("`{field}` is empty: give {what}")));
    }
    if text.chars().count() > ID_MAX {
        return Err(wrong(field, format!("`{field}` is longer than {ID_MAX} characters; give a shorter one")));
    }
    if text.chars().any(char::is_control) {
        return Err(wrong(field, format!("`{field}` holds a control character; leave it out")));
    }
    Ok(text.into())
}

fn instant(object: &Map<String, Json>, field: &str, what: &str) -> Result<Option<Ts>, Wrong> {
    if matches!(object.get(field), None | Some(Json::Null)) {
        return Ok(None);
    }
    let text = text(object, field, what)?;
    let shown = cut(text, 60);
    parse_rfc3339(text).map(Some).ok_or_else(|| {
        let how = "should be an instant with its offset, between the years 1900 and 2200: give";
        wrong(field, format!("`{field}` is `{}` and {how} {what}", shown.escape_debug()))
    })
}

fn content(program: &Program, object: &Map<String, Json>, at: Ts) -> Result<Content, Wrong> {
    let kinds: Vec<&str> = KINDS.into_iter().filter(|k| object.get(*k).is_some_and(|v| !v.is_null())).collect();
    let kind = match kinds.as_slice() {
        [kind] => *kind,
        [] => {
            let why = "nothing says what happened: give one of `event`, `reply`, `handoff_closed`, `opt_out`, `answered`, \
                       `receipt`";
            return Err(general(why));
        }
        [first, second, ..] => {
            let why = format!("`{first}` and `{second}` stand in one line: give each a line and an `id` of its own");
            return Err(wrong(second, why));
        }
    };
    Ok(Content::Input(match kind {
        "event" => return event(program, object, at),
        "reply" => reply(program, object)?,
        "handoff_closed" => Input::HandoffClosed { case: name(object, kind, "the queue or the case's id")? },
        "opt_out" => return opt_out(object),
        "answered" if object.contains_key("record") => {
            let call = name(object, kind, "the call's id")?;
            let service = name(object, "service", "the service that returns the record")?;
            let json = object.get("record").unwrap_or(&Json::Null);
            let record = record_of(program, &service, json).map_err(|why| wrong("record", why))?;
            Input::LookedUp { call, record: Some(record) }
        }
        "answered" => Input::Answered {
            call: name(object, kind, "the call's id")?,
            outcome: name(object, "outcome", "what the service answered")?,
        },
        _ => {
            let delivered = match object.get("delivered") {
                Some(Json::Bool(delivered)) => *delivered,
                _ => return Err(wrong("delivered", "`delivered` should be true or false")),
            };
            Input::Receipt { message: name(object, kind, "the message's id")?, delivered }
        }
    }))
}

/// A record that a service returns, whole and typed.
///
/// # Errors
/// What does not fit, in words.
pub fn record_of(program: &Program, service: &str, json: &Json) -> Result<Data, String> {
    let declared = program.services.iter().find(|s| s.name == service);
    let returns = declared.and_then(|s| s.returns.as_ref()).ok_or_else(|| format!("`{service}` returns no record"))?;
    let fields = program.records.get(returns).ok_or_else(|| format!("there is no record `{returns}`"))?;
    fields_from_json(json, fields, &program.records).map_err(|misfit| {
        let path = if misfit.path.is_empty() { "record".into() } else { format!("record.{}", misfit.path) };
        format!("`{path}` {} (service `{service}`)", misfit.problem)
    })
}

fn event(program: &Program, object: &Map<String, Json>, at: Ts) -> Result<Content, Wrong> {
    let name = text(object, "event", "the event's declared name")?;
    let declared = if name == UPDATED {
        &program.customer.fields
    } else {
        let (_, event) = program.event(name).ok_or_else(|| unknown_event(program, name))?;
        &event.fields
    };
    let empty = Json::Object(Map::new());
    let given = object.get("data").filter(|d| !d.is_null()).unwrap_or(&empty);
    let mut data = fields_from_json(given, declared, &program.records).map_err(|misfit| {
        let field = if misfit.path.is_empty() { "data".into() } else { format!("data.{}", misfit.path) };
        let reason = format!("`{field}` {} (event `{}`)", misfit.problem, cut(name, ID_MAX));
        Wrong { field: Some(field), reason }
    })?;
    normalise(&mut data, declared, program)?;
    Ok(Content::Input(if name == UPDATED {
        Input::CustomerUpdated { profile: data.into(), stopped: Vec::new() }
    } else {
        Input::Event { name: name.into(), at, data }
    }))
}

fn normalise(data: &mut Data, fields: &[journey_spec::program::Field], program: &Program) -> Result<(), Wrong> {
    address::normalise_fields(data, fields, &program.records, "data")
        .map_err(|(field, problem)| wrong(&field, format!("`{field}` {problem}")))
}

/// What a hook makes of an event's data, with telephone numbers and addresses in the one spelling that a feed's have.
pub(crate) fn in_one_spelling(program: &Program, request: &HookRequest, answer: HookAnswer) -> HookAnswer {
    let (HookAnswer::Data(json), Some((_, hook))) = (&answer, program.hook(&request.hook)) else { return answer };
    // What does not fit its types the step refuses, in its own words.
    let Ok(mut data) = fields_from_json(json, &hook.params, &program.records) else { return answer };
    match address::normalise_fields(&mut data, &hook.params, &program.records, "it") {
        Ok(()) => HookAnswer::Data(fields_to_json(&data)),
        Err((field, problem)) => HookAnswer::Failed(format!("the `{field}` that it gave {problem}")),
    }
}

fn unknown_event(program: &Program, name: &str) -> Wrong {
    let shown: String = cut(name, ID_MAX).escape_debug().collect();
    let names: Vec<&str> = program.declared_events().map(|(_, e)| e.name.as_str()).chain([UPDATED]).collect();
    let mut near: Vec<(f64, &str)> = names.iter().map(|n| (strsim::jaro_winkler(n, name), *n)).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let likely: Vec<String> =
        near.iter().filter(|(like, _)| *like > 0.8).take(3).map(|(_, n)| format!("`{n}`")).collect();
    let help = if likely.is_empty() {
        let known: Vec<String> = names.iter().take(20).map(|n| format!("`{n}`")).collect();
        format!("known are {}", known.join(", "))
    } else {
        format!("did you mean {}?", likely.join(" or "))
    };
    wrong("event", format!("no event `{shown}` is declared; {help}"))
}

fn channel(object: &Map<String, Json>) -> Result<Channel, Wrong> {
    let known = Channel::ALL.map(Channel::name).join(", ");
    let given = text(object, "channel", &format!("where the customer wrote, one of {known}"))?;
    Channel::named(given).ok_or_else(|| {
        wrong("channel", format!("`channel` is `{}`; give one of {known}", cut(given, 60).escape_debug()))
    })
}

fn reply(program: &Program, object: &Map<String, Json>) -> Result<Input, Wrong> {
    let said = text(object, "reply", "what the customer wrote")?;
    let channel = channel(object)?;
    let address = match object.get("address") {
        None | Some(Json::Null) => None,
        Some(_) => {
            let given = text(object, "address", "the address from which the customer wrote")?;
            let address = address::for_channel(program, channel, given)
                .map_err(|problem| wrong("address", format!("`address` {problem}")))?;
            Some(address)
        }
    };
    // What is longer than any message is heard by its beginning rather than not at all.
    Ok(Input::Reply { channel, address, text: said.chars().take(REPLY_MAX).collect() })
}

fn opt_out(object: &Map<String, Json>) -> Result<Content, Wrong> {
    let given = name(object, "opt_out", "a channel or an address")?;
    if let Some(channel) = Channel::named(given.trim()) {
        return Ok(Content::OptOut(channel));
    }
    let address = address::of_any_kind(&given).ok_or_else(|| {
        let known = Channel::ALL.map(Channel::name).join(", ");
        let shown: String = given.escape_debug().collect();
        wrong(
            "opt_out",
            format!("`opt_out` is `{shown}`; give a channel ({known}), a phone number or an e-mail address"),
        )
    })?;
    Ok(Content::Input(Input::OptOut { address, confirm: true }))
}
