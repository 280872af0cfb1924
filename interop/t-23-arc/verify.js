// The verdict of mailauth on the chain of each file of a folder; records come as JSON on standard input. Prints JSON.
const fs = require("fs");
const path = require("path");
const {dkimVerify} = require("mailauth/lib/dkim/verify");
const {arc} = require("mailauth/lib/arc");

const records = JSON.parse(fs.readFileSync(0));

async function resolver(name) {
  if (!(name in records)) {
    throw Object.assign(new Error(`no ${name}`), {code: "ENOTFOUND"});
  }
  return [[records[name]]];
}

async function main(folder) {
  const found = {};
  for (const name of fs.readdirSync(folder)) {
    const checked = await dkimVerify(fs.readFileSync(path.join(folder, name)), {resolver});
    const result = await arc(checked.arc, {resolver});
    found[name] = {verdict: result.status.result, sets: result.i || 0, why: JSON.stringify(result.status)};
  }
  console.log(JSON.stringify(found));
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
