import os
import urllib.error
import urllib.request

import boto3
from botocore import UNSIGNED
from botocore.client import Config
from botocore.exceptions import ClientError

NOT_SERVED = "the local platform does not serve"


def check(service, operation, code, signature=None, **parameters):
    config = Config(retries={"total_max_attempts": 1}, signature_version=signature)
    try:
        getattr(boto3.client(service, config=config), operation)(**parameters)
    except ClientError as e:
        error = e.response["Error"]
        assert error["Code"] == code and error["Message"].startswith(NOT_SERVED), error
        return
    raise AssertionError(f"{service} {operation} succeeded")


check("sns", "list_topics", "InvalidAction")
check("ec2", "describe_vpcs", "InvalidAction")
check("cloudwatch", "list_metrics", "UnknownOperationException")  # in CBOR or JSON
check("kinesis", "list_streams", "UnknownOperationException")
check("route53", "list_hosted_zones", "NotImplemented")
check("kafka", "list_clusters", "UnknownOperationException")
check("lambda", "list_layers", "UnknownOperationException")
check("kinesis", "list_streams", "UnknownOperationException", UNSIGNED)
check("sso", "get_role_credentials", "UnknownOperationException", UNSIGNED,
      roleName="role", accountId="1", accessToken="token")

# Presigned URLs of the query protocol.
url = boto3.client("sts").generate_presigned_url("get_caller_identity")
assert b"<Account>000000000000</Account>" in urllib.request.urlopen(url).read()
try:
    urllib.request.urlopen(boto3.client("sns").generate_presigned_url("list_topics"))
    raise AssertionError("sns list_topics succeeded")
except urllib.error.HTTPError as e:
    assert NOT_SERVED.encode() in e.read()
