//! The rules of the town: who may do what, save, evaluate, record.
