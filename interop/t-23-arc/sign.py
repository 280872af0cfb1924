"""Signs the message on standard input by dkimpy: sign.py DOMAIN KEY."""

import sys

import dkim

message = sys.stdin.buffer.read()
with open(sys.argv[2], "rb") as file:
    field = dkim.sign(message, b"k1", sys.argv[1].encode(), file.read(), include_headers=[b"from", b"subject"])
sys.stdout.buffer.write(field + message)
