// Sends by nodemailer as applications do. Arguments: STARTTLS port, implicit port, password, file of the authority.
const fs = require("fs");
const nodemailer = require("nodemailer");

const [startTls, implicit, password, authority] = process.argv.slice(2);

function transport(port, secure, more = {}) {
  return nodemailer.createTransport({
    host: "localhost", port: Number(port), secure, requireTLS: !secure, name: "client.example",
    auth: {user: "shop", pass: password}, tls: {ca: fs.readFileSync(authority)}, ...more,
  });
}

function mail(number, more = {}) {
  return {
    from: "sender@shop.example", to: "rcpt@example.org", subject: "nodemailer", messageId: `<interop-${number}@shop.example>`,
    text: `.\n..leading dots\nnumber ${number}\n`, ...more,
  };
}

async function refused(what, code, promise) {
  try {
    await promise;
  } catch (error) {
    if (error.responseCode !== code) {
      throw new Error(`${what}: ${error}`);
    }
    console.log(`refused: ${error.response}`);
    return;
  }
  throw new Error(`${what} was taken`);
}

async function main() {
  let number = 0;
  for (const method of ["PLAIN", "LOGIN"]) {
    for (const [port, secure] of [[startTls, false], [implicit, true]]) {
      const one = transport(port, secure, {authMethod: method});
      await one.verify();
      console.log((await one.sendMail(mail(number++))).response);
      one.close();
    }
  }
  const pool = transport(startTls, false, {pool: true, maxConnections: 5, maxMessages: 10});
  await Promise.all(Array.from({length: 100}, () => pool.sendMail(mail(number++))));
  const utf8 = await pool.sendMail(mail(number++, {to: "örtlich@example.org", text: "grüße\n"}));
  console.log(utf8.response);
  await pool.sendMail(mail(number++, {dsn: {id: "7", return: "headers", notify: ["success", "failure"], recipient: "sender@shop.example"}}));
  await pool.sendMail(mail(number++, {to: "a@example.org, b@example.org",
    attachments: [{filename: "big", content: Buffer.alloc(3_000_000, 7)}]}));
  pool.close();
  await refused("a wrong password", 535, transport(startTls, false, {auth: {user: "shop", pass: "wrong"}}).sendMail(mail(900)));
  await refused("no login", 530, transport(startTls, false, {auth: undefined}).sendMail(mail(901)));
  console.log(`${number} messages`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
