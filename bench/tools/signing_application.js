// What signing_application.py does, by nodemailer: PORT DOMAIN COUNT [PRIVATE_KEY]
const fs = require("fs");
const nodemailer = require("nodemailer");

const SIZE = 5120;
const [port, domain, count, key] = process.argv.slice(2);
const line = "What is written here is of no importance, but it has lines and spaces.\n";
const text = line.repeat(Math.floor((SIZE - 500) / (line.length + 1)));

async function main() {
  const transport = nodemailer.createTransport({
    host: "127.0.0.1", port: Number(port), ignoreTLS: true, name: "client.example", pool: true, maxConnections: 1,
    maxMessages: Infinity,
    ...(key ? {dkim: {domainName: domain, keySelector: "s1", privateKey: fs.readFileSync(key, "ascii")}} : {}),
  });
  const taken = [];
  const before = process.cpuUsage();
  for (let number = 0; number < Number(count); number++) {
    const began = performance.now();
    await transport.sendMail({
      from: `"Example Shop" <news@${domain}>`, replyTo: `service@${domain}`, to: "reader@example.org",
      subject: `What is new in November, number ${number}`, text,
    });
    taken.push(performance.now() - began);
  }
  const cpu = process.cpuUsage(before);
  transport.close();
  console.log(JSON.stringify({ms: taken, cpu_s: (cpu.user + cpu.system) / 1e6}));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
