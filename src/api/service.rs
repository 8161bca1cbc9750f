//! The services of the API and their paths.

/// A service of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// Access token (B2B), for the other services.
    Token,
    /// External account inquiry: the name of an account at another bank.
    Inquiry,
    /// Interbank transfer.
    Transfer,
    /// Transaction status inquiry.
    Status,
}

impl Service {
    /// All services: path, SNAP service code.
    const ALL: [(Self, &'static str, u8); 4] = [
        (Self::Token, "/v1.0/access-token/b2b", 73),
        (Self::Inquiry, "/v1.0/account-inquiry-external", 16),
        (Self::Transfer, "/v1.0/transfer-interbank", 18),
        (Self::Status, "/v1.0/transfer/status", 36),
    ];

    /// Returns every service.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ALL.iter().map(|(service, ..)| *service)
    }

    /// Returns the path, for POST.
    #[must_use]
    pub fn path(self) -> &'static str {
        self.row().1
    }

    /// Returns the service code, which is part of every response code.
    #[must_use]
    pub fn code(self) -> u8 {
        self.row().2
    }

    /// Returns the service of a path.
    #[must_use]
    pub fn from_path(path: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == path).map(|(service, ..)| *service)
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
