"""The signs: small pictures with one meaning each, the same in list, card, alert and filter."""

from bot.domain.calls import Direction, Status

STATUS = {
    Status.ANSWERED: "✅",
    Status.UNREACHABLE: "📵",
    Status.REJECTED_BY_SUBSCRIBER: "🚫",
    Status.NO_ANSWER: "🔕",
    Status.CANCELLED_BY_OPERATOR: "🔚",
    Status.MISSED: "🔴",
    Status.MISSED_CALLED_BACK: "🟢",
    Status.UNKNOWN_ERROR: "❓",
    Status.NETWORK_ERROR: "⚡",
    Status.RINGING: "🔔",
    Status.CONNECTING_OPERATOR: "⏳",
    Status.NO_CHANNELS: "🚧",
    Status.MISSED_OFFLINE: "💤",
}

DIRECTION = {Direction.IN: "↙️", Direction.OUT: "↗️", Direction.INTERNAL: "🔁"}

HUNG_UP = "◦"
NEW_CLIENT = "🆕"
COMMENTED = "💬"
NOT_COMMENTED = "🗨"
RECORDED = "🎧"
