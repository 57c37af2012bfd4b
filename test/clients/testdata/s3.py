import os
import socket
import urllib.error
import urllib.request

import boto3
from botocore.client import Config
from botocore.exceptions import ClientError

# One connection and no retries: a response that disturbs the next one fails the script.
config = Config(max_pool_connections=1, retries={"total_max_attempts": 1}, read_timeout=30)
s3 = boto3.client("s3", config=config)
bucket = os.environ["NAME"]
s3.create_bucket(Bucket=bucket)


def error(call, **parameters):
    """Returns the status, the code and the message of a call that must fail."""
    try:
        call(Bucket=bucket, **parameters)
    except ClientError as e:
        response = e.response
        status = response["ResponseMetadata"]["HTTPStatusCode"]
        return status, response["Error"]["Code"], response["Error"].get("Message")
    raise AssertionError("the call succeeded")


# Bodies of all kinds, each sent with Expect: 100-continue.
for size in [0, 1, 0, 1000, 0, 200_000]:
    for algorithm in ["CRC32", "SHA256"]:
        body = b"x" * size
        s3.put_object(Bucket=bucket, Key="body", Body=body, ChecksumAlgorithm=algorithm)
        got = s3.get_object(Bucket=bucket, Key="body", ChecksumMode="ENABLED")
        assert got["Body"].read() == body, size

s3.put_object(Bucket=bucket, Key="key", Body=b"0123456789", Metadata={"Event-Type": "value"})
got = s3.head_object(Bucket=bucket, Key="key")
assert got["Metadata"] == {"event-type": "value"}, got["Metadata"]
etag = got["ETag"]

# Conditional and partial reads.
for call in [s3.get_object, s3.head_object]:
    assert error(call, Key="key", IfNoneMatch=etag)[0] == 304
    assert error(call, Key="key", IfMatch='"other"')[0] == 412
    assert error(call, Key="key", IfUnmodifiedSince="2020-01-01")[0] == 412
    assert error(call, Key="key", IfModifiedSince=got["LastModified"])[0] == 304
    call(Bucket=bucket, Key="key", IfMatch=etag, IfUnmodifiedSince="2020-01-01")
part = s3.get_object(Bucket=bucket, Key="key", Range="bytes=2-4", ChecksumMode="ENABLED")
assert part["Body"].read() == b"234" and part["ContentRange"] == "bytes 2-4/10", part

# Errors have a code and a message.
for call, parameters, status, code in [
    (s3.get_object, {"Key": "absent"}, 404, "NoSuchKey"),
    (s3.get_object, {"Key": "key", "Range": "bytes=10-"}, 416, "InvalidRange"),
    (s3.get_object, {"Key": "key", "VersionId": "00"}, 404, "NoSuchVersion"),
    (s3.put_object, {"Key": "key", "IfNoneMatch": "*"}, 412, "PreconditionFailed"),
    (s3.put_object, {"Key": "absent", "IfMatch": etag}, 404, "NoSuchKey"),
    (s3.list_parts, {"Key": "key", "UploadId": "x"}, 404, "NoSuchUpload"),
    (s3.delete_bucket, {}, 409, "BucketNotEmpty"),
    (s3.get_bucket_tagging, {}, 404, "NoSuchTagSet"),
    (s3.get_bucket_acl, {}, 501, "NotImplemented"),
]:
    got = error(call, **parameters)
    assert got[:2] == (status, code) and got[2], got

# Tags.
s3.put_object(Bucket=bucket, Key="tagged", Body=b"", Tagging="a=1&b=2")
assert s3.head_object(Bucket=bucket, Key="tagged")["TagCount"] == 2
s3.put_object_tagging(
    Bucket=bucket, Key="tagged", Tagging={"TagSet": [{"Key": "c", "Value": "3"}]}
)
assert s3.get_object_tagging(Bucket=bucket, Key="tagged")["TagSet"] == [
    {"Key": "c", "Value": "3"}
]
s3.delete_object_tagging(Bucket=bucket, Key="tagged")
assert s3.get_object_tagging(Bucket=bucket, Key="tagged")["TagSet"] == []

# Parts must have 5 MiB, except the last one.
upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
parts = []
for number, size in [(1, 5 << 20), (2, 1), (3, 1)]:
    sent = s3.upload_part(
        Bucket=bucket, Key="parts", UploadId=upload, PartNumber=number, Body=b"p" * size
    )
    parts.append({"PartNumber": number, "ETag": sent["ETag"]})
got = error(
    s3.complete_multipart_upload, Key="parts", UploadId=upload, MultipartUpload={"Parts": parts}
)
assert got[:2] == (400, "EntityTooSmall"), got
s3.complete_multipart_upload(
    Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload={"Parts": parts[:2]}
)
etag = s3.head_object(Bucket=bucket, Key="parts")["ETag"]
listed = s3.list_objects_v2(Bucket=bucket, Prefix="parts")["Contents"][0]
assert etag.endswith('-2"') and listed["ETag"] == etag, (etag, listed)


# Presigned URLs of both versions of the signature.
def fetch(url, method="GET", body=None):
    try:
        # urllib would send a content type that the signature does not cover.
        request = urllib.request.Request(url, body, {"Content-Type": ""}, method=method)
        with urllib.request.urlopen(request) as r:
            return r.status, r.read()
    except urllib.error.HTTPError as e:
        return e.code, e.read()


for version in ["s3", "s3v4"]:
    signer = boto3.client("s3", config=Config(signature_version=version))

    def presign(operation, key, expires=60):
        parameters = {"Bucket": bucket, "Key": key}
        return signer.generate_presigned_url(operation, parameters, ExpiresIn=expires)

    key = "presigned a+b/" + version
    assert fetch(presign("put_object", key), "PUT", b"signed")[0] == 200, version
    url = presign("get_object", key)
    assert fetch(url) == (200, b"signed"), version
    assert fetch(url, "DELETE")[0] == 403, version
    assert fetch(url.replace("presigned", "other"))[0] == 403, version
    status, body = fetch(presign("get_object", key, expires=-1))
    assert status in [400, 403] and b"<Message>" in body, (version, status, body)
    for operation in ["list_objects_v2", "list_objects", "list_object_versions",
                      "list_multipart_uploads", "get_bucket_location", "get_bucket_versioning"]:
        url = signer.generate_presigned_url(operation, {"Bucket": bucket})
        assert fetch(url)[0] == 200, (version, operation)
        assert fetch(url, "DELETE")[0] == 403, (version, operation)

# The bucket in the host. Not every system resolves the names below localhost.
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **named: resolve(
    "127.0.0.1" if str(host).endswith(".localhost") else host, *rest, **named)
port = os.environ["AWS_ENDPOINT_URL"].rsplit(":", 1)[1]
for version in ["s3", "s3v4"]:
    for host in ["localhost", "s3.localhost", "s3.us-east-1.localhost"]:
        virtual = boto3.client("s3", endpoint_url=f"http://{host}:{port}", config=Config(
            signature_version=version, s3={"addressing_style": "virtual"}))
        key = "virtual a+b/" + version
        virtual.put_object(Bucket=bucket, Key=key, Body=b"virtual")
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"virtual"
        assert key in [o["Key"] for o in virtual.list_objects_v2(Bucket=bucket)["Contents"]]
        url = virtual.generate_presigned_url("get_object", {"Bucket": bucket, "Key": key})
        assert f"//{bucket}.{host}:" in url and fetch(url) == (200, b"virtual"), url
        assert fetch(url, "DELETE")[0] == 403, url
