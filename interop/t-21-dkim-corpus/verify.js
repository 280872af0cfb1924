// Verifies the messages of a folder by mailauth; public keys come as JSON on standard input. Prints JSON, a line each.
const fs = require("fs");
const path = require("path");
const {dkimVerify} = require("mailauth/lib/dkim/verify");

const records = JSON.parse(fs.readFileSync(0));

async function resolver(name) {
  if (!(name in records)) {
    throw Object.assign(new Error(`no ${name}`), {code: "ENOTFOUND"});
  }
  return [[records[name]]];
}

async function main(folder) {
  for (const name of fs.readdirSync(folder)) {
    const {results} = await dkimVerify(fs.readFileSync(path.join(folder, name)), {resolver});
    const signatures = results.filter((one) => one.signingDomain).map((one) => ({
      d: one.signingDomain, s: one.selector, ok: one.status.result === "pass", why: JSON.stringify(one.status),
    }));
    console.log(JSON.stringify({number: parseInt(name), signatures}));
  }
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
