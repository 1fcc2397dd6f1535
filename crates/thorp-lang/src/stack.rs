//! Stack traces of the sandbox in the user's own terms: their files, lines and columns.
//!
//! The text comes from a process that ran hostile code, so nothing in it is trusted: it is cut
//! to [`STACK_BYTES_MAX`] and [`STACK_FRAMES_MAX`], read once from left to right, and whatever
//! does not look like a frame stays as it is but for host paths.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use oxc_sourcemap::{SourceMap, Token};

use crate::compiled::Module;
use crate::helpers::is_helper;
use crate::limits::{STACK_BYTES_MAX, STACK_FRAMES_MAX};
use crate::position::{line_starts, scalar_column};

/// Rewrites the stack traces of one compiled program. Owns what it needs, so that it can be
/// kept with the program; maps are read when the first frame asks for them.
#[derive(Debug)]
pub struct StackMapper {
    modules: HashMap<String, Mapped>,
    root: Root,
    body: Option<Body>,
    guest: Option<String>,
}

/// An expression that runs as the body of a function.
#[derive(Debug)]
struct Body {
    url: String,
    header_lines: u32,
    mapped: Mapped,
}

impl StackMapper {
    /// For modules that were written as files below the folder with the URL `root`.
    pub fn modules(modules: &[Module], root: &str) -> Self {
        let modules = modules
            .iter()
            .map(|module| (module.file.clone(), Mapped::new(module)));
        Self {
            modules: modules.collect(),
            root: Root::new(root),
            body: None,
            guest: None,
        }
    }

    /// Adds a script that was bundled of several files: `file` is what it is called below the root, `map` leads to its
    /// sources. Those in a folder that is called `v` are shown as `@` and their path in it.
    #[must_use]
    pub fn with_bundle(mut self, file: &str, map: Option<String>) -> Self {
        let mapped = Mapped {
            path: file.to_owned(),
            json: map,
            is_bundle: true,
            map: OnceLock::new(),
        };
        self.modules.insert(file.to_owned(), mapped);
        self
    }

    /// The user's `path:line:column` of a place in a file below the root, if it is one of the program's.
    pub fn place(&self, file: &str, line: u32, column: u32) -> Option<String> {
        let mapped = self.modules.get(file)?;
        Some(mapped.place(line, column))
    }

    /// For [`crate::Form::Body`]: `url` is what the `//# sourceURL=` of its only module says,
    /// and `header_lines` what stands before the code (V8 puts `async function anonymous(` and
    /// `) {` before the body of an `AsyncFunction`).
    pub fn body(modules: &[Module], url: &str, header_lines: u32) -> Self {
        let body = modules.first().map(|module| Body {
            url: url.to_owned(),
            header_lines,
            mapped: Mapped::new(module),
        });
        Self {
            modules: HashMap::new(),
            root: Root::new(""),
            body,
            guest: None,
        }
    }

    /// Frames whose place begins with `prefix` are left out; they are not the user's.
    #[must_use]
    pub fn without_guest(mut self, prefix: &str) -> Self {
        self.guest = (!prefix.is_empty()).then(|| prefix.to_owned());
        self
    }

    /// Rewrites `stack`: frames point at the user's text, the folder's path is taken out of
    /// messages. Columns count Unicode scalar values.
    pub fn map(&self, stack: &str) -> String {
        let mut mapped: Vec<Cow<'_, str>> = Vec::new();
        let mut frames = 0;
        for line in cut(stack).lines() {
            match Frame::parse(line) {
                None => mapped.push(self.message(line)),
                Some(_) if frames >= STACK_FRAMES_MAX => {}
                Some(frame) => {
                    frames += 1;
                    mapped.extend(self.frame(frame, line));
                }
            }
        }
        mapped.join("\n")
    }

    fn frame<'l>(&self, frame: Frame<'l>, line: &'l str) -> Option<Cow<'l, str>> {
        if let Some(body) = &self.body
            && frame.file == body.url
        {
            // Before the body stands only the header, which is not the user's.
            let line = frame.line.checked_sub(body.header_lines)?;
            let name = frame.name.filter(|name| *name != "eval");
            return Some(
                frame
                    .print(name, &body.mapped.place(line, frame.column))
                    .into(),
            );
        }
        let own = self.root.strip(frame.file);
        let known = own.is_some_and(|file| self.modules.contains_key(file));
        if !known && self.is_guest(frame.file) {
            return None;
        }
        if let Some(file) = own {
            return self.own_frame(&frame, file).map(Cow::Owned);
        }
        Some(match dependency(frame.file) {
            Some(file) => {
                let place = format!("{file}:{}:{}", frame.line, frame.column);
                frame.print(frame.name, &place).into()
            }
            None => self.message(line),
        })
    }

