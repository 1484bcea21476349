"""What people write for a place, and the code or region that they mean."""

import difflib
import re
import unicodedata
from collections.abc import Collection, Mapping

# ISO 3166 alpha-2 and alpha-3 codes of the countries that have a factor.
ALPHA_2 = """
AE=ARE AF=AFG AG=ATG AL=ALB AM=ARM AO=AGO AR=ARG AS=ASM AT=AUT AU=AUS AW=ABW AZ=AZE BA=BIH BB=BRB BD=BGD BE=BEL
BF=BFA BG=BGR BH=BHR BI=BDI BJ=BEN BM=BMU BN=BRN BO=BOL BR=BRA BS=BHS BT=BTN BW=BWA BY=BLR BZ=BLZ CA=CAN CD=COD
CF=CAF CG=COG CH=CHE CI=CIV CK=COK CL=CHL CM=CMR CN=CHN CO=COL CR=CRI CU=CUB CV=CPV CY=CYP CZ=CZE DE=DEU DJ=DJI
DK=DNK DM=DMA DO=DOM DZ=DZA EC=ECU EE=EST EG=EGY EH=ESH ER=ERI ES=ESP ET=ETH FI=FIN FJ=FJI FK=FLK FO=FRO FR=FRA
GA=GAB GB=GBR GD=GRD GE=GEO GF=GUF GH=GHA GI=GIB GL=GRL GM=GMB GN=GIN GP=GLP GQ=GNQ GR=GRC GT=GTM GU=GUM GW=GNB
GY=GUY HK=HKG HN=HND HR=HRV HT=HTI HU=HUN ID=IDN IE=IRL IL=ISR IN=IND IQ=IRQ IR=IRN IS=ISL IT=ITA JM=JAM JO=JOR
JP=JPN KE=KEN KG=KGZ KH=KHM KI=KIR KM=COM KN=KNA KP=PRK KR=KOR KW=KWT KY=CYM KZ=KAZ LA=LAO LB=LBN LC=LCA LK=LKA
LR=LBR LS=LSO LT=LTU LU=LUX LV=LVA LY=LBY MA=MAR MD=MDA ME=MNE MG=MDG MK=MKD ML=MLI MM=MMR MN=MNG MO=MAC MQ=MTQ
MR=MRT MS=MSR MT=MLT MU=MUS MV=MDV MW=MWI MX=MEX MY=MYS MZ=MOZ NA=NAM NC=NCL NE=NER NG=NGA NI=NIC NL=NLD NO=NOR
NP=NPL NR=NRU NZ=NZL OM=OMN PA=PAN PE=PER PF=PYF PG=PNG PH=PHL PK=PAK PL=POL PM=SPM PR=PRI PS=PSE PT=PRT PY=PRY
QA=QAT RE=REU RO=ROU RS=SRB RU=RUS RW=RWA SA=SAU SB=SLB SC=SYC SD=SDN SE=SWE SG=SGP SH=SHN SI=SVN SK=SVK SL=SLE
SN=SEN SO=SOM SR=SUR SS=SSD ST=STP SV=SLV SY=SYR SZ=SWZ TC=TCA TD=TCD TG=TGO TH=THA TJ=TJK TL=TLS TM=TKM TN=TUN
TO=TON TR=TUR TT=TTO TW=TWN TZ=TZA UA=UKR UG=UGA US=USA UY=URY UZ=UZB VC=VCT VE=VEN VG=VGB VI=VIR VN=VNM VU=VUT
WS=WSM YE=YEM ZA=ZAF ZM=ZMB ZW=ZWE
"""
# Codes of sport, of number plates and of habit.
OTHER_CODES = """
UK=GBR ENG=GBR SCO=GBR WAL=GBR GB=GBR EL=GRC GER=DEU FRG=DEU D=DEU NED=NLD HOL=NLD SUI=CHE CH=CHE DEN=DNK POR=PRT
GRE=GRC CRO=HRV SLO=SVN BUL=BGR LAT=LVA RSA=ZAF KSA=SAU UAE=ARE INA=IDN MAS=MYS PHI=PHL VIE=VNM CHI=CHL PAR=PRY URU=URY
ROC=TWN TPE=TWN PRC=CHN ROK=KOR DPRK=PRK IRI=IRN ALG=DZA ANG=AGO BAN=BGD BAH=BHS BRU=BRN BUR=BFA CAM=KHM CGO=COG
CRC=CRI ESA=SLV FIJ=FJI GUA=GTM HAI=HTI HON=HND KUW=KWT LBA=LBY MAD=MDG MGL=MNG MRI=MUS MYA=MMR NCA=NIC NEP=NPL NGR=NGA
NIG=NER OMA=OMN PUR=PRI SRI=LKA SUD=SDN TAN=TZA TOG=TGO TRI=TTO ZAM=ZMB ZIM=ZWE US=USA AMERICA=USA DR=DOM
"""
OTHER_NAMES = {
    "great britain": "GBR",
    "britain": "GBR",
    "england": "GBR",
    "scotland": "GBR",
    "wales": "GBR",
    "northern ireland": "GBR",
    "united states of america": "USA",
    "the netherlands": "NLD",
    "holland": "NLD",
    "deutschland": "DEU",
    "espana": "ESP",
    "osterreich": "AUT",
    "oesterreich": "AUT",
    "schweiz": "CHE",
    "suisse": "CHE",
    "italia": "ITA",
    "brasil": "BRA",
    "polska": "POL",
    "sverige": "SWE",
    "norge": "NOR",
    "danmark": "DNK",
    "suomi": "FIN",
    "turkiye": "TUR",
    "czech republic": "CZE",
    "russian federation": "RUS",
    "republic of korea": "KOR",
    "korea": "KOR",
    "ivory coast": "CIV",
    "burma": "MMR",
    "swaziland": "SWZ",
    "timor-leste": "TLS",
    "cabo verde": "CPV",
    "macau": "MAC",
    "dr congo": "COD",
    "uae": "ARE",
    "emirates": "ARE",
    "viet nam": "VNM",
}
# Postal codes of the regions that have a factor.
REGIONS = """
AL=alabama AK=alaska AZ=arizona AR=arkansas CA=california CO=colorado CT=connecticut DC=district_of_columbia
DE=delaware FL=florida GA=georgia HI=hawaii ID=idaho IL=illinois IN=indiana IA=iowa KS=kansas KY=kentucky LA=louisiana
ME=maine MD=maryland MA=massachusetts MI=michigan MN=minnesota MS=mississippi MO=missouri MT=montana NE=nebraska
NV=nevada NH=new_hampshire NJ=new_jersey NM=new_mexico NY=new_york NC=north_carolina ND=north_dakota OH=ohio OK=oklahoma
OR=oregon PA=pennsylvania RI=rhode_island SC=south_carolina SD=south_dakota TN=tennessee TX=texas UT=utah VT=vermont
VA=virginia WA=washington WV=west_virginia WI=wisconsin WY=wyoming AB=alberta BC=british_columbia MB=manitoba
NB=new_brunswick NL=newfoundland_and_labrador NT=northwest_territories NS=nova_scotia NU=nunavut ON=ontario
PE=prince_edward_island QC=quebec SK=saskatchewan YT=yukon
"""
CLOSE = 0.75


