"""The verdict of dkimpy on the chain of each file of a folder; records come as JSON on standard input. Prints JSON."""

import json
import os
import sys

import dkim

records = json.load(sys.stdin)


def text(name, timeout=5):
    return records.get((name.decode() if isinstance(name, bytes) else name).rstrip("."), "").encode()


found = {}
for file_name in os.listdir(sys.argv[1]):
    with open(os.path.join(sys.argv[1], file_name), "rb") as file:
        verdict, seals, why = dkim.arc_verify(file.read(), dnsfunc=text)
    # Of a chain whose newest seal says cv=fail it has no verdict, but it has verified the newest message signature.
    said = "fail, sealed" if verdict is None and seals[0]["ams-valid"] else (verdict or b"?").decode()
    found[file_name] = {"verdict": said, "sets": len(seals), "why": str(why)}
print(json.dumps(found))
