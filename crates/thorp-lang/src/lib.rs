//! Source text to JavaScript, source map and facts.
