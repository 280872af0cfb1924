// Seals the message on standard input by mailauth, as the first of a chain: seal.js DOMAIN KEY RESULTS.
const fs = require("fs");
const {sealMessage} = require("mailauth/lib/arc");

const [signingDomain, key, authResults] = process.argv.slice(2);
const message = fs.readFileSync(0);
const privateKey = fs.readFileSync(key, "utf8");
sealMessage(message, {signingDomain, selector: "k1", privateKey, cv: "none", authResults, signTime: new Date()})
  .then((fields) => process.stdout.write(Buffer.concat([fields, message])))
  .catch((error) => {
    console.error(error);
    process.exit(1);
  });
