//! The fixed words that columns hold, as enums. Their texts are the ones of the HTTP API.

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// The word as it is stored and shown.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The value of a word, if it is one of this kind.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| serde::de::Error::unknown_variant(&text, &[$($text),+]))
            }
        }
    };
}

words! {
    /// Who may see a val's code.
    Privacy {
        /// Listed; anyone may read the code.
        Public = "public",
        /// Anyone who knows the link may read the code.
        Unlisted = "unlisted",
        /// Only the owner may read the code.
        Private = "private",
    }
}

words! {
    /// Who may call a val's endpoints.
    Endpoint {
        /// Anyone.
        Public = "public",
        /// Only the owner.
        Private = "private",
        /// Nobody.
        Off = "off",
    }
}

words! {
    /// What the runs of a val share.
    Isolation {
        /// One may be given the sandbox of another, one after the other.
        Warm = "warm",
        /// Each has a sandbox of its own.
        Fresh = "fresh",
    }
}

words! {
    /// How an evaluation ended.
    RunStatus {
        /// With a result.
        Ok = "ok",
        /// With an error.
        Error = "error",
    }
}

words! {
    /// What started an evaluation.
    Trigger {
        /// An expression was sent.
        Eval = "eval",
        /// A val was called by name.
        Run = "run",
        /// Another run called a val.
        Api = "api",
        /// A request came to a val's own address.
        Http = "http",
        /// The town's own health check.
        Health = "health",
    }
}

words! {
    /// How far mail came.
    EmailState {
        /// It waits to be sent.
        Queued = "queued",
        /// The mail server has it.
        Sent = "sent",
        /// It was given up.
        Failed = "failed",
        /// The town delivered no mail then: it is in the outbox, and nowhere else.
        Kept = "kept",
    }
}
