// Verify a message of the portal with nothing but Node's own library.
const crypto = require("node:crypto");

// Whether body, the raw bytes as a Buffer, was signed with secret within the last five minutes.
function isSigned(secret, webhookId, timestamp, signatures, body) {
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(Date.now() / 1000 - Number(timestamp)) > 300) {
    return false;
  }
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const signed = Buffer.concat([Buffer.from(`${webhookId}.${timestamp}.`), body]);
  const wanted = Buffer.from(
    "v1," + crypto.createHmac("sha256", key).update(signed).digest("base64"),
  );
  return signatures.split(" ").some((given) => {
    const bytes = Buffer.from(given);
    return bytes.length === wanted.length && crypto.timingSafeEqual(bytes, wanted);
  });
}

module.exports = { isSigned };

if (require.main === module) {
  // node verify.js SECRET ID TIMESTAMP SIGNATURES < body
  const body = require("node:fs").readFileSync(0);
  process.exit(isSigned(...process.argv.slice(2, 6), body) ? 0 : 1);
}
