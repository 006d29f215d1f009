"""Puts the lines of standard input as one record, aggregated as the Kinesis Producer Library does. Prints where it lies, as JSON."""

import json
import os
import sys

import boto3
from aws_kinesis_agg.aggregator import RecordAggregator

aggregator = RecordAggregator()
for number, line in enumerate(sys.stdin.buffer.read().splitlines()):
    full = aggregator.add_user_record(f"key-{number % 7}", line)
    assert full is None, "more than one record"
count = aggregator.get_num_user_records()
partition_key, hash_key, data = aggregator.clear_and_get().get_contents()
answer = boto3.client("kinesis").put_record(
    StreamName=os.environ["CARELAKE_STREAM"],
    PartitionKey=partition_key,
    **({"ExplicitHashKey": hash_key} if hash_key else {}),
    Data=data,
)
print(json.dumps({"members": count, "bytes": len(data), "sequence": answer["SequenceNumber"]}))
