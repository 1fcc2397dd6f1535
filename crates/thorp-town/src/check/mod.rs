//! Looking at programs without running them: which calls of other people's functions would be denied something, and what a val
//! gives away that everyone may call. It tells nothing of a val that whoever asks may not read.

mod instead;
mod reach;

use std::collections::BTreeSet;

use thorp_lang::Source;
use thorp_store::{Endpoint, NamedValue, Privacy, Val};
use uuid::Uuid;

use crate::error::{ErrorCode, TownError};
use crate::evaluate::author;
use crate::foreign::Pins;
use crate::limits::GRAPH_VALS_MAX;
use crate::save::source_of;
use crate::town::Town;
use crate::vals::FileText;
use crate::view::{Caller, DependencyView, DiagnosticView, Scope};
use instead::instead;
use reach::{Graph, Name, Node, Place, Reason, Text, View, reasons};

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The vals that were looked at: the checked one, and those of its author that it names.
    pub vals: Vec<String>,
    /// What would be denied.
    pub findings: Vec<FindingView>,
}

/// A call of somebody else's function that would be denied something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingView {
    /// The val in which it stands (`@alice/report`); `None` for a text that is not saved.
    pub val: Option<String>,
    /// The file.
    pub file: String,
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
    /// The function that is called: `@bob/gpt3`.
    pub target: String,
    /// Its version.
    pub version: i64,
    /// What it asks for.
    pub reasons: Vec<ReasonView>,
    /// The call to write instead.
    pub instead: String,
    /// Why that cannot be called, and what else can be done.
    pub hint: Option<String>,
}

/// What a function asks for that it would not get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReasonView {
    /// `secret`, `private`, `write` or `computed`.
    pub kind: String,
    /// In words, as the end of a sentence.
    pub message: String,
    /// The vals that lead there, the called function first.
    pub chain: Vec<StepView>,
}

/// A val on the way to what is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepView {
    /// `@bob/helper`
    pub val: String,
    /// Its version.
    pub version: Option<i64>,
    /// Where it names the next one, or what is asked for; a secret's place is not known.
    pub file: Option<String>,
    /// The line there.
    pub line: Option<u32>,
}

/// An own program whose calls are looked at.
struct Own {
    label: Option<String>,
    text: Text,
}

impl Town {
    /// Finds the calls in a val of the caller's, and in those of theirs that it names, which would be denied something.
    ///
    /// # Errors
    /// `NOT_FOUND`, `FORBIDDEN` for other people's vals, `TOO_LARGE` if it names too many vals.
    pub async fn check_val(&self, caller: &Caller, id: Uuid) -> Result<Checked, TownError> {
        let user = caller.user(Scope::Read)?;
        let val = self.readable(caller, id).await?;
        if val.owner_id != user.id {
            return Err(TownError::refused(
                ErrorCode::Forbidden,
                "only its owner can have a val checked",
            ));
        }
        let found = self.store().version(val.id, val.live_version).await?;
        let found = found.ok_or_else(|| TownError::not_found("the val has no version"))?;
        let own = Own {
            label: Some(label(&val)),
            text: text_of(&found.version),
        };
        let files = found.files.into_iter().map(FileText::from).collect();
        self.check(&val.owner_name, own, files).await
    }

    /// The same for a text that is not saved.
    ///
    /// # Errors
    /// `UNAUTHORIZED`, `BAD_REQUEST` for bad files, [`TownError::Diagnosed`] if it does not compile.
    pub async fn check_text(
        &self,
        caller: &Caller,
        entry: Option<String>,
        files: Vec<FileText>,
    ) -> Result<Checked, TownError> {
        let user = author(caller.user(Scope::Read)?);
        let source: Source = source_of(entry, files.clone())?.by(&user.name);
        let compiled = self.0.compiler.compile(&source).await?;
        let found: Vec<DiagnosticView> = compiled.diagnostics.into_iter().map(Into::into).collect();
        crate::evaluate::refuse_errors(&found, ErrorCode::DoesNotCompile)?;
        let own = Own {
            label: None,
            text: Text {
                facts: compiled.facts,
                ..Text::default()
            },
        };
        self.check(&user.name, own, files).await
    }

