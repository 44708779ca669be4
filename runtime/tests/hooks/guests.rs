//! Modules in WebAssembly's text, made components that fit a world.
//!
//! A guest is one function body, and what stands beside it. Its memory comes from a module of its own, since `host.log` and
//! the guest both need it; what it is told is laid out by `realloc` of that module, which only counts upwards.

use std::fmt::Write;

/// A component of a world.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    world: &'static str,
    body: String,
    beside: String,
    memory: String,
    realloc: String,
    post: String,
    imports: String,
    version: &'static str,
    result: &'static str,
}

/// `score` with this body. Its parameters are `$journey`, `$journey_len` and so on, `$step`, `$attempt`, `$now`, `$seed`,
/// `$subject`, `$subject_len`; it leaves the place of the result. [`number`] makes one that says a number.
pub(crate) fn scorer(body: &str) -> Guest {
    Guest {
        world: "scorer",
        body: body.into(),
        beside: String::new(),
        memory: "16".into(),
        realloc: REALLOC.into(),
        post: String::new(),
        imports: String::new(),
        version: "1.0.0",
        result: "f64",
    }
}

/// `choose` with this body. What it is told lies in memory, at `$told`.
pub(crate) fn chooser(body: &str) -> Guest {
    Guest { world: "chooser", result: "u32", ..scorer(body) }
}

pub(crate) fn validator(body: &str) -> Guest {
    Guest { world: "validator", result: "(list $verdict)", ..scorer(body) }
}

pub(crate) fn transformer(body: &str) -> Guest {
    Guest { world: "transformer", result: "(list string)", ..scorer(body) }
}

/// Says a number: an expression of type f64.
pub(crate) fn number(expression: &str) -> String {
    format!("(i32.store8 (i32.const 64) (i32.const 0)) (f64.store (i32.const 72) {expression}) (i32.const 64)")
}

/// Says the place of a name.
pub(crate) fn place(n: i32) -> String {
    format!("(i32.store8 (i32.const 64) (i32.const 0)) (i32.store (i32.const 68) (i32.const {n})) (i32.const 64)")
}

/// Says that it gives no answer: the case, and where its text is. `at` is where the payload of a world's result begins.
pub(crate) fn error(at: u32, case: u32, pointer: i64, length: i64) -> String {
    format!(
        "(i32.store8 (i32.const 64) (i32.const 1)) (i32.store8 (i32.const {at}) (i32.const {case}))
         (i32.store (i32.const {}) (i32.const {pointer})) (i32.store (i32.const {}) (i32.const {length})) (i32.const 64)",
        at + 4,
        at + 8
    )
}

const REALLOC: &str = "
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $at) (local.get $size)))
    (local.get $at)";

const TYPES: &str = r#"
  (type $types-type (instance
    (type $json string) (export "json" (type (eq $json)))
    (type $c (record (field "journey" string) (field "version" string) (field "hook" string) (field "execution" string)
      (field "step" u64) (field "attempt" u32) (field "now-ms" u64) (field "seed" u64) (field "config" string)))
    (export "context" (type (eq $c)))
    (type $e (variant (case "invalid" string) (case "rejected" string) (case "retryable" string) (case "failed" string)))
    (export "hook-error" (type (eq $e)))
    (type $l (enum "debug" "info" "warn" "error")) (export "level" (type (eq $l)))
    (type $v (record (field "row" u32) (field "code" string) (field "message" string)))
    (export "verdict" (type (eq $v)))))
"#;

impl Guest {
    /// Definitions beside the function.
    pub(crate) fn beside(mut self, text: &str) -> Guest {
        self.beside.push_str(text);
        self
    }

    /// Pages of its memory: `1`, `1 4`.
    pub(crate) fn memory(mut self, pages: &str) -> Guest {
        self.memory = pages.into();
        self
    }

    pub(crate) fn realloc(mut self, body: &str) -> Guest {
        self.realloc = body.into();
        self
    }

    /// What is done after the result was read.
    pub(crate) fn post(mut self, body: &str) -> Guest {
        self.post = body.into();
        self
    }

    /// Further imports of the component.
    pub(crate) fn imports(mut self, text: &str) -> Guest {
        self.imports.push_str(text);
        self
    }

    pub(crate) fn version(mut self, version: &'static str) -> Guest {
        self.version = version;
        self
    }

    /// The type that the function gives in place of the world's.
    pub(crate) fn result(mut self, ty: &'static str) -> Guest {
        self.result = ty;
        self
    }

    pub(crate) fn text(&self) -> String {
        let (export, params, core) = match self.world {
            "scorer" => ("score", r#"(param "subject" string)"#, SCORER),
            "chooser" => ("choose", r#"(param "subject" string) (param "options" (list string))"#, "(param $told i32)"),
            "validator" => ("validate", r#"(param "rows" (list string))"#, SCORER),
            _ => ("transform", r#"(param "row" string)"#, SCORER),
        };
        let post = if self.post.is_empty() { "" } else { r#"(post-return (func $main "post"))"# };
        let mut text = String::from("(component\n");
        let v = self.version;
        text.push_str(TYPES);
        _ = write!(
            text,
            r#"
  (import "journey:hooks/types@{v}" (instance $types (type $types-type)))
  (alias export $types "context" (type $context))
  (alias export $types "hook-error" (type $error))
  (alias export $types "level" (type $level))
  (alias export $types "verdict" (type $verdict))
  (type $host-type (instance
    (alias outer 1 $level (type $l)) (export "level" (type $le (eq $l)))
    (export "log" (func (param "level" $le) (param "message" string)))))
  (import "journey:hooks/host@{v}" (instance $host (type $host-type)))
  {imports}
  (core module $Memory
    (memory (export "memory") {memory})
    (global $next (export "next") (mut i32) (i32.const 4096))
    (func (export "realloc") (param $old i32) (param $was i32) (param $align i32) (param $size i32) (result i32) {realloc}))
  (core instance $memory (instantiate $Memory))
  (core func $log (canon lower (func $host "log") (memory $memory "memory")))
  (core instance $outside (export "log" (func $log)))
  (core module $Main
    (import "memory" "memory" (memory 0))
    (import "memory" "next" (global $next (mut i32)))
    (import "outside" "log" (func $log (param i32 i32 i32)))
    {beside}
    (func (export "main") {core} (result i32) {body})
    (func (export "post") (param i32) {post_body}))
  (core instance $main (instantiate $Main (with "memory" (instance $memory)) (with "outside" (instance $outside))))
  (func $asked (param "ctx" $context) {params} (result (result {result} (error $error)))
    (canon lift (core func $main "main") (memory $memory "memory") (realloc (func $memory "realloc")) {post}))
  (export "{export}" (func $asked)))
"#,
            imports = self.imports,
            memory = self.memory,
            realloc = self.realloc,
            beside = self.beside,
            body = self.body,
            post_body = self.post,
            result = self.result,
        );
        text
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let text = self.text();
        wat::parse_str(&text).unwrap_or_else(|e| panic!("{e}\n{text}"))
    }
}

/// What the core function of a scorer takes, which fits into sixteen values.
const SCORER: &str = "(param $journey i32) (param $journey_len i32) (param $version i32) (param $version_len i32)
    (param $hook i32) (param $hook_len i32) (param $execution i32) (param $execution_len i32) (param $step i64)
    (param $attempt i32) (param $now i64) (param $seed i64) (param $config i32) (param $config_len i32)
    (param $subject i32) (param $subject_len i32)";
