//! What is kept of every evaluation, and who may see it: whose permissions it had.

use crate::answers::Ended;
use crate::error::{ErrorCode, TownError};
use crate::evaluate::Begin;
use crate::limits::{CHILDREN_SHOWN_MAX, EGRESS_KEPT_MAX, VALUE_VERSIONS_KEPT};
use crate::programs::Ready;
use crate::secrets::Masker;
use crate::town::Town;
use crate::vals::{from_json, to_json};
use crate::view::{
    AuthorView, Caller, DeniedView, EgressRequestView, EgressView, HttpView, LogView, Page,
    RunDetail, RunErrorView, RunQuery, RunVal, RunView, Scope, Slice, UsageView,
};
use std::borrow::Cow;
use std::collections::HashSet;
use thorp_runtime::gateway::{Egress, EgressRecord};
use thorp_runtime::{Denied, LogLine, Usage};
use thorp_store::{
    NewRun, Run, RunFilter, RunStatus, RunSummary, RunUsage, Trigger, UserRef, Val, ValueWrite,
};
use uuid::Uuid;

impl Town {
    /// Writes a run down, without the secrets that `masker` knows. Answers when it is committed.
    pub(crate) async fn record(
        &self,
        mut begin: Begin,
        mut ended: Ended,
        masker: Option<&Masker>,
    ) -> Result<(), TownError> {
        if let Some(masker) = masker {
            hide(masker, &mut begin, &mut ended);
        }
        self.store().insert_run(new_run(begin, ended)?).await?;
        Ok(())
    }

    /// Writes a run down, and what it wrote: both, or nothing.
    pub(crate) async fn record_with_writes(
        &self,
        begin: &Begin,
        ended: &Ended,
        writes: Vec<ValueWrite>,
        masker: Option<&Masker>,
    ) -> Result<(), TownError> {
        let (mut begin, mut ended) = (begin.clone(), ended.clone());
        if let Some(masker) = masker {
            hide(masker, &mut begin, &mut ended);
        }
        let new = new_run(begin, ended)?;
        let kept = VALUE_VERSIONS_KEPT;
        let recorded = self.store().insert_run_with_writes(new, writes, kept);
        Ok(recorded.await?)
    }

    /// The runs that had the caller's permissions, the newest first.
    ///
    /// # Errors
    /// `UNAUTHORIZED`, `FORBIDDEN`, `BAD_REQUEST` for a bad filter.
    pub async fn own_runs(
        &self,
        caller: &Caller,
        query: RunQuery,
        slice: Slice,
    ) -> Result<Page<RunView>, TownError> {
        let user = caller.user(Scope::Read)?;
        self.runs(
            RunFilter {
                run_as_id: Some(user.id),
                ..filter(&query)?
            },
            slice,
        )
        .await
    }

    /// The runs of a val of the caller's, the newest first.
    ///
    /// # Errors
    /// `NOT_FOUND`, `FORBIDDEN` for other people's vals, `BAD_REQUEST` for a bad filter.
    pub async fn val_runs(
        &self,
        caller: &Caller,
        val: Uuid,
        query: RunQuery,
        slice: Slice,
    ) -> Result<Page<RunView>, TownError> {
        let user = caller.user(Scope::Read)?;
        if self.readable(caller, val).await?.owner_id != user.id {
            return Err(TownError::refused(
                ErrorCode::Forbidden,
                "only its owner sees the runs of a val",
            ));
        }
        self.runs(
            RunFilter {
                val_id: Some(val),
                ..filter(&query)?
            },
            slice,
        )
        .await
    }

    async fn runs(&self, filter: RunFilter, slice: Slice) -> Result<Page<RunView>, TownError> {
        Ok(Page::from_store(
            self.store().list_runs(filter, slice.into()).await?,
            run_view,
        ))
    }

    /// A run with its inputs and outputs.
    ///
    /// # Errors
    /// `NOT_FOUND`, also for runs that had somebody else's permissions.
    pub async fn run_detail(&self, caller: &Caller, id: Uuid) -> Result<RunDetail, TownError> {
        let user = caller.user(Scope::Read)?;
        let found = self.store().run_by_id(id).await?;
        let may_see = |run: &Run| match &run.summary.run_as {
            Some(run_as) => run_as.id == user.id,
            None => caller.scopes.contains(&Scope::Operator),
        };
        let run = found
            .filter(may_see)
            .ok_or_else(|| TownError::not_found(format!("there is no run `{id}`")))?;
        let children = self.store().runs_called_by(id, CHILDREN_SHOWN_MAX).await?;
        Ok(RunDetail {
            children,
            ..run_detail(run)?
        })
    }

