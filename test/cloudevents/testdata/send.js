// Sends one event with the JavaScript SDK of CloudEvents. The argument is the mode.
const { CloudEvent, emitterFor, httpTransport } = require("cloudevents");

const mode = process.argv[2];
const emit = emitterFor(httpTransport(process.env.API_URL), { mode });
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
