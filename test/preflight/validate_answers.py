"""Checks test/preflight/answers.json against botocore's service models: every member must exist in the operation's output
shape and have its type. So the answers, although made by hand, cannot drift from what the services say."""
import json
import pathlib
import sys

import botocore.session

FOLDERS = {"sts": "sts", "ssm": "ssm", "ec2": "ec2", "iam": "iam", "lakeformation": "lakeformation", "ce": "ce", "service-quotas": "service-quotas",
           "cloudformation": "cloudformation", "cloudcontrol": "cloudcontrol", "tagging": "resourcegroupstaggingapi", "sns": "sns", "cloudtrail": "cloudtrail"}
PRIMITIVES = {"string": str, "integer": int, "long": int, "boolean": bool, "double": float, "float": float, "timestamp": str, "character": str}


def problems(shape, value, where):
    if shape.type_name == "structure":
        if not isinstance(value, dict):
            return [f"{where}: not an object"]
        unknown = [f"{where}/{name}: no such member" for name in value if name not in shape.members]
        return unknown + [p for n, v in value.items() if n in shape.members for p in problems(shape.members[n], v, f"{where}/{n}")]
    if shape.type_name == "list":
        return [p for i, item in enumerate(value) for p in problems(shape.member, item, f"{where}/{i}")]
    if shape.type_name == "map":
        return [p for key, item in value.items() for p in problems(shape.value, item, f"{where}/{key}")]
    return [] if isinstance(value, PRIMITIVES[shape.type_name]) else [f"{where}: not a {shape.type_name}"]


def main():
    answers = json.loads((pathlib.Path(__file__).parent / "answers.json").read_text())
    session, found, checked = botocore.session.get_session(), [], 0
    for account in ("healthy", "empty"):
        for call, answer in answers[account].items():
            service, operation = call.split(".")
            model = session.get_service_model(FOLDERS[service]).operation_model(operation)
            if "__error" in answer:
                continue
            checked += 1
            found += problems(model.output_shape, answer, f"{account}/{call}")
    print(f"{checked} answers checked, {len(found)} problems")
    print("\n".join(found))
    sys.exit(1 if found or checked == 0 else 0)


main()
