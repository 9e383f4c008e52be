"""How colours compare: contrast, how far apart they look, and how they look to people who lack one
kind of cone.
"""

from __future__ import annotations

import math

LACKING = {
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
"""Linear RGB as it looks to people without the cones for long, medium and short waves: Machado,
Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency",
IEEE TVCG 15(6), 2009, severity 1.0.
"""
TO_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
WHITE = (0.95047, 1.0, 1.08883)

Three = tuple[float, float, float]


def linear(colour: str) -> Three:
    """Linear red, green and blue of `#rrggbb` (sRGB, IEC 61966-2-1)."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return red, green, blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _times(matrix: tuple[Three, Three, Three], value: Three) -> Three:
    one, two, three = (sum(a * b for a, b in zip(row, value, strict=True)) for row in matrix)
    return one, two, three


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2."""
    low, high = sorted(
        0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in map(linear, (one, other))
    )
    return (high + 0.05) / (low + 0.05)


def lab(colour: str, lacking: str = "") -> Three:
    """CIE L*a*b*, D65, of a colour as it looks to somebody."""
    value = linear(colour)
    if lacking:
        red, green, blue = (min(1.0, max(0.0, one)) for one in _times(LACKING[lacking], value))
        value = red, green, blue
    x, y, z = (_bent(one / white) for one, white in zip(_times(TO_XYZ, value), WHITE, strict=True))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _bent(value: float) -> float:
    edge = 6 / 29
    return value ** (1 / 3) if value > edge**3 else value / (3 * edge**2) + 4 / 29


def difference(one: Three, other: Three) -> float:
    """CIEDE2000 of two colours in L*a*b* (Sharma, Wu and Dalal, 2005)."""
    (light1, a1, b1), (light2, a2, b2) = one, other
    mean = (math.hypot(a1, b1) + math.hypot(a2, b2)) / 2
    stretch = 1.5 - 0.5 * math.sqrt(mean**7 / (mean**7 + 25**7))
    a1, a2 = a1 * stretch, a2 * stretch
    chroma1, chroma2 = math.hypot(a1, b1), math.hypot(a2, b2)
    hue1, hue2 = (math.degrees(math.atan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = (hue2 - hue1 + 180) % 360 - 180 if chroma1 * chroma2 else 0.0
    hue = hue1 + turn / 2 if chroma1 * chroma2 else hue1 + hue2
    light, chroma = (light1 + light2) / 2, (chroma1 + chroma2) / 2
    by_hue = (
        1
        - 0.17 * _cos(hue - 30)
        + 0.24 * _cos(2 * hue)
        + 0.32 * _cos(3 * hue + 6)
        - 0.20 * _cos(4 * hue - 63)
    )
    of_light = (light2 - light1) / (1 + 0.015 * (light - 50) ** 2 / math.hypot(20**0.5, light - 50))
    of_chroma = (chroma2 - chroma1) / (1 + 0.045 * chroma)
    across = 2 * math.sqrt(chroma1 * chroma2) * math.sin(math.radians(turn / 2))
    of_hue = across / (1 + 0.015 * chroma * by_hue)
    rotated = 60 * math.exp(-(((hue % 360 - 275) / 25) ** 2))
    skew = -2 * math.sqrt(chroma**7 / (chroma**7 + 25**7)) * math.sin(math.radians(rotated))
    return math.sqrt(of_light**2 + of_chroma**2 + of_hue**2 + skew * of_chroma * of_hue)


def _cos(degrees: float) -> float:
    return math.cos(math.radians(degrees))
