"""MiniStack with what this project's templates need on top of it.

* CloudFormation types that MiniStack lacks are *recorded*: created, updated and deleted by the rules of their registry
  schemas (shipped in cfn-lint: primaryIdentifier -> Ref, readOnlyProperties -> Fn::GetAtt, createOnlyProperties ->
  replacement). A recorded resource has no behaviour behind it.
* Every resource, MiniStack's own types included, is checked against its schema (unknown and missing properties), since
  MiniStack accepts both.
* Redshift Data calls are passed on to the platform's own endpoint, so that the migration custom resource does its real work.

* Redshift Serverless usage limits, which MiniStack lacks as well, are kept in memory; each call is validated against the
  service model in botocore. They limit nothing.
* A stack named in the file CARELAKE_BREAK fails on its first resource, so that a deployment broken half-way can be retried.

Environment: CARELAKE_TRACE (file for one JSON line per resolved resource), CARELAKE_REDSHIFT_ENDPOINT (http://127.0.0.1:port),
CARELAKE_BREAK (file; absent or empty: nothing is broken).
Private names of MiniStack are used, therefore the versions are pinned and asserted.
"""
import asyncio
import hashlib
import importlib.util
import json
import os
import pathlib
import urllib.error
import urllib.request
from importlib.metadata import version

WANTED = {"ministack": "1.5.33", "cfn-lint": "1.58.0"}
for package, wanted in WANTED.items():
    if version(package) != wanted:
        raise SystemExit(f"{package} {version(package)} is installed, {wanted} is expected")

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
import botocore.session  # noqa: E402
import ministack.app as ministack_app  # noqa: E402
from botocore.validate import ParamValidator  # noqa: E402
from ministack.core.responses import get_account_id, get_region  # noqa: E402
from ministack.services import s3  # noqa: E402
from ministack.services.cloudformation import provisioners  # noqa: E402

HANDLERS = provisioners._RESOURCE_HANDLERS
REPLACING = provisioners._REPLACING_PROPERTIES
NATIVE = frozenset(HANDLERS)
# The list is closed on purpose: a type outside it still fails the deployment, so a new one is noticed.
RECORD_ONLY = [
    "AWS::Budgets::Budget",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::EC2::FlowLog",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::RedshiftServerless::Namespace",
    "AWS::RedshiftServerless::Workgroup",
]
TRACE = os.environ.get("CARELAKE_TRACE", os.devnull)
ENDPOINT = os.environ.get("CARELAKE_REDSHIFT_ENDPOINT", "")
BREAK = pathlib.Path(os.environ.get("CARELAKE_BREAK", os.devnull))
SCHEMAS = pathlib.Path(importlib.util.find_spec("cfnlint").origin).parent / "data" / "schemas"
INDEX = json.loads((SCHEMAS / "providers" / "us-east-1.json").read_text())
_loaded: dict = {}


def schema(resource_type):
    if resource_type not in _loaded:
        file = SCHEMAS / "resources" / f"{INDEX[resource_type]}.json" if resource_type in INDEX else None
        _loaded[resource_type] = json.loads(file.read_text()) if file else {}
    return _loaded[resource_type]


def dig(properties, path):
    for key in path:
        properties = properties.get(key) if isinstance(properties, dict) else None
    return properties


def pointers(resource_type, kind):
    return [p.split("/")[2:] for p in schema(resource_type).get(kind) or [] if "*" not in p]


def made_up(resource_type, path, name, properties):
    """A plausible value of a read-only attribute: the property of that name, an ARN, or the resource's name."""
    value = dig(properties, path)
    if value is None and isinstance(properties, dict):
        value = properties.get(path[-1])
    if value is not None:
        return value
    if not path[-1].lower().endswith("arn") or name.startswith("arn:"):
        return name
    service, kind = resource_type.lower().replace("redshiftserverless", "redshift-serverless").split("::")[1:]
    return f"arn:aws:{service}:{get_region()}:{get_account_id()}:{kind}/{name}"


def attributes(resource_type, physical_id, properties):
    paths = pointers(resource_type, "readOnlyProperties")
    if resource_type in NATIVE:
        # Fn::GetAtt of these works on AWS although the schema does not call them read-only
        paths += [["CidrBlock"]] if resource_type == "AWS::EC2::VPC" else []
    else:
        paths += [[name] for name in schema(resource_type).get("properties", {})]
    return {".".join(path): made_up(resource_type, path, physical_id, properties) for path in paths}


def violations(root, node, value, where):
    """Unknown and missing properties of `value`, as readable lines."""
    if "$ref" in node:
        node = root.get("definitions", {}).get(node["$ref"].split("/")[-1], {})
    if isinstance(value, list):
        return [line for i, item in enumerate(value) for line in violations(root, node.get("items", {}), item, f"{where}/{i}")]
    known = node.get("properties")
    if not isinstance(value, dict) or not known:
        return []
    lines = [f"{where}: required property {name} is missing" for name in node.get("required", []) if name not in value]
    for name, item in value.items():
        if name in known:
            lines += violations(root, known[name], item, f"{where}/{name}")
        elif node.get("additionalProperties") is False and "patternProperties" not in node:
            lines.append(f"{where}: unknown property {name}")
    return lines


