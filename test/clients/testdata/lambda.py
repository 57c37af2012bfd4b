# Changes the configuration of a function, waits for it, and invokes with qualifiers.
import os

import boto3
from botocore.exceptions import ClientError

functions = boto3.client("lambda")
pages = functions.get_paginator("list_functions").paginate()
assert "worker" in [f["FunctionName"] for p in pages for f in p["Functions"]]
changed = functions.update_function_configuration(
    FunctionName="worker", Timeout=20, Description=os.environ["NAME"])
assert (changed["Timeout"], changed["Description"]) == (20, os.environ["NAME"]), changed
for waiter in ("function_updated", "function_updated_v2", "function_active_v2", "function_exists"):
    functions.get_waiter(waiter).wait(FunctionName="worker")
got = functions.get_function_configuration(FunctionName="worker", Qualifier="$LATEST")
assert got["Timeout"] == 20, got


def fails(code, operation, **parameters):
    try:
        getattr(functions, operation)(FunctionName="worker", **parameters)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, e
        return
    raise AssertionError(f"{operation} {parameters} succeeded")


fails("ValidationException", "update_function_configuration", Timeout=901)
fails("InvalidParameterValueException", "update_function_configuration",
      Role="arn:aws:iam::000000000000:role/other")
fails("ResourceNotFoundException", "get_function", Qualifier="other")
fails("RequestTooLargeException", "invoke", InvocationType="Event",
      Payload='{"text":"%s"}' % (" " * 1048576))
