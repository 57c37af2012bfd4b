const assert = require("node:assert");
const { S3 } = require("@aws-sdk/client-s3");

const s3 = new S3({ forcePathStyle: true });
const Bucket = process.env.NAME;

async function status(call) {
  try {
    const response = await call;
    await response.Body?.transformToByteArray(); // frees the connection
    return response.$metadata.httpStatusCode;
  } catch (err) {
    return err.$metadata.httpStatusCode;
  }
}

async function main() {
  await s3.createBucket({ Bucket });
  for (const Body of ["", "body", "x".repeat(200000)]) {
    await s3.putObject({ Bucket, Key: "key", Body, Metadata: { "Event-Type": "value" } });
    const got = await s3.getObject({ Bucket, Key: "key" });
    assert.equal(await got.Body.transformToString(), Body);
    assert.deepEqual(got.Metadata, { "event-type": "value" });
  }

  const { ETag } = await s3.putObject({ Bucket, Key: "key", Body: "0123456789" });
  for (const read of ["getObject", "headObject"]) {
    const key = { Bucket, Key: "key" };
    assert.equal(await status(s3[read]({ ...key, IfNoneMatch: ETag })), 304);
    assert.equal(await status(s3[read]({ ...key, IfMatch: '"other"' })), 412);
    assert.equal(await status(s3[read]({ ...key, Range: "bytes=1-2" })), 206);
    assert.equal(await status(s3[read]({ ...key, Range: "bytes=10-" })), 416);
  }

  const Part = "x".repeat(5 << 20);
  const { UploadId } = await s3.createMultipartUpload({ Bucket, Key: "parts" });
  const Parts = [];
  for (const [PartNumber, Body] of [[1, Part], [2, "end"]]) {
    const sent = await s3.uploadPart({ Bucket, Key: "parts", UploadId, PartNumber, Body });
    Parts.push({ ...sent, PartNumber });
  }
  const MultipartUpload = { Parts };
  await s3.completeMultipartUpload({ Bucket, Key: "parts", UploadId, MultipartUpload });
  const got = await s3.getObject({ Bucket, Key: "parts" });
  assert.match(got.ETag, /-2"$/);
  assert.equal((await got.Body.transformToString()).length, (5 << 20) + 3);

  await assert.rejects(s3.getObject({ Bucket, Key: "absent" }), { name: "NoSuchKey" });
}

main().catch((err) => {
  console.error(err);
  process.exit(1);
});