def keep_bucket_settings(name, properties):
    """MiniStack's bucket handler drops tags and encryption; emptying a bucket on destroy looks at the tags."""
    s3._bucket_tags[name] = provisioners._tag_map(properties.get("Tags"))
    rules = dig(properties, ["BucketEncryption", "ServerSideEncryptionConfiguration"]) or [{}]
    default = rules[0].get("ServerSideEncryptionByDefault") or {}
    if default.get("KMSMasterKeyID") or default.get("SSEAlgorithm") == "AES256":
        inner = "".join(f"<{key}>{value}</{key}>" for key, value in default.items())
        bucket_key = str(rules[0].get("BucketKeyEnabled", False)).lower()
        s3._bucket_encryption[name] = (
            "<ServerSideEncryptionConfiguration><Rule>"
            f"<ApplyServerSideEncryptionByDefault>{inner}</ApplyServerSideEncryptionByDefault>"
            f"<BucketKeyEnabled>{bucket_key}</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>"
        )


def checked(resource_type, operation, handler):
    """Wraps a create or update handler: schema check before it, missing attributes and the trace after it."""

    def call(*args):
        logical_id = args[0] if operation == "create" else None
        properties = args[1] if operation == "create" else args[2]
        root = schema(resource_type)
        if operation == "create" and BREAK.exists() and BREAK.read_text().strip() == args[2]:
            raise ValueError(f"broken on purpose: {logical_id}")
        if lines := violations(root, root, properties, resource_type):
            raise ValueError("; ".join(lines))
        physical_id, own = handler(*args)
        values = {**attributes(resource_type, physical_id, properties), **(own or {})}
        if resource_type == "AWS::S3::Bucket":
            keep_bucket_settings(physical_id, properties)
        stack = args[2] if operation == "create" else args[3] if len(args) > 3 else None
        line = {
            "type": resource_type, "native": resource_type in NATIVE, "operation": operation, "stack": stack,
            "logicalId": logical_id, "physicalId": physical_id, "attributes": values, "properties": properties,
        }
        with open(TRACE, "a") as trace:
            trace.write(json.dumps(line, default=str) + "\n")
        return physical_id, values

    return call


def recorded(resource_type):
    def create(logical_id, properties, stack):
        # An update without a handler calls create again: the same identity must come out.
        name = provisioners._physical_name(stack, logical_id, max_len=60)
        parts = [
            dig(properties, path) or made_up(resource_type, path, name, properties)
            for path in pointers(resource_type, "primaryIdentifier")
        ]
        text = [p if isinstance(p, str) else hashlib.sha256(json.dumps(p, sort_keys=True).encode()).hexdigest()[:12] for p in parts]
        return "|".join(text) or name, {}

    REPLACING.setdefault(resource_type, tuple({path[0] for path in pointers(resource_type, "createOnlyProperties")}))
    return {"create": create, "delete": lambda physical_id, properties: None}


def ask_endpoint(body, headers):
    # The endpoint checks signatures, and knows neither the made-up keys of MiniStack's functions nor the host that they signed.
    region = headers["authorization"].split("Credential=")[1].split("/")[2]
    kept = {name: headers[name] for name in ("x-amz-target", "content-type")}
    signed = AWSRequest("POST", f"{ENDPOINT}/", headers=kept, data=body)
    SigV4Auth(Credentials("test", "test"), "redshift-data", region).add_auth(signed)
    request = urllib.request.Request(f"{ENDPOINT}/", data=body, headers=dict(signed.headers.items()), method="POST")
    try:
        with urllib.request.urlopen(request, timeout=600) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


class UsageLimits:
    """The four operations that the usage-limit custom resource calls, as the service model words them."""

    def __init__(self):
        self.kept = {}
        self.model = botocore.session.get_session().get_service_model("redshift-serverless")

    def answer(self, operation, body):
        request = json.loads(body or b"{}")
        report = ParamValidator().validate(request, self.model.operation_model(operation).input_shape)
        if report.has_errors():
            return 400, {"__type": "ValidationException", "message": report.generate_report()}
        if operation == "ListUsageLimits":
            wanted = request.get("resourceArn")
            return 200, {"usageLimits": [limit for limit in self.kept.values() if limit["resourceArn"] == wanted]}
        if operation == "CreateUsageLimit":
            name = f"usage-limit-{len(self.kept) + 1}"
            self.kept[name] = {"usageLimitId": name, **request}
            return 200, {"usageLimit": self.kept[name]}
        name = request["usageLimitId"]
        if name not in self.kept:
            return 400, {"__type": "ResourceNotFoundException", "message": "no such usage limit"}
        if operation == "UpdateUsageLimit":
            self.kept[name].update(request)
            return 200, {"usageLimit": self.kept[name]}
        if operation == "DeleteUsageLimit":
            return 200, {"usageLimit": self.kept.pop(name)}
        return 400, {"__type": "UnknownOperationException", "message": operation}


def with_redshift(app):
    limits = UsageLimits()

    async def routed(scope, receive, send):
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope.get("headers", [])}
        service, _, operation = headers.get("x-amz-target", "").partition(".")
        if scope["type"] != "http" or service not in ("RedshiftData", "RedshiftServerless"):
            return await app(scope, receive, send)
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        if service == "RedshiftServerless":
            status, reply = limits.answer(operation, body)
            answer = json.dumps(reply).encode()
        else:
            status, answer = await asyncio.to_thread(ask_endpoint, body, headers)
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/x-amz-json-1.1")]})
        await send({"type": "http.response.body", "body": answer})

    return routed


# MiniStack's own alarms take no metric math.
HANDLERS.pop("AWS::CloudWatch::Alarm", None)
for name in {*RECORD_ONLY, "AWS::CloudWatch::Alarm"}:
    HANDLERS.setdefault(name, recorded(name))
for name, operations in list(HANDLERS.items()):
    HANDLERS[name] = {
        **operations,
        **{op: checked(name, op, operations[op]) for op in ("create", "update") if op in operations},
    }
ministack_app.app = with_redshift(ministack_app.app)
if __name__ == "__main__":
    ministack_app.main()