    async fn check(
        &self,
        owner: &str,
        entry: Own,
        files: Vec<FileText>,
    ) -> Result<Checked, TownError> {
        let owner = owner.to_ascii_lowercase();
        let graph = self.graph(&entry.text).await?;
        let programs = own_programs(&graph, &owner, entry);
        let mut findings = Vec::new();
        for (at, program) in programs.iter().enumerate() {
            let text = |file: &str| {
                let files = if at == 0 { &*files } else { &[] };
                files.iter().find(|one| one.path == file)
            };
            for place in Place::all(&program.text) {
                let text = text(&place.file).map(|file| &*file.text);
                findings.extend(finding(&graph, &owner, program, &place, text));
            }
        }
        let vals = programs.into_iter().filter_map(|own| own.label).collect();
        Ok(Checked { vals, findings })
    }

    /// What everyone may do as the val's author by calling it, as a warning; `None` if that is nothing.
    pub(crate) async fn public_endpoint(
        &self,
        val: &Val,
        version: &thorp_store::Version,
    ) -> Result<Option<DiagnosticView>, TownError> {
        if val.endpoint != Endpoint::Public || version.value.is_some() || !version.runnable {
            return Ok(None);
        }
        let text = text_of(version);
        let user = val.owner_name.to_ascii_lowercase();
        let graph = self.graph(&text).await?;
        let view = View::Own(&user);
        let found = reasons(&graph, &label(val), Some(version.version), &text, view);
        Ok((!found.is_empty()).then(|| exposed(val, version, &found, view)))
    }

    /// All vals that a program names, and so on, each as it is now.
    async fn graph(&self, text: &Text) -> Result<Graph, TownError> {
        let mut graph = Graph::new();
        let mut seen = BTreeSet::new();
        let mut waiting = names(text);
        while !waiting.is_empty() {
            seen.extend(waiting.iter().cloned());
            if seen.len() > GRAPH_VALS_MAX {
                let message = format!("a program names at most {GRAPH_VALS_MAX} vals");
                return Err(TownError::refused(ErrorCode::TooLarge, message));
            }
            let pairs = waiting.iter();
            let pairs = pairs
                .map(|name| (name.user.clone(), name.val.clone()))
                .collect();
            let found = self.store().values(pairs).await?;
            let mut next = BTreeSet::new();
            for (name, found) in waiting.into_iter().zip(found) {
                let Some(node) = self.node(&name, found).await? else {
                    continue;
                };
                next.extend(node.text.as_ref().map(names).unwrap_or_default());
                graph.insert(name, node);
            }
            waiting = &next - &seen;
        }
        Ok(graph)
    }

    async fn node(
        &self,
        name: &Name,
        found: Option<NamedValue>,
    ) -> Result<Option<Node>, TownError> {
        let Some(NamedValue { val, version }) = found else {
            return Ok(None);
        };
        let version = match name.version {
            Some(pinned) if pinned != version.version => {
                match self.store().version(val.id, pinned).await? {
                    Some(found) => found.version,
                    None => return Ok(None),
                }
            }
            _ => version,
        };
        Ok(Some(Node {
            label: label(&val),
            version: version.version,
            is_private: val.privacy == Privacy::Private,
            is_open: val.endpoint == Endpoint::Public,
            text: version.value.is_none().then(|| text_of(&version)),
        }))
    }
}

fn label(val: &Val) -> String {
    format!("@{}/{}", val.owner_name, val.name)
}

/// What runs have set has no facts, and old versions may have others.
fn text_of(version: &thorp_store::Version) -> Text {
    let lock: Vec<DependencyView> = serde_json::from_str(&version.lock).unwrap_or_default();
    Text {
        facts: serde_json::from_str(&version.facts).unwrap_or_default(),
        pins: Pins::of(&lock).versions(),
    }
}