    pub(crate) async fn newest_run_of(&self, val: &Val) -> Result<Option<RunDetail>, TownError> {
        self.store()
            .newest_run_of_val(val.id)
            .await?
            .map(run_detail)
            .transpose()
    }
}

fn filter(query: &RunQuery) -> Result<RunFilter, TownError> {
    Ok(RunFilter {
        val_id: query.val,
        status: word("status", query.status.as_deref(), RunStatus::parse)?,
        trigger: word("trigger", query.trigger.as_deref(), Trigger::parse)?,
        since: query.since,
        until: query.until,
        denied: query.denied,
        ..RunFilter::default()
    })
}

fn word<T>(
    what: &str,
    word: Option<&str>,
    parse: fn(&str) -> Option<T>,
) -> Result<Option<T>, TownError> {
    let Some(word) = word else { return Ok(None) };
    let parsed = parse(word);
    if parsed.is_none() {
        return Err(TownError::refused(
            ErrorCode::BadRequest,
            format!("there is no {what} `{word}`"),
        ));
    }
    Ok(parsed)
}

/// Hides secrets in everything that is text and came from the program or its caller.
fn hide(masker: &Masker, begin: &mut Begin, ended: &mut Ended) {
    let text = |text: &mut String| {
        if let Cow::Owned(hidden) = masker.text(text) {
            *text = hidden;
        }
    };
    let json = |text: &mut String| {
        if let Cow::Owned(hidden) = masker.json(text) {
            *text = hidden;
        }
    };
    json(&mut begin.args);
    begin.code.iter_mut().for_each(text);
    begin.http.iter_mut().for_each(|http| text(&mut http.path));
    if let Ok(value) = &mut ended.outcome.result {
        json(&mut value.json);
    }
    if let Some((_, error)) = &mut ended.error {
        text(&mut error.message);
        let others = [
            &mut error.name,
            &mut error.hint,
            &mut error.stack,
            &mut error.path,
        ];
        others.into_iter().flatten().for_each(text);
    }
    ended
        .outcome
        .logs
        .iter_mut()
        .for_each(|line| text(&mut line.text));
    for denied in &mut ended.outcome.denied {
        text(&mut denied.asked);
    }
    for request in &mut ended.outcome.egress.requests {
        text(&mut request.host);
        text(&mut request.method);
    }
}

fn new_run(begin: Begin, ended: Ended) -> Result<NewRun, TownError> {
    let outcome = ended.outcome;
    let logs: Vec<LogView> = outcome.logs.into_iter().map(log_view).collect();
    let error = ended.error.map(|(_, view)| to_json(&view)).transpose()?;
    let denied = denied(outcome.denied, &begin.ready)?;
    let value = outcome.result.ok();
    Ok(NewRun {
        denied,
        id: ended.id,
        val_id: begin.val.map(|(id, _)| id),
        version: begin.val.map(|(_, version)| version),
        code: begin.code,
        caller_id: begin.caller,
        run_as_id: begin.run_as.map(|user| user.id),
        trigger: begin.trigger,
        status: if error.is_some() {
            RunStatus::Error
        } else {
            RunStatus::Ok
        },
        args: begin.args,
        result_undefined: value.as_ref().is_some_and(|value| value.undefined),
        result: value.map(|value| value.json),
        logs: to_json(&logs)?,
        logs_truncated: outcome.logs_truncated,
        egress: egress(outcome.egress)?,
        error,
        started_at: ended.started_at,
        ended_at: ended.ended_at,
        usage: run_usage(outcome.usage),
        parent_id: begin.at.parent,
        http: begin.http.as_ref().map(to_json).transpose()?,
    })
}

/// What foreign code was denied, with where in its author's text that was; nothing if it was nothing.
fn denied(denied: Vec<Denied>, ready: &Ready) -> Result<Option<String>, TownError> {
    let views = denied.into_iter().map(|denied| {
        let place = denied.line.zip(denied.column.or(Some(1)));
        let place = place.and_then(|(line, column)| ready.foreign_place(&denied.val, line, column));
        let (file, line) = place.unzip();
        let val = denied.val.split('+').next().unwrap_or_default().to_owned();
        let asked = denied.asked;
        DeniedView {
            val,
            asked,
            file,
            line,
        }
    });
    let mut views: Vec<DeniedView> = views.collect();
    // Two places in a script may be one in the text.
    let mut seen = HashSet::new();
    views.retain(|view| seen.insert(view.clone()));
    (!views.is_empty()).then(|| to_json(&views)).transpose()
}

