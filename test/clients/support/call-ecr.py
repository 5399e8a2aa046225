"""Performs one operation of ECR through boto3: its name and its input as JSON; prints the output as JSON."""

import base64
import json
import sys

import boto3

operation, text = sys.argv[1:]
members = json.loads(text)
if "layerPartBlob" in members:
    members["layerPartBlob"] = base64.b64decode(members["layerPartBlob"])
output = getattr(boto3.client("ecr"), operation)(**members)
print(json.dumps(output, default=str))
