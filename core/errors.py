"""The base of the errors whose message pages and commands show."""


class UserFacingError(Exception):
    """Something cannot be done.

    Attributes:
        message: translated, and whole: it says what is wrong and what to do.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class CodedError(UserFacingError):
    """The same with a name that programs may rely on.

    Attributes:
        code: such as ``"weights_missing"``; each class lists its own.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
