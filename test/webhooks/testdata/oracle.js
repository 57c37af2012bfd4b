// Signs and verifies webhooks with the official SDKs. Reads a JSON array of requests from standard
// input, and writes a JSON array of results: headers for a request with "sign": true, else whether
// the SDK accepts the request's headers.
const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

// import() ignores NODE_PATH.
function load(file) {
  const folders = process.env.NODE_PATH.split(path.delimiter).filter(Boolean);
  const found = folders.map((f) => path.join(f, file)).find((f) => fs.existsSync(f));
  return import(pathToFileURL(found));
}

async function main() {
  const octokit = await load('@octokit/webhooks-methods/dist-node/index.js');
  const { Webhook } = require('standardwebhooks');
  const Stripe = require('stripe');
  const { isValidSlackRequest } = require('@slack/bolt');
  const stripe = new Stripe('sk_test_unused');

  const sdks = {
    github: {
      sign: async (r) => ({ 'x-hub-signature-256': await octokit.sign(r.secret, r.body) }),
      verify: (r) => octokit.verify(r.secret, r.body, r.headers['x-hub-signature-256']),
    },
    standard: {
      sign: (r) => ({
        'webhook-id': r.id,
        'webhook-timestamp': String(r.timestamp),
        'webhook-signature': new Webhook(r.secret).sign(r.id, new Date(r.timestamp * 1000), r.body),
      }),
      verify: (r) => {
        new Webhook(r.secret).verify(r.body, r.headers);
        return true;
      },
    },
    stripe: {
      sign: (r) => ({
        'stripe-signature': stripe.webhooks.generateTestHeaderString({
          payload: r.body, secret: r.secret, timestamp: r.timestamp,
        }),
      }),
      verify: (r) => {
        stripe.webhooks.constructEvent(r.body, r.headers['stripe-signature'], r.secret);
        return true;
      },
    },
    slack: { // the SDK only verifies
      verify: (r) => isValidSlackRequest({
        signingSecret: r.secret, body: r.body, headers: r.headers,
      }),
    },
  };

  const results = [];
  for (const r of JSON.parse(fs.readFileSync(0, 'utf8'))) {
    try {
      results.push(await sdks[r.scheme][r.sign ? 'sign' : 'verify'](r));
    } catch {
      results.push(false);
    }
  }
  fs.writeSync(1, JSON.stringify(results));
}

main().catch((e) => { console.error(e); process.exit(1); });
