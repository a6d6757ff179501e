"""The company of the demo: a shop, its people, its lines and its regular clients. All invented."""

from dataclasses import dataclass

SOURCE = "shop"
LINE = "0445550100"
QUEUES = ("Продажі", "Доставка", "Сервіс")


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of the shop: `role` is a Role of the bot, the titles are what the page shows."""

    tg_id: int
    name: str
    role: str
    title_uk: str
    title_en: str
    extension: str | None = None


PEOPLE = (
    Colleague(1, "Марія Адаменко", "administrator", "Адміністратор", "Administrator"),
    Colleague(2, "Софія Бойко", "supervisor", "Супервайзер", "Supervisor"),
    Colleague(3, "Олена Коваленко", "operator", "Оператор, 101", "Operator, 101", "101"),
    Colleague(4, "Іван Ткачук", "operator", "Оператор, 102", "Operator, 102", "102"),
    Colleague(5, "Ніна Рибак", "accountant", "Бухгалтер, 103", "Accountant, 103", "103"),
)

OPERATORS = ("101", "102")
ACCOUNTANT = "103"

CLIENTS = (
    ("+380671234567", "Ганна Мельник"),
    ("+380501112233", "ТОВ «Акме»"),
    ("+380632223344", "Петро Лисенко"),
    ("+380973334455", "Кафе «Ранок»"),
    ("+380934445566", "Дарина"),
    ("+380995556677", "Столярня Гнатюк & Сини"),
    ("+380666667788", "Аптека «Подорожник»"),
    ("+380687778899", "Школа № 5"),
)
