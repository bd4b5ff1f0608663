"""What is wrong with a study's database, link or file, in one sentence."""


class StudyError(Exception):
    """Something about studies cannot be done; ``message`` is a translated sentence that says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
