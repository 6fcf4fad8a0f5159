"""What the demo's bug reports say: symptoms by severity, and the reasons that reject them."""

SYMPTOMS: dict[str, tuple[str, ...]] = {
    "critical": (
        "app closes by itself after the last step",
        "order is charged twice after going back",
        "another person's data is shown after switching accounts",
        "screen stays blank after the update",
        "saved data is gone after signing out",
        "payment is confirmed but no order is made",
    ),
    "high": (
        "button does nothing on the second attempt",
        "total is not updated after removing the last item",
        "confirmation is never sent",
        "upload stops at 99 % and cannot be cancelled",
        "session ends without a warning after five minutes",
        "changes are lost when the connection drops for a moment",
        "list stays empty until the page is reloaded",
        "code is refused although it is valid",
        "wrong currency after changing the country",
        "deep link opens the start page instead",
    ),
    "low": (
        "focus jumps to the top after closing the dialog",
        "filter is forgotten when going back",
        "spinner keeps turning after the result is there",
        "keyboard covers the field that is typed in",
        "sorting by date puts the oldest first",
        "date picker allows a day in the past",
        "error goes away before it can be read",
        "double tap opens the page twice",
        "back button has to be pressed twice",
        "search ignores the last character",
        "scroll position is lost after rotation",
        "page takes more than ten seconds on the first visit",
        "toggle shows the old state after reloading",
        "copied link has a blank at its end",
    ),
    "visual": (
        "text overlaps the icon in landscape",
        "button is cut off on small screens",
        "label is unreadable in dark mode",
        "image is stretched in the list",
        "columns are not aligned with their header",
        "badge covers the price",
        "spacing doubles after returning to the page",
        "dialog is wider than the screen",
    ),
    "content": (
        "label is not translated",
        "typo in the confirmation text",
        "help text describes an older version",
        "placeholder text is still shown",
        "unit is missing beside the amount",
        "two names for the same thing on one page",
    ),
    "custom": (
        "screen reader does not name the button",
        "checklist step cannot be completed as described",
        "event is missing in the recorded journey",
        "contrast is below the agreed minimum",
    ),
}

# Key, name, and the text that a rejection's comment starts from.
REASONS = (
    (
        "not_reproducible",
        "Not reproducible",
        "We followed your steps and could not reproduce the issue.",
    ),
    (
        "intended_behavior",
        "Intended behaviour",
        "The behaviour that you describe is intended.",
    ),
    ("out_of_scope", "Out of scope", "This part of the product is out of scope for this test."),
    ("already_known", "Already known", "This issue is already known to our team."),
    (
        "unclear",
        "Not enough information",
        "The report does not hold enough information to understand the issue.",
    ),
    ("device", "Unsupported device", "The device or version that you used is not supported."),
    ("duplicate", "Duplicate", "Another tester reported the same issue before you."),
    ("not_an_issue", "No issue", "We do not see an issue here."),
)
REASON_WEIGHTS = (26, 20, 10, 14, 9, 6, 10, 5)

# What people add to such a text, and what testers answer.
FOLLOW_UPS = (
    "",
    "",
    " Please see the instructions of this test.",
    " We tried it on three devices.",
    " Thank you all the same.",
    " It will be changed in a later release.",
)
REMARKS = (
    "I can still see it, please have another look.",
    "Thank you for the explanation.",
    "Added a second recording.",
    "Same on my other device.",
    "Understood.",
)
