const assert = require("node:assert");
const { S3 } = require("@aws-sdk/client-s3");

const s3 = new S3({ forcePathStyle: true });
const Bucket = process.env.NAME;

async function main() {
  await s3.createBucket({ Bucket });
  await s3.putObject({ Bucket, Key: "key", Body: "body", Metadata: { name: "value" } });
  const got = await s3.getObject({ Bucket, Key: "key" });
  assert.equal(await got.Body.transformToString(), "body");
}

main().catch((err) => {
  console.error(err);
  process.exit(1);
});
