# ruff: noqa: RUF001 - names are written as their people write them
"""The words of the demo data: invented people, products and features, bug reports, comments."""

from collections.abc import Iterator
from random import Random

# Given names, then family names, of one culture after another.
CULTURES = """
Ann Thomas Grace Oliver Hazel Martin Ruth Edward Nora Simon Alice Peter
Whitlow Marsh Barrow Pennick Ashdown Colley Hartwell Thorne Fairley Loxton Bramley Dunstan
Aoife Ciarán Niamh Seán Róisín Declan Orla Eoin Maeve Cormac Sinéad Fergal
O'Hanlon O'Shaugh MacGrath Devlin O'Tierney Keaveney Roarke Mulvey O'Dowd Farrelly Cusack Tiernan
José María Lucía Íñigo Sofía Andrés Begoña Martín Ximena Raúl Inés Álvaro
Muñoz Ibáñez Ordóñez Peñalver Céspedes Lozano Barragán Quiroga Saldaña Núñez Arriaga Echeverría
João Beatriz Tiago Inês Caetano Luísa Rui Conceição Davi Mariana Gonçalo Teresa
Falcão Brandão Sequeira Vasconcelos Lourenço Magalhães Pinhão Carvalhal Simões Teixeira Galvão
Chloé Étienne Aurélie Mathéo Zoé Benoît Océane Rémi Héloïse Gaël Noémie Thibault
D'Arbois Lefèvre Beaulieu Crémieux L'Hermite Garnier Vasseur Poirier Delaunay Mercier Chevallier
Jürgen Anneliese Götz Friederike Lorenz Käthe Matthias Heike Jörg Ulrike Konrad Sabine
Weißmüller Grünewald Köhlmann Steinbrück Hägele Brockhaus Löffler Rüdiger Tannert Schönfeld
Øystein Åsa Søren Ingrid Håkon Linnéa Jørgen Freja Tórbjörn Sigrún Mikkel Elín
Sjöström Bjørklund Ødegaard Hallström Nyborg Kvist Åkerlund Rasmund Strandvik Þórsdal Lindqvist
Łukasz Agnieszka Zbigniew Małgorzata Paweł Żaneta Radek Bożena Grażyna Mirosław Jagoda Stanisław
Wójtowicz Kędzior Dąbek Wróbel Sikora Mazur Gołąb Pająk Żurek Kubiś Stępień Świątek
Іван Олена Тарас Марія Остап Ганна
Шевчук Коваленко Бондар Мельник Гриценко Савчук
Bogdan Ludmila Anton Yelena Mihai Vera Radu Ilinca
Marchenko Petrenko Zorich Doroshenko Bratu Lungu Moraru Vlaicu
Νίκος Ελένη Αλέξανδρος Δήμητρα
Θεοδώρου Στεφάνου Παππά Αλεξίου
Elif Çağla Ömer Şebnem Görkem Tülay Barış İpek
Yılmazer Gökçe Öztürk Akıncı Demirtaş Koçer Uğurlu Şimşek
Amara Chinedu Ngozi Tunde Adaeze Kwame Abena Kofi Zanele Sipho Wanjiru Otieno
Okonjo Adeyinka Nwachukwu Balogun Mensah Boateng Dlamini Khumalo Kamau Achieng Eze Asante
Layla Omar Yasmin Karim Noor Tariq Salma Idris Huda Youssef Amal Rania
al-Rashidi Haddad Mansour El-Amin Ben-Othman Khoury Farouk Zidane Sabbagh Abadi Nasser Darwish
Priya Arjun Meera Rohan Ananya Vikram Kavita Sanjay Deepa Nikhil Leela Aditya
Venkataraman Kulkarni Chatterjee Iyer Malhotra Deshpande Banerjee Nair Rathore Joshi Bhatt Reddy
Thị-Mai Đức Linh Quang Hương Bảo Thảo Tuấn
Nguyễn Trần Phạm Đặng Võ Huỳnh Bùi Lý
Siti Budi Dewi Agus Ratna Hendra Wulan Bayu
Wijaya Santoso Hartono Pratama Kusuma Setiawan Lestari Nugroho
Mele Sione Hinemoa Tama Leilani Kainoa Aroha Wiremu
Tu'ipulotu Fa'alogo Ngata Kealoha Tamihana Vaea Kahale Rangihuna
"""
# Written together or with the family name first.
FAMILY_FIRST = (
    ("美咲 翔太 結衣 健 陽菜 直樹 さくら 悠斗", "田中 佐々木 小野寺 藤原 松本 渡辺 大西 河合", " "),
    ("伟 秀英 娜 磊 静 洋 艳 杰", "欧阳 陈 刘 黄 林 周 徐 孙", ""),
    ("민준 서연 지호 하은 도윤 수아 예준 지민", "김 이 박 최 정 강 조 윤", ""),
)
# One name for a customer user and a tester: two people.
SHARED_NAME = "Ruth Marsh"