fn names(text: &Text) -> BTreeSet<Name> {
    Place::all(text)
        .into_iter()
        .map(|place| place.name)
        .collect()
}

/// The program and those of the same user that it names, and so on.
fn own_programs(graph: &Graph, owner: &str, entry: Own) -> Vec<Own> {
    let mut seen = BTreeSet::from([entry.label.clone()]);
    let mut programs = vec![entry];
    let mut next = 0;
    while let Some(program) = programs.get(next) {
        next += 1;
        for name in names(&program.text) {
            let node = graph.get(&name).filter(|_| name.user == owner);
            let Some((node, text)) = node.and_then(|node| Some((node, node.text.as_ref()?))) else {
                continue;
            };
            let label = Some(node.label.clone());
            if seen.insert(label.clone()) {
                let text = text.clone();
                programs.push(Own { label, text });
            }
        }
    }
    programs
}

fn finding(
    graph: &Graph,
    owner: &str,
    program: &Own,
    place: &Place,
    text: Option<&str>,
) -> Option<FindingView> {
    let is_foreign = place.name.user != owner;
    let node = graph
        .get(&place.name)
        .filter(|node| is_foreign && !node.is_private)?;
    let code = node.text.as_ref()?;
    let found = reasons(graph, &node.label, Some(node.version), code, View::Foreign);
    if found.is_empty() {
        return None;
    }
    Some(FindingView {
        val: program.label.clone(),
        file: place.file.clone(),
        line: place.line,
        column: place.column,
        target: node.label.clone(),
        version: node.version,
        reasons: found.iter().map(reason).collect(),
        instead: instead(place, text),
        hint: (!node.is_open).then(|| {
            let owner = &place.name.user;
            format!(
                "only its owner may call `{}`: ask @{owner} to make its endpoint public, or copy it into a val of yours",
                node.label
            )
        }),
    })
}

fn reason(found: &Reason) -> ReasonView {
    ReasonView {
        kind: found.want.kind().to_owned(),
        message: found.want.told(View::Foreign),
        chain: found
            .chain
            .iter()
            .map(|step| StepView {
                val: step.label.clone(),
                version: step.version,
                file: step.at.as_ref().map(|(file, _)| file.clone()),
                line: step.at.as_ref().map(|(_, line)| *line),
            })
            .collect(),
    }
}

/// Things that a warning lists.
const EXPOSED_SHOWN_MAX: usize = 5;

fn exposed(
    val: &Val,
    version: &thorp_store::Version,
    found: &[Reason],
    view: View<'_>,
) -> DiagnosticView {
    let told = found.iter().take(EXPOSED_SHOWN_MAX).map(|reason| {
        let through = reason.chain.last().filter(|_| reason.chain.len() > 1);
        let through = through.map(|step| format!(" (in `{}`)", step.label));
        format!("{}{}", reason.want.told(view), through.unwrap_or_default())
    });
    let mut told: Vec<String> = told.collect();
    if found.len() > EXPOSED_SHOWN_MAX {
        told.push(format!("{} more", found.len() - EXPOSED_SHOWN_MAX));
    }
    let first = found.first().and_then(|reason| reason.chain.first());
    let (file, line) = first
        .and_then(|step| step.at.clone())
        .unwrap_or_else(|| (version.entry.clone(), 1));
    DiagnosticView {
        severity: "warning".to_owned(),
        code: "PUBLIC_ENDPOINT".to_owned(),
        message: format!(
            "everyone may call `{}`, and it runs as you: it {}",
            label(val),
            told.join(", ")
        ),
        hint: Some(format!(
            "if that is not meant, set its endpoint to private: `thorp vals set {} --endpoint private`",
            val.name
        )),
        file,
        line,
        column: 1,
        end_line: line,
        end_column: 1,
    }
}
