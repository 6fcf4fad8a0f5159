"""Themes: what people write about, found by a model and decided by people."""

from core.feedback.themes.comments import SOURCES, Comment
from core.feedback.themes.edit import (
    LONGEST_NAME,
    add_rule,
    delete_theme,
    make_theme,
    merge_themes,
    move_comment,
    pin_theme,
    release_comment,
    rename_theme,
    restore_theme,
    theme_history,
    withdraw_rule,
)
from core.feedback.themes.figures import Given, Reach, ThemeFigures
from core.feedback.themes.model import LEAST_COMMENTS
from core.feedback.themes.placed import Theme
from core.feedback.themes.reads import STATUSES, ThemeFound, ThemesFound, themes_found
from core.feedback.themes.rules import Rule

__all__ = [
    "LEAST_COMMENTS",
    "LONGEST_NAME",
    "SOURCES",
    "STATUSES",
    "Comment",
    "Given",
    "Reach",
    "Rule",
    "Theme",
    "ThemeFigures",
    "ThemeFound",
    "ThemesFound",
    "add_rule",
    "delete_theme",
    "make_theme",
    "merge_themes",
    "move_comment",
    "pin_theme",
    "release_comment",
    "rename_theme",
    "restore_theme",
    "theme_history",
    "themes_found",
    "withdraw_rule",
]
