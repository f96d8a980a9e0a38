"""Passwords that whoever guesses tries first."""

from __future__ import annotations

import re

# What people take first. `is_common` also knows these with a number or mark behind, walks over the keyboard,
# counting, and one thing said several times.
WORDS = """
password passwort passw0rd p@ssword p@ssw0rd pa55word passwd pass letmein welcome admin administrator
root login master access secret default changeme changeit guest user test testing tester temp temporary
computer internet service server system manager mother father brother sister family friend friends
iloveyou ilove love lovely lover loveme sweetheart darling honey angel angels baby babygirl babyboy
princess prince queen king kingdom superman batman spiderman ironman pokemon pikachu naruto starwars
startrek matrix gandalf merlin wizard dragon dragons monkey monkeys tigger tiger tigers eagle eagles
falcon falcons panther jaguar ferrari porsche mercedes corvette mustang camaro yamaha harley suzuki honda
toyota nissan football soccer baseball basketball hockey softball volleyball tennis golfer golf cowboys
steelers yankees lakers redsox packers broncos chelsea arsenal liverpool everton barcelona madrid
juventus ronaldo messi michael michelle jennifer jessica jordan joshua ashley andrew anthony thomas
charlie daniel matthew robert william richard joseph christopher christian nicole amanda samantha melissa
elizabeth victoria alexander alexandra benjamin patrick george maggie buster ginger cookie pepper peanut
bailey shadow hunter hannah sunshine sunflower flower flowers rainbow summer winter spring autumn
december november october september august january february monday friday sunday saturday london america
canada australia england germany chicago dallas boston newyork california florida texas phoenix paris
brazil mexico whatever trustno nothing something forever blessed jesus jesuschrist heaven freedom mercury
saturn jupiter apollo phantom diamond diamonds silver golden crystal purple orange yellow chocolate
banana cheese killer hacker ninja samurai warrior soldier marine police private batman trouble legend
thunder lightning midnight maverick asshole fuckyou fuckme fuckoff bullshit bitch pussy sexy hello
helloworld hellokitty google facebook myspace youtube twitter linkedin amazon microsoft windows apple
samsung iphone android metallica slipknot nirvana eminem beatles justin bieber onedirection blink182
rockstar guitar music qwerty qwertyuiop qwertz azerty asdfgh asdfghjkl asdf zxcvbn zxcvbnm qazwsx
qazwsxedc wsxedc 1q2w3e 1q2w3e4r 1q2w3e4r5t q1w2e3 q1w2e3r4 q1w2e3r4t5 1qaz2wsx 1qaz2wsx3edc zaq12wsx
zaq1zaq1 zaq1xsw2 qwer qwert qwerasdf asdfqwer abc abcd abcde abcdef abcdefg abcdefgh abc123 a1b2c3
a1b2c3d4 aa123456 123abc abcd1234 pass1234 test1234 1234qwer 123qwe 123qweasd 1234abcd 12345qwert 123456a
123456q 1234567a g_czechout
"""
COMMON_WORDS = frozenset(WORDS.split())
SUFFIX = re.compile(
    r"(?:[!.?@#$*]|0?[0-9]{1,2}|123|1234|12345|123456|111|007|666|777|999|19[5-9]\d|20[0-3]\d)!?"
)
WALKS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "abcdefghijklmnopqrstuvwxyz", "01234567890123456789")


def is_common(password: str) -> bool:
    lower = password.lower().strip()
    if lower in COMMON_WORDS or any(
        lower[:cut] in COMMON_WORDS and SUFFIX.fullmatch(lower[cut:])
        for cut in range(max(3, len(lower) - 7), len(lower))
    ):
        return True
    if any(lower in walk or lower in walk[::-1] for walk in WALKS):
        return True
    return any(
        len(lower) % size == 0 and lower[:size] * (len(lower) // size) == lower
        for size in range(1, min(4, len(lower) // 2) + 1)
    )
