//! The one thread that writes, with group commit: all writes that wait are run in one transaction, each in a savepoint of its
//! own, and are acknowledged after its `COMMIT`. An idle writer sleeps; nothing polls.

use crate::StoreError;
use crate::limits::{WRITE_BATCH_OPERATIONS_MAX, WRITE_QUEUE_OPERATIONS_MAX};
use crate::retention::{self, RunTotals};
use crate::sql::Db;
use rusqlite::Connection;
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};

/// What a write sees: the connection inside its savepoint, and the change of the run totals that this transaction makes.
pub(crate) struct WriteTx<'a> {
    pub(crate) db: Db<'a>,
    /// Added to the totals' row once a transaction; a write that reads the totals has to add it.
    pub(crate) run_change: RunTotals,
}

/// A write that waits: a closure and the way to its caller.
trait Operation: Send {
    /// Runs it; says whether to keep what it did.
    fn run(&mut self, tx: &mut WriteTx<'_>) -> bool;
    /// Tells the caller, once the fate of the transaction is known. A caller that is gone is no matter.
    fn acknowledge(self: Box<Self>, transaction: &Result<(), String>);
}

struct Pending<T, F> {
    work: Option<F>,
    result: Option<Result<T, StoreError>>,
    /// Counted before its caller is told.
    changes: Option<Arc<AtomicU64>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Operation for Pending<T, F>
where
    T: Send,
    F: FnOnce(&mut WriteTx<'_>) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, tx: &mut WriteTx<'_>) -> bool {
        self.result = self.work.take().map(|work| work(tx));
        matches!(self.result, Some(Ok(_)))
    }

    fn acknowledge(self: Box<Self>, transaction: &Result<(), String>) {
        if let Some(changes) = &self.changes {
            changes.fetch_add(1, Ordering::Release);
        }
        let result = match transaction {
            Ok(()) => self.result.unwrap_or(Err(StoreError::Closed)),
            Err(reason) => Err(StoreError::NotCommitted {
                reason: reason.clone(),
            }),
        };
        let _ = self.reply.send(result);
    }
}

enum Message {
    Write(Box<dyn Operation>),
    Close(oneshot::Sender<Result<(), StoreError>>),
}

/// The way to the writer thread.
pub(crate) struct Writer {
    changes: Arc<AtomicU64>,
    sender: Option<mpsc::Sender<Message>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread. It keeps the folder's lock until it has let go of the file.
    pub(crate) fn start(connection: Connection, lock: File) -> Result<Self, StoreError> {
        let (sender, receiver) = mpsc::channel(WRITE_QUEUE_OPERATIONS_MAX);
        let work = move || run(connection, lock, receiver);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(work)
            .map_err(StoreError::Thread)?;
        Ok(Self {
            changes: Arc::default(),
            sender: Some(sender),
            thread: Some(thread),
        })
    }

    /// Runs a write and answers after its commit. Once queued it takes place even if the caller stops waiting.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut WriteTx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.write_counted(work, Some(Arc::clone(&self.changes)))
            .await
    }

    /// The same for what changes nothing but the runs.
    pub(crate) async fn write_apart<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut WriteTx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.write_counted(work, None).await
    }

    /// How many writes there were that may have changed more than the runs.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    async fn write_counted<T, F>(
        &self,
        work: F,
        changes: Option<Arc<AtomicU64>>,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut WriteTx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let pending = Pending {
            work: Some(work),
            result: None,
            changes,
            reply,
        };
        self.send(Message::Write(Box::new(pending))).await?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Ends the thread after the writes that are queued; does nothing the second time.
    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        match self.send(Message::Close(reply)).await {
            Ok(()) => answer.await.unwrap_or(Ok(())),
            Err(_) => Ok(()),
        }
    }

    async fn send(&self, message: Message) -> Result<(), StoreError> {
        let sender = self.sender.as_ref().ok_or(StoreError::Closed)?;
        sender.send(message).await.map_err(|_| StoreError::Closed)
    }
}

impl Drop for Writer {
    /// Waits for the thread, so that the folder is free afterwards.
    fn drop(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(connection: Connection, lock: File, mut receiver: mpsc::Receiver<Message>) {
    let mut messages = Vec::with_capacity(WRITE_BATCH_OPERATIONS_MAX);
    let mut closer = None;
    while receiver.blocking_recv_many(&mut messages, WRITE_BATCH_OPERATIONS_MAX) > 0 {
        let mut batch = Vec::with_capacity(messages.len());
        for message in messages.drain(..) {
            match message {
                Message::Write(operation) => batch.push(operation),
                Message::Close(reply) => closer = Some(reply),
            }
        }
        commit(&connection, batch);
        if closer.is_some() {
            receiver.close();
        }
    }
    // As the last connection it writes the log back into the file.
    let closed = connection.close().map_err(|(_, error)| error.into());
    drop(lock);
    if let Some(reply) = closer {
        let _ = reply.send(closed);
    }
}

fn commit(connection: &Connection, mut batch: Vec<Box<dyn Operation>>) {
    if batch.is_empty() {
        return;
    }
    let transaction = transact(connection, &mut batch).map_err(|error| {
        if !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        error.to_string()
    });
    batch
        .into_iter()
        .for_each(|operation| operation.acknowledge(&transaction));
}

fn transact(connection: &Connection, batch: &mut [Box<dyn Operation>]) -> Result<(), StoreError> {
    let db = Db(connection);
    db.execute("BEGIN IMMEDIATE", [])?;
    let mut tx = WriteTx {
        db,
        run_change: RunTotals::default(),
    };
    for operation in batch {
        run_in_savepoint(operation.as_mut(), &mut tx)?;
    }
    retention::add_to_totals(db, tx.run_change)?;
    db.execute("COMMIT", [])?;
    Ok(())
}

fn run_in_savepoint(operation: &mut dyn Operation, tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
    let change_before = tx.run_change;
    tx.db.execute("SAVEPOINT write_operation", [])?;
    if !operation.run(tx) {
        tx.run_change = change_before;
        // Fails if SQLite has rolled everything back on its own (disk full, out of memory): then nothing may be acknowledged.
        tx.db.execute("ROLLBACK TO write_operation", [])?;
    }
    tx.db.execute("RELEASE write_operation", [])?;
    Ok(())
}
