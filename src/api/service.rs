//! What can be asked for, and where.

/// A service of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// A token for the other services.
    Token,
    /// The name of an account at another bank.
    Inquiry,
    /// A transfer to another bank.
    Transfer,
    /// How a transfer stands.
    Status,
}

impl Service {
    /// All of them: path, SNAP service code.
    const ALL: [(Self, &'static str, u8); 4] = [
        (Self::Token, "/v1.0/access-token/b2b", 73),
        (Self::Inquiry, "/v1.0/account-inquiry-external", 16),
        (Self::Transfer, "/v1.0/transfer-interbank", 18),
        (Self::Status, "/v1.0/transfer/status", 36),
    ];

    /// Every service.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ALL.iter().map(|(service, ..)| *service)
    }

    /// Where it is asked for, with POST.
    #[must_use]
    pub fn path(self) -> &'static str {
        self.row().1
    }

    /// Its number within a response code.
    #[must_use]
    pub fn code(self) -> u8 {
        self.row().2
    }

    /// The service of a path.
    #[must_use]
    pub fn at(path: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, at, _)| *at == path).map(|(service, ..)| *service)
    }

    fn row(self) -> (Self, &'static str, u8) {
        let [token, inquiry, transfer, status] = Self::ALL;
        match self {
            Self::Token => token,
            Self::Inquiry => inquiry,
            Self::Transfer => transfer,
            Self::Status => status,
        }
    }
}
