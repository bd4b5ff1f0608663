"""What is wrong with a study's database, link or file, in one sentence."""

from core.errors import UserFacingError


class StudyError(UserFacingError):
    """Something about studies cannot be done; ``message`` is a translated sentence that says what to do."""
