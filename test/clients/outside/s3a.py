"""Reads silver and writes to gold with Spark, through Hadoop's s3a. Its credentials are those of the environment. Prints what it saw, as JSON."""

import hashlib
import json
import os
import random
import sys

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

asked = json.loads(sys.argv[1])
settings = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "1g",
    "spark.ui.enabled": "false",
    "spark.local.dir": asked["folder"],
    "spark.jars": asked["jars"],
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.hadoop.fs.s3a.endpoint": os.environ["AWS_ENDPOINT_URL"],
    "spark.hadoop.fs.s3a.endpoint.region": os.environ["AWS_REGION"],
    "spark.hadoop.fs.s3a.path.style.access": "true",
    "spark.hadoop.fs.s3a.multipart.size": "5M",
    "spark.hadoop.fs.s3a.buffer.dir": asked["folder"],
}
builder = SparkSession.builder.master("local[2]")
for name, value in settings.items():
    builder = builder.config(name, value)
spark = builder.getOrCreate()
hadoop = spark._jvm.org.apache.hadoop
configuration = spark._jsc.hadoopConfiguration()
seen = {}

silver = {name: spark.read.parquet(f"s3a://{asked['silver']}/{name}/v1") for name in asked["entities"]}
seen["rows"] = {name: rows.count() for name, rows in silver.items()}
seen["keys"] = silver["appointment"].select("appointment_key").distinct().count()

# Once over what lies there already: a committer copies, lists, looks for what is not there, and removes.
target = f"s3a://{asked['gold']}/{asked['prefix']}/appointment"
for rows in (silver["appointment"].limit(10), silver["appointment"]):
    rows.repartition(2).write.mode("overwrite").partitionBy("op").parquet(target)
seen["readAgain"] = spark.read.parquet(target).count()

path = hadoop.fs.Path(f"s3a://{asked['gold']}/{asked['prefix']}/large.bin")
large = random.Random(7).randbytes(12_000_000)
stream = path.getFileSystem(configuration).create(path)
stream.write(large)
stream.close()
seen["large"] = hashlib.sha256(large).hexdigest()


def refusal(use):
    """What is answered to somebody who knows the key's name, and not its secret."""
    forged = hadoop.conf.Configuration(configuration)
    forged.set("fs.s3a.access.key", os.environ["AWS_ACCESS_KEY_ID"])
    forged.set("fs.s3a.secret.key", "x" * len(os.environ["AWS_SECRET_ACCESS_KEY"]))
    # The SDK takes such an answer for a clock that goes wrong, and would ask twenty times, for minutes.
    forged.set("fs.s3a.attempts.maximum", "1")
    try:
        use(hadoop.fs.FileSystem.newInstance(path.toUri(), forged))
        return None
    except Py4JJavaError as error:
        return error.java_exception.toString()


stolen = hadoop.fs.Path(path.getParent(), "forged.bin")
seen["refused"] = {
    "list": refusal(lambda files: files.listStatus(path.getParent())),
    "read": refusal(lambda files: files.open(path).read()),
    "write": refusal(lambda files: files.create(stolen).close()),
}
spark.stop()
print(json.dumps(seen))
