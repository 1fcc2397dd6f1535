//! How long compiling takes, in microseconds: `cargo run --release --example measure`.

use std::io::{self, Write};
use std::time::Instant;

use thorp_lang::{Source, compile};

const ROUNDS: usize = 5_000;

/// A val of about 40 lines: types, JSX, two packages, a handler.
const HANDLER: &str = include_str!("handler.tsx");

fn main() -> io::Result<()> {
    let out = &mut io::stdout().lock();
    measure(out, "1 + 1", &Source::expression("1 + 1"))?;
    let fetching = "await fetch('https://example.com').then((r: Response) => r.json()) // once";
    measure(out, "fetch", &Source::expression(fetching))?;
    measure(
        out,
        "import()",
        &Source::expression("(await import('npm:zod@4')).z"),
    )?;
    measure(out, "statements", &Source::expression("let x = 1; x"))?;
    measure(
        out,
        "hello val",
        &Source::val("export default () => 'hello'"),
    )?;
    measure(out, "40 lines", &Source::val(HANDLER))?;
    let (standard, classic) = references(12);
    measure(out, "4 kB", &Source::val(standard))?;
    measure(out, "12 @", &Source::val(classic.clone()).by("alice"))?;
    // A text with a class may have decorators, and is read once for each reference.
    let stepwise = format!("class A {{}}\n{classic}");
    measure(out, "12 @, class", &Source::val(stepwise).by("alice"))?;
    measure(out, "4000 lines", &Source::val(many(100)))
}

/// A program of 4 kB, plain and with so many references.
fn references(count: usize) -> (String, String) {
    let line = |n: usize, what: &str| {
        format!(
            "  const value{n} = await combine({what}, {{ key: \"text {n}\", list: [1, 2, 3] }}); // and why it is so\n"
        )
    };
    let lines = |what: &dyn Fn(usize) -> String| -> String {
        let lines: String = (0..count * 3).map(|n| line(n, &what(n))).collect();
        format!("export default async (n: number) => {{\n{lines}}}\n")
    };
    let standard = lines(&|n| format!("value.of{n}"));
    let classic = lines(&|n| match n % 3 {
        0 => format!("@alice.v{n}"),
        _ => format!("value.of{n}"),
    });
    (standard, classic)
}

/// The handler's functions many times over, each round in a block of its own.
fn many(times: usize) -> String {
    let body = HANDLER.replace("export ", "").replace("default ", "");
    let (imports, body) = body.split_at(body.find("type ").unwrap_or(0));
    let blocks: String = (0..times).map(|_| format!("{{\n{body}\n}}\n")).collect();
    format!("{imports}{blocks}export default 1")
}

fn measure(out: &mut impl Write, name: &str, source: &Source) -> io::Result<()> {
    let rounds = match source.files[0].text.len() {
        0..10_000 => ROUNDS,
        _ => ROUNDS / 100,
    };
    let mut micros: Vec<f64> = (0..rounds).map(|_| once(source)).collect();
    micros.sort_by(f64::total_cmp);
    let at = |part: usize| micros[(micros.len() - 1) * part / 100];
    let (p50, p99) = (at(50), at(99));
    let bytes = source.files[0].text.len();
    writeln!(
        out,
        "{name:12} {bytes:8} bytes  p50 {p50:9.1}  p99 {p99:9.1}"
    )
}

fn once(source: &Source) -> f64 {
    let start = Instant::now();
    let compiled = compile(source);
    let micros = start.elapsed().as_secs_f64() * 1e6;
    std::hint::black_box(compiled);
    micros
}