def meant_country(text: str, names: Mapping[str, str]) -> str | None:
    """The alpha-3 code that was probably meant; None if no country is near. names: code -> English name."""
    plain = _plain(text)
    code = plain.upper().replace(".", "").replace(" ", "")
    codes = _pairs(OTHER_CODES) | _pairs(ALPHA_2)
    # Also with a region or language, such as US-CA and en_GB.
    for part in (code, *re.split(r"[-_/]", code)):
        if part in names:
            return part
        if part in codes and codes[part] in names:
            return codes[part]
    by_name = {_plain(name): code for code, name in names.items()} | OTHER_NAMES
    found = difflib.get_close_matches(plain, list(by_name), n=1, cutoff=CLOSE)
    if found:
        return by_name[found[0]]
    near = difflib.get_close_matches(code, list(names), n=1, cutoff=CLOSE) if len(code) > 3 else []
    return near[0] if near else None


def meant_region(text: str, known: Collection[str]) -> str | None:
    """The region of a country that was probably meant; None if none is near. known: the country's regions."""
    plain = re.sub(r"[-_]+", " ", _plain(text)).strip()
    code = re.split(r"[ /]", plain)[-1].upper()
    region = _pairs(REGIONS).get(code, "").replace("_", " ")
    if plain not in known and region in known:
        return region
    found = difflib.get_close_matches(plain, list(known), n=1, cutoff=CLOSE)
    return found[0] if found else None


def _plain(text: str) -> str:
    """Lower case without accents and without spaces around."""
    apart = unicodedata.normalize("NFKD", text.strip().casefold())
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in text.split())