/// What is kept of it; nothing if nothing was asked.
fn egress(mut egress: Egress) -> Result<Option<String>, TownError> {
    if egress.requests.is_empty() && egress.dropped == 0 {
        return Ok(None);
    }
    let beyond = egress.requests.len().saturating_sub(EGRESS_KEPT_MAX);
    egress.requests.truncate(EGRESS_KEPT_MAX);
    let view = EgressView {
        requests: egress.requests.into_iter().map(request_view).collect(),
        dropped: egress.dropped + beyond as u64,
        bytes_out: egress.bytes_out,
        bytes_in: egress.bytes_in,
    };
    to_json(&view).map(Some)
}

fn request_view(request: EgressRecord) -> EgressRequestView {
    EgressRequestView {
        method: request.method,
        scheme: request.scheme.to_owned(),
        host: request.host,
        port: request.port,
        status: request.status,
        refused: request.denial.map(|code| code.as_str().to_owned()),
        bytes_out: request.bytes_out,
        bytes_in: request.bytes_in,
        started_micros: request.started_micros,
        duration_micros: request.duration_micros,
    }
}

fn log_view(line: LogLine) -> LogView {
    LogView {
        at: line.at_micros,
        level: line.level.as_str().to_owned(),
        text: line.text,
    }
}

fn run_usage(usage: Usage) -> RunUsage {
    let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    RunUsage {
        queue_micros: signed(usage.queue_micros),
        start_micros: signed(usage.start_micros),
        run_micros: signed(usage.run_micros),
        cpu_micros: signed(usage.cpu_micros),
        memory_bytes: signed(usage.memory_bytes),
    }
}

fn run_detail(run: Run) -> Result<RunDetail, TownError> {
    Ok(RunDetail {
        result_undefined: run.summary.result_undefined,
        logs_truncated: run.summary.logs_truncated,
        run: run_view(run.summary),
        code: run.code,
        args: run.args,
        result: run.result,
        logs: from_json(&run.logs)?,
        children: Vec::new(),
        egress: run
            .egress
            .as_deref()
            .map_or_else(|| Ok(EgressView::default()), from_json)?,
        denied: run
            .denied
            .as_deref()
            .map_or_else(|| Ok(Vec::new()), from_json)?,
    })
}

fn run_view(run: RunSummary) -> RunView {
    RunView {
        id: run.id,
        parent: run.parent_id,
        val: run.val.map(|val| RunVal {
            id: val.id,
            author: author(val.owner),
            name: val.name,
            version: val.version.unwrap_or_default(),
        }),
        caller: run.caller.map(author),
        run_as: run.run_as.map(author),
        trigger: run.trigger.as_str().to_owned(),
        http: run
            .http
            .and_then(|http| serde_json::from_str::<HttpView>(&http).ok()),
        error: run
            .error
            .and_then(|error| serde_json::from_str::<RunErrorView>(&error).ok()),
        started_at: run.started_at,
        ended_at: run.ended_at,
        usage: UsageView {
            queue_micros: run.usage.queue_micros,
            start_micros: run.usage.start_micros,
            run_micros: run.usage.run_micros,
            cpu_micros: run.usage.cpu_micros,
            memory_bytes: run.usage.memory_bytes,
        },
    }
}

fn author(user: UserRef) -> AuthorView {
    AuthorView {
        id: user.id,
        name: user.name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_keeps_so_many_requests_and_counts_the_others() {
        let request = EgressRecord {
            method: "GET".to_owned(),
            scheme: "https",
            host: "example.com".to_owned(),
            port: 443,
            status: Some(200),
            denial: None,
            message: None,
            bytes_out: 1,
            bytes_in: 2,
            started_micros: 3,
            duration_micros: 4,
        };
        let asked = Egress {
            requests: vec![request; EGRESS_KEPT_MAX + 3],
            dropped: 2,
            bytes_in: 5,
            bytes_out: 6,
        };
        let kept: EgressView = from_json(&egress(asked).unwrap().unwrap()).unwrap();
        assert_eq!((kept.requests.len(), kept.dropped), (EGRESS_KEPT_MAX, 5));
    }
}
