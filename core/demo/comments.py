"""What technicians of the demo write about an enhancement: by whether it helped, and by theme."""

from random import Random

GOOD = (
    "Had everything I needed before I opened the ticket.",
    "Saved me from asking the customer the same question again.",
    "The linked article was exactly the right one.",
    "Similar ticket from last month was linked, closed in {minutes} minutes.",
    "Found the known workaround at once.",
    "Very good summary, short and to the point.",
    "The device history is a big help.",
    "Quick, it was there when I opened the ticket.",
    "Faster than looking it up myself.",
    "Saved about {minutes} minutes.",
    "Good context on the last change to this server.",
    "Helpful for {topic} tickets, keep it.",
    "Steps were correct and complete.",
    "I forwarded the steps to the customer as they were.",
    "Finally the contract level is shown on top.",
    "Right customer, right device, right article.",
    "Nice to see which colleague solved it last time.",
    "The list of recent changes pointed to the cause.",
    "Formatting is much better than last month.",
    "Could not have known about the planned maintenance otherwise.",
    "Works well for {topic}.",
    "Relevant and up to date.",
    "Gut gemacht, alles Wichtige war dabei.",
    "Très utile, merci.",
    "Muy rápido y correcto.",
    "助かりました。",
    "👍",
    "ok",
)
MIXED = (
    "Useful, but it came after I had opened the ticket.",
    "Good article, but the steps are for the old version.",
    "Right topic, but too long for a phone screen.",
    "Helpful; the same link is listed three times though.",
    "Summary is fine, the attachments were not looked at.",
    "Good, but I would like to see the error text first.",
    "Half of it was relevant.",
    "It found the article but not the ticket from yesterday about the same thing.",
    "The table is hard to read in the ticket view.",
    "Fine for {topic}, less so for anything with several sites.",
)
BAD = (
    "Took over a minute, I had found it myself by then.",
    "Too slow today.",
    "Still loading when I closed the ticket.",
    "Nothing to do with the problem.",
    "Article is about another product.",
    "This is about a different customer!",
    "Wrong customer, the names are similar.",
    "Shows the devices of another site.",
    "Context is missing: which server is it about?",
    "No history although this customer calls every week.",
    "Did not see the attachment with the error.",
    "The contract information is missing.",
    "Same suggestion as for the last five tickets.",
    "The same article four times.",
    "Duplicate of what the customer already wrote.",
    "One wall of text, no paragraphs.",
    "Line breaks are lost, the steps cannot be read.",
    "Links are not clickable in our ticket view.",
    "The steps are for an older version.",
    "Suggested a restart. The customer had restarted three times.",
    "Out of date, that server was replaced in spring.",
    "Confident and wrong.",
    "Not useful for {topic}.",
    "Zu langsam, und dann der falsche Artikel.",
    "Trop de texte.",
    "I had to read everything twice to find the one useful line.",
)
SLOW = (
    "Took over a minute, I had found it myself by then.",
    "Very slow since this morning.",
    "Something is wrong today, it takes ages.",
    "Third ticket in a row without an enhancement in time.",
    "Still loading when I closed the ticket.",
)
TOPICS = ("access", "network", "printer", "e-mail", "password", "VPN", "integration", "licence")


def comment(rng: Random, *, stars: int, slow: bool) -> str:
    """A comment that fits one to five stars; `slow` is a run that made people wait."""
    if slow and stars < 4 and rng.random() < 0.8:
        return rng.choice(SLOW)
    texts = BAD if stars <= 2 else MIXED if stars == 3 or rng.random() < 0.12 else GOOD
    topic, minutes = rng.choice(TOPICS), rng.randint(3, 25)
    return rng.choice(texts).format(topic=topic, minutes=minutes)
