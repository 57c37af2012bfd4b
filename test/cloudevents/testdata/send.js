// Sends one event with the JavaScript SDK of CloudEvents. The argument is the mode. The SDK has no
// function that sends a batch, so in that mode the script sends an array of the SDK's events.
const { CloudEvent, CONSTANTS, emitterFor, httpTransport } = require("cloudevents");

const mode = process.argv[2];
const send = httpTransport(process.env.API_URL);
const sendBatch = (event) => send({
  headers: { "content-type": CONSTANTS.MIME_CE_BATCH }, body: JSON.stringify([event]),
});
const emit = mode === "batch" ? sendBatch : emitterFor(send, { mode });
const event = new CloudEvent({
  id: "A-1",
  source: "/shops/berlin",
  type: "com.example.order_created",
  subject: "orders/A-1",
  time: "2026-11-23T07:30:00.123Z",
  dataschema: "https://example.org/schema",
  partitionkey: "k",
  data: { total: 19.99, text: "h\u00e9llo" },
});
emit(event).then((response) => {
  const body = JSON.parse(response.body);
  if (body.status !== "accepted") throw new Error(response.body);
});
