"""Whether a call was a talk: whether somebody answered. The one rule of it.

- `answered`: always. That is what it says, whoever it was and however short.
- `ringing`, `connecting_operator`: never. Nobody has answered yet.
- `network_error`: if it says that somebody answered, by `answered_at` or seconds of talk.
- `unknown_error`, and an end nobody told of: if it says so and names the employee (`extension`).
- Any other: if it names the employee and the seconds of talk. Only those outweigh its status.

The employee has to be named because an IVR, a queue or voicemail answers too. Seconds of talk are
those from answer to end where both times are known, else those stated.
"""

from bot.domain.calls import Status


def has_talked(
    status: Status,
    *,
    extension: str | None,
    answered_at: int | None,
    ended_at: int | None,
    talk: int | None,
) -> bool:
    """Whether somebody answered; all but the status as sources state it, None if they do not."""
    if status is Status.ANSWERED:
        return True
    if status.is_live:
        return False
    has_answer = answered_at is not None or (talk or 0) > 0
    if status is Status.NETWORK_ERROR:
        return has_answer
    if extension is None:
        return False
    if answered_at is not None and ended_at is not None:
        return ended_at > answered_at
    return has_answer if status is Status.UNKNOWN_ERROR else (talk or 0) > 0