PRODUCTS = (
    # name, type, families of platforms
    ("Larkspur Shop", "website", "desktop mobile"),
    ("Larkspur App", "mobile_app", "mobile"),
    ("Harborview Console", "website", "desktop"),
    ("Tidepool Pay", "mobile_app", "mobile"),
    ("Fennel Kiosk", "streaming_app", "tv mobile"),
    ("Brightwater Portal", "website", "desktop mobile"),
    ("Quillhouse Reader", "mobile_app", "mobile"),
    ("Moorland Field", "mobile_app", "mobile"),
    ("Cobalt Stock", "website", "desktop"),
    ("Saltmarsh Stream", "streaming_app", "tv desktop"),
    ("Juniper Desk", "website", "desktop"),
    ("Northgate Tickets", "website", "desktop mobile"),
)

FEATURES = (
    *("Sign in", "Search", "Checkout", "Order history", "Profile", "Notifications", "Wish list"),
    *("Payment methods", "Address book", "Filters and sorting", "Product page", "Onboarding"),
    *("Password reset", "Export", "Dashboard", "Invoices", "Returns", "Gift cards", "Chat"),
    *("Language switch", "Dark mode", "Offline mode", "Sharing", "Ratings", "Store locator"),
)

PLATFORMS = {
    "desktop": ("Windows 11", "Windows 10", "macOS 15", "macOS 14", "Ubuntu 24.04"),
    "mobile": ("Android 16", "Android 15", "Android 14", "iOS 26", "iOS 18", "iPadOS 26"),
    "tv": ("Android TV 14", "tvOS 26"),
}

ENVIRONMENTS = ("Staging", "Production", "Release candidate", "Sandbox (EU)")


def people(rng: Random) -> Iterator[str]:
    """Names without a repeat, some 38,000, in an order that the generator settles."""
    lines = CULTURES.split("\n")[1:-1]
    pairs = [
        (given, family)
        for givens, families in zip(lines[::2], lines[1::2], strict=True)
        for given in givens.split()
        for family in families.split()
    ]
    names = [f"{given} {family}" for given, family in pairs] + [
        f"{family}{between}{given}"
        for givens, families, between in FAMILY_FIRST
        for given in givens.split()
        for family in families.split()
    ]
    names.remove(SHARED_NAME)
    rng.shuffle(names)
    yield from names
    for initial in "ABCDEGHJKLMNPRSTVW":
        rng.shuffle(pairs)
        yield from (f"{given} {initial}. {family}" for given, family in pairs)


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

# Of a rejection: key, name, and the text that a rejection's comment starts from.
REASONS = (
    (
        "not_reproducible",
        "Not reproducible",
        "We followed your steps and could not reproduce the issue.",
    ),
    ("intended_behavior", "Intended behaviour", "The behaviour that you describe is intended."),
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

# What technicians write about an enhancement: by whether it helped, and by theme.
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