    fn is_guest(&self, file: &str) -> bool {
        let guest = self.guest.as_deref();
        guest.is_some_and(|guest| file.starts_with(guest))
    }

    /// A frame in the folder of the modules; `None` for the compiler's own helpers.
    fn own_frame(&self, frame: &Frame<'_>, file: &str) -> Option<String> {
        if is_helper(file) {
            return None;
        }
        let place = match self.modules.get(file) {
            Some(mapped) => mapped.place(frame.line, frame.column),
            None => {
                let file = dependency(file).unwrap_or_else(|| file.to_owned());
                format!("{file}:{}:{}", frame.line, frame.column)
            }
        };
        Some(frame.print(frame.name, &place))
    }

    /// A line without the folder's path in it, and with compiled names as the user's.
    fn message<'l>(&self, line: &'l str) -> Cow<'l, str> {
        let mut rest = line;
        let mut out = String::new();
        while let Some((before, after)) = self.root.split(rest) {
            out.push_str(before);
            let end = after
                .find(|c: char| !(c.is_ascii_alphanumeric() || "._-@+$[]()/".contains(c)))
                .unwrap_or(after.len());
            let (file, behind) = after.split_at(end);
            let path = self.modules.get(file).map_or(file, |mapped| &mapped.path);
            out.push_str(path);
            rest = behind;
        }
        match out.is_empty() && rest.len() == line.len() {
            true => Cow::Borrowed(line),
            false => Cow::Owned(out + rest),
        }
    }
}

/// The first lines, as many as fit; of a single long line, as much as fits.
fn cut(stack: &str) -> &str {
    if stack.len() <= STACK_BYTES_MAX {
        return stack;
    }
    let cut = &stack[..stack.floor_char_boundary(STACK_BYTES_MAX)];
    cut.rfind('\n').map_or(cut, |end| &cut[..end])
}

/// Where the modules lie, as URL and as path.
#[derive(Debug)]
struct Root {
    url: String,
    path: String,
}

impl Root {
    fn new(root: &str) -> Self {
        let url = match root {
            "" => String::new(),
            root => format!("{}/", root.trim_end_matches('/')),
        };
        let path = url.strip_prefix("file://").unwrap_or(&url).to_owned();
        // `/` alone would match everything.
        match path.len() > 1 {
            true => Self { url, path },
            false => Self {
                url: String::new(),
                path: String::new(),
            },
        }
    }

    fn strip<'l>(&self, file: &'l str) -> Option<&'l str> {
        if self.url.is_empty() {
            return None;
        }
        file.strip_prefix(self.url.as_str())
    }

    /// What stands before and behind the first place that names the folder.
    fn split<'l>(&self, text: &'l str) -> Option<(&'l str, &'l str)> {
        if self.path.is_empty() {
            return None;
        }
        let at = text.find(&self.path)?;
        let before = &text[..at];
        let before = before.strip_suffix("file://").unwrap_or(before);
        Some((before, &text[at + self.path.len()..]))
    }
}

/// One line of the form `at name (file:line:column)` or `at file:line:column`.
#[derive(Debug, Clone, Copy)]
struct Frame<'l> {
    indent: &'l str,
    is_async: bool,
    name: Option<&'l str>,
    file: &'l str,
    line: u32,
    column: u32,
}

impl<'l> Frame<'l> {
    fn parse(text: &'l str) -> Option<Self> {
        let at = text.trim_start();
        let indent = &text[..text.len() - at.len()];
        let rest = at.strip_prefix("at ").filter(|_| !indent.is_empty())?;
        let (is_async, rest) = match rest.strip_prefix("async ") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let (name, place) = match rest
            .strip_suffix(')')
            .and_then(|rest| rest.split_once(" ("))
        {
            Some((name, place)) => (Some(name), place),
            None => (None, rest),
        };
        let (place, column) = place.rsplit_once(':')?;
        let (file, line) = place.rsplit_once(':')?;
        Some(Self {
            indent,
            is_async,
            name,
            // How Deno writes code that has a `sourceURL` but no file.
            file: file.strip_suffix(", <anonymous>").unwrap_or(file),
            line: line.parse().ok()?,
            column: column.parse().ok()?,
        })
    }

    fn print(&self, name: Option<&str>, place: &str) -> String {
        let indent = self.indent;
        let mark = if self.is_async { "async " } else { "" };
        match name {
            Some(name) => format!("{indent}at {mark}{name} ({place})"),
            None => format!("{indent}at {mark}{place}"),
        }
    }
}

