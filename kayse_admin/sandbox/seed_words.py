"""The words that the seed is made of: names, places that exist, and a firm's types, statuses and lists."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = _words(
    """
    James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard Susan
    Joseph Jessica Thomas Sarah Christopher Karen Charles Lisa Daniel Nancy Matthew Sandra Anthony Betty
    Mark Ashley Donald Emily Steven Kimberly Andrew Margaret Paul Donna Joshua Michelle Kenneth Carol
    Kevin Amanda Brian Melissa Timothy Deborah Ronald Stephanie Jason Rebecca George Sharon Edward Laura
    Jeffrey Cynthia Ryan Dorothy Jacob Amy Nicholas Kathleen Gary Angela Eric Shirley Jonathan Emma
    Stephen Brenda Larry Pamela Justin Nicole Scott Anna Brandon Samantha Benjamin Katherine Samuel
    Christine Gregory Debra Alexander Rachel Patrick Carolyn Frank Janet Raymond Maria Jack Olivia
    Dennis Heather Jerry Helen Tyler Catherine Aaron Diane José María Zoë Renée André Chloé Sofía Lucía
    Íñigo Søren Jürgen Nguyệt Siobhán Ana-Lucía Mary-Kate Jean-Luc D'Andre Ja'Marcus Xóchitl Tomás Inés
    Łukasz Mehmet Aoife Björn
    """
)
LAST_NAMES = (
    *_words(
        """
        Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez
        Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark
        Ramirez Lewis Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill Flores Green Adams
        Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts Gomez Phillips Evans Turner Diaz Parker
        Cruz Edwards Collins Reyes Stewart Morris Morales Murphy Cook Rogers Gutierrez Ortiz Morgan Cooper
        Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson Watson Brooks Chavez Wood James
        Bennett Gray Mendoza Ruiz Hughes Price Alvarez Castillo Sanders Patel Myers Long Ross Foster Jimenez
        O'Brien O'Connor D'Angelo D'Souza Núñez Muñoz Müller Peña Gutiérrez García Åkesson Jiménez-Ortega
        Smith-Johnson Kowalczyk Nowak Ó'Súilleabháin Brontë Çelik Dvořák Wolfeschlegelsteinhausenbergerdorff
        Papadopoulos-Konstantinidis Featherstonehaugh-Cholmondeley
        """
    ),
    "de la Cruz",
    "van der Berg",
    "de los Ángeles Hernández",
    "St. James",
    "Mac Giolla Phádraig",
)
# city, state, two ZIP codes of it, area code
PLACES = (
    ("New York", "NY", "10001", "10025", "212"),
    ("Brooklyn", "NY", "11201", "11215", "718"),
    ("Buffalo", "NY", "14201", "14222", "716"),
    ("Los Angeles", "CA", "90012", "90036", "213"),
    ("San Diego", "CA", "92101", "92116", "619"),
    ("San José", "CA", "95112", "95128", "408"),
    ("Sacramento", "CA", "95814", "95816", "916"),
    ("Fresno", "CA", "93701", "93720", "559"),
    ("Chicago", "IL", "60601", "60614", "312"),
    ("Springfield", "IL", "62701", "62704", "217"),
    ("Houston", "TX", "77002", "77019", "713"),
    ("Dallas", "TX", "75201", "75219", "214"),
    ("San Antonio", "TX", "78205", "78212", "210"),
    ("Austin", "TX", "78701", "78704", "512"),
    ("El Paso", "TX", "79901", "79912", "915"),
    ("Phoenix", "AZ", "85003", "85016", "602"),
    ("Tucson", "AZ", "85701", "85719", "520"),
    ("Philadelphia", "PA", "19103", "19147", "215"),
    ("Pittsburgh", "PA", "15203", "15222", "412"),
    ("Jacksonville", "FL", "32202", "32207", "904"),
    ("Miami", "FL", "33130", "33145", "305"),
    ("Tampa", "FL", "33602", "33609", "813"),
    ("Orlando", "FL", "32801", "32803", "407"),
    ("St. Petersburg", "FL", "33701", "33704", "727"),
    ("Columbus", "OH", "43215", "43201", "614"),
    ("Cleveland", "OH", "44113", "44114", "216"),
    ("Cincinnati", "OH", "45202", "45219", "513"),
    ("Charlotte", "NC", "28202", "28203", "704"),
    ("Raleigh", "NC", "27601", "27607", "919"),
    ("Indianapolis", "IN", "46204", "46220", "317"),
    ("Seattle", "WA", "98101", "98115", "206"),
    ("Spokane", "WA", "99201", "99203", "509"),
    ("Denver", "CO", "80202", "80206", "303"),
    ("Washington", "DC", "20001", "20009", "202"),
    ("Boston", "MA", "02108", "02116", "617"),
    ("Worcester", "MA", "01608", "01609", "508"),
    ("Nashville", "TN", "37203", "37206", "615"),
    ("Memphis", "TN", "38103", "38104", "901"),
    ("Detroit", "MI", "48201", "48226", "313"),
    ("Grand Rapids", "MI", "49503", "49506", "616"),
    ("Portland", "OR", "97201", "97214", "503"),
    ("Portland", "ME", "04101", "04103", "207"),
    ("Las Vegas", "NV", "89101", "89117", "702"),
    ("Baltimore", "MD", "21201", "21218", "410"),
    ("Milwaukee", "WI", "53202", "53211", "414"),
    ("Albuquerque", "NM", "87102", "87106", "505"),
    ("Kansas City", "MO", "64105", "64112", "816"),
    ("St. Louis", "MO", "63101", "63108", "314"),
    ("Atlanta", "GA", "30303", "30309", "404"),
    ("Savannah", "GA", "31401", "31405", "912"),
    ("Minneapolis", "MN", "55401", "55408", "612"),
    ("New Orleans", "LA", "70112", "70115", "504"),
    ("Baton Rouge", "LA", "70801", "70806", "225"),
    ("Coeur d'Alene", "ID", "83814", "83815", "208"),
    ("Newark", "NJ", "07102", "07105", "973"),
    ("Salt Lake City", "UT", "84101", "84103", "801"),
    ("Birmingham", "AL", "35203", "35205", "205"),
    ("Charleston", "SC", "29401", "29403", "843"),
    ("Honolulu", "HI", "96813", "96815", "808"),
    ("Anchorage", "AK", "99501", "99503", "907"),
)
STREETS = (
    "Main St",
    "Oak Ave",
    "Maple Dr",
    "Cedar Ln",
    "2nd St",
    "Washington Blvd",
    "Lake Shore Dr",
    "Hill Rd",
    "Martin Luther King Jr Blvd",
    "Sunset Ave",
    "Park Pl",
    "River Rd",
    "Elm St",
    "Church St",
    "O'Farrell St",
    "Calle Ocho",
    "Old Post Rd",
    "Highland Ave",
    "Broadway",
    "Peachtree Ct",
)
SECOND_LINES = ("Apt 2B", "Unit 14", "Suite 300", "Apt 7", "Lot 12", "c/o Mrs. O'Brien")
MAIL_HOSTS = ("example.com", "example.org", "example.net", "mail.example.com")

CASE_TYPES = {
    10: "Personal Injury",
    12: "Motor Vehicle Accident",
    15: "Premises Liability",
    18: "Workers' Compensation",
    21: "Medical Malpractice",
    25: "Mass Tort",
    28: "Product Liability",
    31: "Employment",
}
STATUSES = {
    20: "New Lead",
    22: "Contact Attempted",
    24: "No Response",
    26: "Consultation Scheduled",
    28: "Sign-up Sent",
    30: "Qualified Prospect",
    32: "Retained",
    35: "Settled",
    40: "Closed – Declined",
}
# How often each occurs among the cases, in the order above.
CASE_TYPE_WEIGHTS = (22, 20, 9, 10, 6, 24, 6, 3)
STATUS_WEIGHTS = (16, 14, 18, 7, 6, 15, 12, 5, 7)

# name, description, filter, include_ids, exclude_ids, is_obo, origin
LISTS: tuple[
    tuple[str, str | None, dict[str, object], tuple[int, ...], tuple[int, ...], bool, str | None], ...
] = (
    (
        "Mass Tort Prospects",
        "Mass tort cases that qualify and have not signed",
        {"case_type_ids": [25], "status_ids": [30]},
        (101, 102),
        (),
        False,
        "public_api",
    ),
    (
        "PI New Leads",
        "First call within the hour",
        {"case_type_ids": [10], "status_ids": [20]},
        (),
        (),
        False,
        None,
    ),
    (
        "MVA – no response, second round",
        "Text first, then the voice agent",
        {"case_type_ids": [12], "status_ids": [22, 24]},
        (),
        (7, 19, 23),
        False,
        "app",
    ),
    ("Workers' Comp consultations", None, {"case_type_ids": [18], "status_ids": [26]}, (), (), False, "app"),
    (
        "Sign-up reminders (mass tort)",
        None,
        {"case_type_ids": [25], "status_ids": [28]},
        (),
        (),
        False,
        "app",
    ),
    (
        "Referral partner: O'Brien & Núñez (OBO)",
        "Called on behalf of the partner",
        {},
        (31, 32, 33, 34, 35, 36),
        (),
        True,
        "app",
    ),
    (
        "VIP callbacks",
        "Picked by hand by the intake team",
        {},
        (11, 44, 58, 90, 144, 201, 377),
        (),
        False,
        "public_api",
    ),
    ("Retained – status update", "Quarterly", {"status_ids": [32]}, (), (), False, "app"),
    ("Premises liability intake", None, {"case_type_ids": [15], "status_ids": [20, 22]}, (), (), False, None),
    ("Empty: spring campaign", "Waiting for its cases", {}, (), (), False, "app"),
    ("Med mal qualified", None, {"case_type_ids": [21], "status_ids": [30]}, (5, 6), (), False, "public_api"),
    (
        "Tort re-engagement 2025",
        "Everyone who went quiet",
        {"case_type_ids": [25], "status_ids": [24]},
        (),
        (),
        False,
        "import",
    ),
)
