"""Prints, as JSON, the IAM actions that CloudFormation's handler of each given resource type declares (`handlers.*.permissions` of
the registry's schema), from the copy of the registry that the cfn-lint wheel carries."""
import json
import pathlib
import sys

import cfnlint

schemas = pathlib.Path(cfnlint.__file__).parent / "data" / "schemas"
provider = json.loads((schemas / "providers" / "us-east-1.json").read_text())


def actions(resource_type):
    if resource_type not in provider:
        sys.exit(f"{resource_type}: the registry has no such type")
    schema = json.loads((schemas / "resources" / f"{provider[resource_type]}.json").read_text())
    handlers = schema.get("handlers")
    if not handlers:
        sys.exit(f"{resource_type}: its schema declares no handlers")
    return {name: sorted(set(handler.get("permissions", []))) for name, handler in sorted(handlers.items())}


print(json.dumps({resource_type: actions(resource_type) for resource_type in sorted(sys.argv[1:])}, indent=2))
