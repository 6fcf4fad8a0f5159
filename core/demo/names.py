# ruff: noqa: RUF001 - names are written as their people write them
"""The words of the demo data: invented people, products, features and places to run."""

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