/// A module and, once a frame needs it, its map.
#[derive(Debug)]
struct Mapped {
    path: String,
    json: Option<String>,
    /// Whether its map names several files.
    is_bundle: bool,
    map: OnceLock<Option<Map>>,
}

impl Mapped {
    fn new(module: &Module) -> Self {
        Self {
            path: module.path.clone(),
            json: module.map.clone(),
            is_bundle: false,
            map: OnceLock::new(),
        }
    }

    /// The user's `path:line:column` of a place in the compiled code.
    fn place(&self, line: u32, column: u32) -> String {
        let map = self.map.get_or_init(|| Map::parse(self.json.as_deref()?));
        let found = map.as_ref().and_then(|map| map.find(line, column));
        let Some(Found {
            source,
            line,
            column,
        }) = found
        else {
            return format!("{}:{line}:{column}", self.path);
        };
        let source = source.filter(|_| self.is_bundle).and_then(bundled);
        let path = source.as_deref().unwrap_or(&self.path);
        format!("{path}:{line}:{column}")
    }
}

/// What a file of a bundle is called: `../v/bob/lib/main.tsx` is `@bob/lib/main.tsx`.
fn bundled(source: &str) -> Option<String> {
    const VALS: &str = "v/";
    if let Some(package) = dependency(source) {
        return Some(package);
    }
    let path = source
        .strip_prefix(VALS)
        .or_else(|| source.split_once("/v/").map(|(_, path)| path))?;
    Some(format!("@{path}"))
}

/// What a place in compiled code stands for.
struct Found<'m> {
    source: Option<&'m str>,
    line: u32,
    column: u32,
}

/// A source map, ready to be searched.
#[derive(Debug)]
struct Map {
    tokens: Vec<Token>,
    sources: Vec<String>,
    /// The text and where its lines begin, when columns need it.
    text: Option<(String, Vec<usize>)>,
}

impl Map {
    fn parse(json: &str) -> Option<Self> {
        let map = SourceMap::from_json_string(json).ok()?;
        let mut tokens: Vec<Token> = map.get_tokens().collect();
        tokens.sort_by_key(|token| (token.get_dst_line(), token.get_dst_col()));
        let sources: Vec<String> = map.get_sources().map(|source| source.to_string()).collect();
        // Columns of several texts are left as they are.
        let text = map
            .get_source_content(0)
            .filter(|_| sources.len() == 1)
            .map(str::to_owned);
        Some(Self {
            tokens,
            sources,
            text: text.map(|text| {
                let starts = line_starts(&text);
                (text, starts)
            }),
        })
    }

    /// All from 1. The nearest token at or before the place, on the same line if there is any.
    fn find(&self, line: u32, column: u32) -> Option<Found<'_>> {
        let wanted = (line.checked_sub(1)?, column.saturating_sub(1));
        let place = |token: &Token| (token.get_dst_line(), token.get_dst_col());
        let after = self.tokens.partition_point(|token| place(token) <= wanted);
        let same_line = |token: &&Token| token.get_dst_line() == wanted.0;
        let before = after
            .checked_sub(1)
            .and_then(|index| self.tokens.get(index));
        let token = before
            .filter(same_line)
            .or_else(|| self.tokens.get(after).filter(same_line))?;
        let (line, column) = (token.get_src_line(), token.get_src_col());
        let column = match &self.text {
            Some((text, starts)) => scalar_column(text, starts, line, column),
            None => column.saturating_add(1),
        };
        let source = token
            .get_source_id()
            .and_then(|id| self.sources.get(id as usize));
        Some(Found {
            source: source.map(String::as_str),
            line: line.saturating_add(1),
            column,
        })
    }
}

/// `…/node_modules/.deno/zod@4.1.0/node_modules/zod/index.js` to `npm:zod@4.1.0/index.js`.
fn dependency(file: &str) -> Option<String> {
    const FOLDER: &str = "node_modules/";
    const STORE: &str = "node_modules/.deno/";
    if let Some(at) = file.rfind(STORE) {
        let (folder, inside) = file[at + STORE.len()..].split_once('/')?;
        let folder = folder.replace('+', "/");
        let version = folder.rfind('@').filter(|at| *at > 0)?;
        let (name, version) = folder.split_at(version);
        // A package that is there twice, for the sake of peers, has a number behind it.
        let version = version.split('_').next().unwrap_or(version);
        let inside = inside.strip_prefix(FOLDER)?;
        let path = inside.strip_prefix(name).unwrap_or(inside);
        return Some(format!(
            "npm:{name}{version}/{}",
            path.trim_start_matches('/')
        ));
    }
    let at = file.rfind(FOLDER)?;
    Some(format!("npm:{}", &file[at + FOLDER.len()..]))
}
