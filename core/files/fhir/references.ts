import { RESOURCE_TYPES } from '../../../profiles/fhir/resource-types';
import type { Neighbours } from './bundle';

type Json = Record<string, unknown>;

/** Types whose resources are read where another one refers to them: a code that stands in a resource of its own. */
const INLINED = new Set(['Medication']);
/** `[base/]Type/id[/_history/version]` */
const LITERAL = /^(?:https?:\/\/[^?#]*\/)?([A-Z][A-Za-z]+)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/;
/** `Type?identifier=system|value` */
const CONDITIONAL = /^([A-Z][A-Za-z]+)\?(?:[^#]*&)?identifier=([^&#]*)/;

/**
 * Writes the references of a resource in one form, in place: `Type/id`, however the sender wrote it; of one by identifier (conditional or
 * logical) the type and the identifier. What it refers to within itself, and Medications of the same Bundle, lie beside as `resource`, where
 * resolve() finds them.
 * @returns whether one refers to an entry that the Bundle does not have; it is left as it is
 */
export function writeReferences(resource: Json, neighbours: Neighbours): boolean {
  const contained = new Map<string, Json>();
  // As they came: what they refer to in their turn is not put into them, so that a circle ends and nothing grows.
  if (Array.isArray(resource.contained))
    for (const one of structuredClone(resource.contained) as Json[])
      if (typeof one?.id === 'string') contained.set(`#${one.id}`, one);
  let dangles = false;
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) return value.forEach(visit);
    const node = value as Json;
    for (const name of Object.keys(node)) visit(node[name]);
    if (typeof node.reference === 'string') dangles = write(node, node.reference, contained, neighbours) || dangles;
  };
  visit(resource);
  return dangles;
}

/** @returns whether what is referred to is missing */
function write(node: Json, reference: string, contained: ReadonlyMap<string, Json>, neighbours: Neighbours): boolean {
  if (reference.startsWith('#')) {
    const one = contained.get(reference);
    if (one) node.resource = one;
    // "#" alone is the resource around it.
    return one === undefined && reference !== '#';
  }
  const target = neighbours.target(reference);
  const [, type, id] = LITERAL.exec(target ?? reference) ?? [];
  if (type !== undefined && RESOURCE_TYPES.has(type)) {
    node.reference = `${type}/${id}`;
    const found = INLINED.has(type) ? neighbours.resource(`${type}/${id}`) : undefined;
    if (found) node.resource = found;
    return false;
  }
  if (reference.startsWith('urn:')) return true;
  const [, of, identifier] = CONDITIONAL.exec(reference) ?? [];
  if (of !== undefined && RESOURCE_TYPES.has(of)) writeIdentifier(node, of, identifier!);
  return false;
}

function writeIdentifier(node: Json, type: string, token: string): void {
  let text = token;
  try {
    text = decodeURIComponent(token);
  } catch {
    // Not encoded, but with a % in it.
  }
  const bar = text.indexOf('|');
  const [system, value] = bar < 0 ? [undefined, text] : [text.slice(0, bar), text.slice(bar + 1)];
  if (value === '') return;
  delete node.reference;
  node.type = type;
  node.identifier = { ...(system ? { system } : {}), value };
}
