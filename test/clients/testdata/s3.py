import os

import boto3

s3 = boto3.client("s3")
bucket = os.environ["NAME"]
s3.create_bucket(Bucket=bucket)

s3.put_object(Bucket=bucket, Key="key", Body=b"body", Metadata={"name": "value"})
got = s3.get_object(Bucket=bucket, Key="key")
assert got["Body"].read() == b"body", got
